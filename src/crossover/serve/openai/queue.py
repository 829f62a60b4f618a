"""One thread that asks the models: what waits is answered in batches, and what comes when too much waits is refused."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, cast

from crossover.engine.follow import Answered, follow
from crossover.models.base import Listener, Telling
from crossover.serve.openai.catalogue import Served
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.measures import Measures
from crossover.types import Reply, Request

BATCH = 64  # requests that are answered together


@dataclass(eq=False)
class _Waiting:
    """`asked`: an input for a candidate, else a request, with whoever listens to it."""

    served: Served
    asked: str | Request
    listener: Listener | None
    future: Future[Any] = field(default_factory=Future)

    @property
    def kind(self) -> tuple[Any, ...]:
        """What can be answered together: a schema that cannot be used would fail those beside it."""
        if isinstance(self.asked, str):
            return self.served.name, self.served.weights
        return id(self.served.model), self.asked.weights, self.asked.decoding.schema


class Asking:
    """`most`: so many may wait."""

    def __init__(self, most: int, measures: Measures) -> None:
        self._most, self._measures = most, measures
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._open, self._pace = True, 0.1  # seconds for a request, as it was lately
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
        while batch := self._next():
            began = time.perf_counter()
            batch = [one for one in batch if one.future.set_running_or_notify_cancel()]
            if not batch:
                continue
            try:
                for one, found in zip(batch, _answers(batch), strict=True):
                    one.future.set_result(found)
            except Exception as error:  # noqa: BLE001  whatever it is, the next batch is answered
                for one in batch:
                    if not one.future.done():
                        one.future.set_exception(error)
            self._pace = 0.8 * self._pace + 0.2 * (time.perf_counter() - began) / len(batch)
            self._measures.batch(len(batch))

    def _next(self) -> list[_Waiting]:
        """The next batch: all that can be answered with who waits longest; empty when the server ends."""
        with self._changed:
            while self._open and not self._waiting:
                self._changed.wait()
            if not self._waiting:
                return []
            kind = self._waiting[0].kind
            batch = [one for one in self._waiting if one.kind == kind][:BATCH]
            chosen = set(map(id, batch))
            self._waiting = deque(one for one in self._waiting if id(one) not in chosen)
            return batch


def _answers(batch: Sequence[_Waiting]) -> Sequence[Answered | Reply]:
    served = batch[0].served
    if isinstance(batch[0].asked, str):
        assert served.candidate is not None
        assert served.renderer is not None
        return follow(served.candidate, served.renderer, [str(one.asked) for one in batch], served.model.complete)
    return cast(Telling, served.model).tell([cast(Request, one.asked) for one in batch], [one.listener for one in batch])
