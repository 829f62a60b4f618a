"""One thread that asks the models: what waits joins what is under way, and what comes when too much waits is refused."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from crossover.engine.follow import Answered, Calls, calls, each_call
from crossover.errors import CrossoverError
from crossover.models.base import Listener
from crossover.models.serving import Asked, Engine, engine_of
from crossover.serve.openai.catalogue import Served
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.measures import Measures
from crossover.types import Reply, Request

AT_FIRST = 0.1  # seconds for a request, before any was answered


@dataclass(eq=False)
class _Waiting:
    """`asked`: an input for a candidate, else a request, with whoever listens to it. Cancelled, nobody waits for it."""

    served: Served
    asked: str | Request
    listener: Listener | None
    future: Future[Any] = field(default_factory=Future)

    @property
    def first(self) -> Request:
        """What the model is asked first, as far as its place in the model counts."""
        if isinstance(self.asked, Request):
            return self.asked
        assert self.served.candidate is not None
        steps = self.served.candidate.prompt.steps
        decoding = steps[0].decoding if steps else self.served.candidate.decoding
        return Request((), each_call(decoding), self.served.weights)


class Asking:
    """`most`: so many may wait."""

    def __init__(self, most: int, measures: Measures) -> None:
        self._most, self._measures = most, measures
        self._waiting: deque[_Waiting] = deque()
        self._under_way: dict[_Waiting, Engine] = {}
        self._engines: dict[int, Engine] = {}
        self._apart: dict[int, deque[list[_Waiting]]] = defaultdict(deque)  # of an engine: who is asked again, in turn
        self._changed = threading.Condition()
        self._open = True
        self._pace, self._last = AT_FIRST, 0.0  # seconds between answers, lately; when the last one was given
        self._thread = threading.Thread(target=self._run, name="crossover-asking", daemon=True)
        self._thread.start()

    def answer(self, served: Served, text: str) -> Future[Answered]:
        """Ask a candidate. Raises `ApiError` where too much waits or the server ends."""
        return self._put([_Waiting(served, text, None)])[0]

    def write(self, served: Served, requests: Sequence[Request], listeners: Sequence[Listener]) -> list[Future[Reply]]:
        """Ask a base or tuned model. Raises `ApiError` as `answer` does: then none of the requests waits."""
        return self._put([_Waiting(served, r, heard) for r, heard in zip(requests, listeners, strict=True)])

    def close(self) -> None:
        """Answer what waits, take no more."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._thread.join()

    @property
    def depth(self) -> int:
        return len(self._waiting)

    def _put(self, more: list[_Waiting]) -> list[Future[Any]]:
        with self._changed:
            if not self._open:
                raise ApiError(503, "the server is shutting down", wait=5)
            if self._waiting and len(self._waiting) + len(more) > self._most:
                wait = max(1, round(len(self._waiting) * self._pace))
                raise ApiError(429, "too many requests wait; try again later", code="rate_limit_exceeded", wait=wait)
            self._waiting.extend(more)
            self._changed.notify_all()
        return [one.future for one in more]

    def _run(self) -> None:
        while self._admit():
            for engine in list(self._engines.values()):
                if engine.busy:
                    self._step(engine)
            self._under_way = {one: engine for one, engine in self._under_way.items() if not one.future.done()}

    def _admit(self) -> bool:
        """Hand to the engines what they have a place for; False when the server ends and all is answered."""
        with self._changed:
            while self._open and not self._waiting and not self._busy:
                self._last = 0.0
                self._changed.wait()
            waiting = list(self._waiting)  # they count as waiting until it is known who begins
        for engine in self._engines.values():
            if self._apart[id(engine)] and not engine.busy:
                self._begin(self._apart[id(engine)].popleft(), engine)
        full: set[tuple[int, bool]] = set()
        left: deque[_Waiting] = deque()
        for one in waiting:
            if one.future.cancelled():
                continue
            try:
                engine, first = self._engine(one.served), one.first
                line = (id(engine), bool(first.decoding.labels))  # nobody overtakes another who waits for the same places
                if self._apart[id(engine)] or line in full or not engine.takes(first):
                    full.add(line)
                    left.append(one)
                else:
                    self._begin([one], engine)
            except BaseException as error:  # noqa: BLE001  whatever it is, the others are answered
                self._failed(one, error)
        with self._changed:
            for _ in waiting:
                self._waiting.popleft()
            self._waiting.extendleft(reversed(left))
            return bool(self._waiting or self._busy or self._open)

    @property
    def _busy(self) -> bool:
        return any(engine.busy for engine in self._engines.values()) or any(self._apart.values())

    def _engine(self, served: Served) -> Engine:
        if id(served.model) not in self._engines:
            self._engines[id(served.model)] = engine_of(served.model)
        return self._engines[id(served.model)]

    def _begin(self, some: Sequence[_Waiting], engine: Engine) -> None:
        for one in some:
            if one.future.done():
                continue
            self._under_way[one] = engine
            if isinstance(one.asked, Request):
                engine.add(Asked(one.asked, partial(self._answered, one), one.future.cancelled, one.listener))
                continue
            assert one.served.candidate is not None
            assert one.served.renderer is not None
            following = calls(one.served.candidate, one.served.renderer, [one.asked])
            self._follow(one, engine, following, partial(next, following))

    def _follow(self, one: _Waiting, engine: Engine, following: Calls, go_on: Callable[[], Sequence[Request]]) -> None:
        """The next calls that answer a candidate's input, each by itself beside what else is under way."""
        try:
            requests = go_on()
        except StopIteration as end:
            self._answered(one, end.value[0])
            return
        except BaseException as error:  # noqa: BLE001  whatever it is, the others are answered
            self._failed(one, error)
            return
        replies: dict[int, Reply] = {}

        def done(place: int, reply: Reply) -> None:
            replies[place] = reply
            if len(replies) == len(requests):
                every = [replies[i] for i in range(len(requests))]
                self._follow(one, engine, following, lambda: following.send(every))

        for place, request in enumerate(requests):
            engine.add(Asked(request, partial(done, place), one.future.cancelled))

    def _step(self, engine: Engine) -> None:
        try:
            if count := engine.step():
                self._measures.batch(count)
        except BaseException as error:  # noqa: BLE001  whatever it is, even a library's panic: what comes next is answered
            engine.give_up()
            found = [one for one, own in self._under_way.items() if own is engine and not one.future.done()]
            if isinstance(error, CrossoverError) or len(found) < 2:  # of a model that does not load nobody has an answer
                for one in found:
                    self._failed(one, error)
                return
            for one in found:
                del self._under_way[one]
            half = len(found) // 2  # whose fault it was is found by halves: all others are answered
            self._apart[id(engine)].extendleft((found[half:], found[:half]))

    def _answered(self, one: _Waiting, found: Answered | Reply) -> None:
        now = time.perf_counter()
        if self._last:
            self._pace = 0.9 * self._pace + 0.1 * (now - self._last)
        self._last = now
        with suppress(InvalidStateError):  # whoever asked has gone
            one.future.set_result(found)

    def _failed(self, one: _Waiting, error: BaseException) -> None:
        told = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
        with suppress(InvalidStateError):
            one.future.set_exception(told)
