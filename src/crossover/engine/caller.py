"""Asks models, through the journal: a call that was made once is never made again."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial

from crossover.engine.batches import InBatches, noted
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.engine.spool import Spool
from crossover.engine.taken import ELSEWHERE, HERE, MADE
from crossover.errors import BudgetExceeded, without_keys
from crossover.models.base import Concurrent, Model, Pipelined
from crossover.models.batches import Batching
from crossover.types import Decoding, Message, Reply, Request, to_json

# Requests at a time of a model that does not say: small enough that a killed process loses seconds, large enough to batch.
CHUNK = 32
CLOCK = 1.0  # seconds between two notes of the time that calls to a service take
TEXT = json.JSONEncoder(ensure_ascii=False)
AHEAD = 1  # how many chunks may wait for their replies while the next is prepared


def call_key(model: Model, request: Request) -> str:
    """The content key of a call: everything that can change its answer, and nothing else.

    That of `types.content_hash`, written out: a study makes one for each call.
    """
    weights = f'{{"kind":"{request.weights.kind}","sha256":"{request.weights.sha256}"}}' if request.weights else "null"
    turns = ",".join(filter(None, (_turns(request.messages[:-1]), *map(_turn, request.messages[-1:]))))
    text = (
        f'{{"model":{TEXT.encode(model.identity)},"request":{{"decoding":{_decoding(request.decoding)},'
        f'"messages":[{turns}],"repeat":{request.repeat},"weights":{weights}}}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=256)  # many requests begin with the same demonstrations
def _turns(messages: tuple[Message, ...]) -> str:
    return ",".join(map(_turn, messages))


def _turn(message: Message) -> str:
    return f'{{"content":{TEXT.encode(message.content)},"role":"{message.role}"}}'


@lru_cache(maxsize=256)
def _decoding(decoding: Decoding) -> str:
    body = to_json(decoding)
    body.pop("label_bias")  # calibration is applied to the reply, so it costs no further call
    if not decoding.temperature:
        body.pop("seed")  # greedy answers do not depend on it
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Caller:
    """Answers requests from the journal where it can, from the model where it must."""

    def __init__(self, journal: Journal, meter: Meter) -> None:
        self._journal = journal
        self._meter = meter
        self._failed: dict[str, Reply] = {}  # at services, in this session: asked again they would most likely fail again
        self._spool = Spool(journal.path.with_name("arrived.jsonl"))
        self._whole = ""  # what is being made: that is what calls are needed for

    @contextmanager
    def making(self, whole: str) -> Iterator[None]:
        """What is asked within is noted as needed for `whole`, and `whole` for what is being made around it."""
        before, self._whole = self._whole, whole
        try:
            if before:
                self._journal.add_needs(before, MADE, [whole])
            yield
        finally:
            self._whole = before

    def need(self, kind: str, parts: Iterable[str]) -> None:
        """Note what is needed for what is being made; nothing where nothing is."""
        if self._whole:
            self._journal.add_needs(self._whole, kind, parts)

    def ask(
        self,
        model: Model,
        requests: Sequence[Request],
        purpose: str,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Reply]:
        """Answer requests in order. `progress(done, total)` is called as they finish.

        Raises `BudgetExceeded` before a call that the limits do not allow, `ModelError` when the model cannot be asked.
        """
        keys = [call_key(model, request) for request in requests]
        wanted = dict(zip(keys, requests, strict=True))
        replies = self._journal.replies(wanted)
        self._journal.add_uses(purpose, wanted)
        self.need(ELSEWHERE if self._meter.paid(model) else HERE, wanted)
        progress(len(replies), len(wanted))
        replies |= {key: self._failed[key] for key in wanted if key in self._failed and key not in replies}
        if isinstance(model, Batching) and model.batch:
            InBatches(self._journal, self._meter, model, purpose, wanted, replies, self._failed, progress).ask()
            return [replies[key] for key in keys]
        if isinstance(model, Concurrent):
            self._through(model, wanted, replies, purpose, progress)
            return [replies[key] for key in keys]
        # longest last: batches of like length, in an order that does not depend on what is already answered
        order = sorted(wanted, key=lambda key: (_length(wanted[key]), key))
        size = model.in_flight if isinstance(model, Pipelined) else CHUNK
        begun: deque[tuple[list[str], Callable[[], list[Reply]]]] = deque()

        def finish(leave: int) -> None:
            """Wait for what was begun first, until no more than `leave` chunks are under way."""
            while len(begun) > leave:
                asked, wait = begun.popleft()
                fresh = dict(zip(asked, map(_without_keys, wait()), strict=True))
                self._journal.add_calls(purpose, fresh)
                for reply in fresh.values():
                    self._meter.add(reply.usage)
                self._meter.tick()
                replies.update(fresh)
                progress(len(replies), len(wanted))

        try:
            for start in range(0, len(order), size):
                missing = [key for key in order[start : start + size] if key not in replies]
                if not missing:
                    continue
                chunk = [wanted[key] for key in missing]
                try:  # what is under way counts at its most until it is known
                    self._meter.check([wanted[key] for asked, _ in begun for key in asked] + chunk, model)
                except BudgetExceeded:
                    finish(0)
                    self._meter.check(chunk, model)
                if isinstance(model, Pipelined):
                    begun.append((missing, model.submit(chunk)))
                    finish(AHEAD)
                else:
                    begun.append((missing, partial(model.complete, chunk)))
                    finish(0)
            finish(0)
        except Exception:
            finish(0)  # what was begun is paid for, whatever came between
            raise
        return [replies[key] for key in keys]

    def ahead(
        self,
        model: Model,
        requests: Sequence[Request],
        purpose: str,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Have what will be asked answered in one batch, where the model is asked in batches and the limits allow all of
        it: else each is asked in its turn, so that where a limit ends a study some are whole. Raises as `ask` does."""
        wanted = {call_key(model, request): request for request in requests}
        known = {**self._failed, **self._journal.replies(wanted)}
        if not (isinstance(model, Batching) and model.batch):
            return
        held = {key for note in noted(self._journal).values() if note.model == model.identity for key in note.keys}
        missing = [(key, request) for key, request in wanted.items() if key not in known]
        fresh = [(key, request) for key, request in missing if key not in held]  # what a killed run sent is paid for
        if not missing or not self._meter.affords(fresh, model):
            return
        replies = {key: known[key] for key in wanted if key in known}
        InBatches(self._journal, self._meter, model, purpose, wanted, replies, self._failed, progress).ask()

    def _through(
        self,
        model: Concurrent,
        wanted: dict[str, Request],
        replies: dict[str, Reply],
        purpose: str,
        progress: Callable[[int, int], None],
    ) -> None:
        """Ask a service for what is missing. Each reply is journaled as it arrives; what is under way counts at its most.

        Before a limit is said to be reached, what is under way is waited for: it may take less. So where a study stops does
        not depend on what arrives when.
        """
        if paid := {key: reply for key, reply in self._spool.left().items() if key in wanted and key not in replies}:
            paid = {key: self._meter.priced(reply, reply.usage, model) for key, reply in paid.items()}
            self._journal.add_calls(purpose, paid)
            for reply in paid.values():
                self._meter.add(reply.usage + reply.once)
            replies |= paid
        names = [key for key in sorted(wanted, key=lambda key: (_length(wanted[key]), key)) if key not in replies]
        if not names:
            return
        sent = 0
        try:
            with self._spool.opened(), model.flow() as flow:
                flow.keep = lambda number, reply: self._spool.keep(names[number], reply)
                while sent < len(names) or flow.under_way:
                    while sent < len(names) and flow.room():
                        try:
                            self._meter.hold(names[sent], wanted[names[sent]], model)
                        except BudgetExceeded:
                            if not flow.under_way:
                                raise
                            break
                        flow.send(sent, wanted[names[sent]])
                        sent += 1
                    fresh = {names[i]: self._meter.returned(names[i], _without_keys(reply)) for i, reply in flow.receive()}
                    self._journal.add_calls(purpose, fresh)
                    self._meter.tick(every=CLOCK)
                    replies |= fresh
                    self._failed |= {key: reply for key, reply in fresh.items() if reply.error is not None}
                    progress(len(replies), len(wanted))
        finally:
            for name in names[:sent]:
                self._meter.dropped(name)


def _without_keys(reply: Reply) -> Reply:
    """A failure as it may be kept: whoever failed may have quoted a key."""
    return reply if reply.error is None else replace(reply, error=without_keys(reply.error))


def _length(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)
