"""Asks models, through the journal: a call that was made once is never made again."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import chain

from crossover.engine.batches import InBatches, noted
from crossover.engine.claims import Alone, Claims, Given
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.engine.spool import Spool
from crossover.engine.taken import HERE, MADE, away
from crossover.errors import BudgetExceeded, CrossoverError, without_keys
from crossover.models.base import Concurrent, Model, Pipelined, replies_to_each
from crossover.models.batches import Batching
from crossover.types import Decoding, Message, Reply, Request, to_json

# Requests at a time of a model that does not say: small enough that a killed process loses seconds, large enough to batch.
CHUNK = 32
CLOCK = 1.0  # seconds between two notes of the time that calls take
TEXT = json.JSONEncoder(ensure_ascii=False)
AHEAD = 1  # how many chunks may wait for their replies while the next is prepared


@dataclass(frozen=True)
class Way:
    """How a model is asked: in batches of `size` requests, which do not hang on what is known already or on who answers.

    `submit` begins to answer a chunk of some batches, and what it gives waits for the answers; `ahead`: how many chunks may
    wait for their replies while the next is prepared; `batches`: how many the next chunk has, of so many that are left.
    """

    submit: Callable[[Sequence[Sequence[Request]]], Callable[[], list[Reply]]]
    size: int
    ahead: int
    batches: Callable[[int], int] = lambda left: 1

    @classmethod
    def here(cls, model: Model) -> Way:
        if isinstance(model, Pipelined):
            return cls(lambda chunk: model.submit(chunk[0]), model.in_flight, AHEAD)
        return cls(lambda chunk: partial(model.complete, chunk[0]), CHUNK, 0)

    def chunks(self, keys: Sequence[str], known: Collection[str]) -> Iterator[list[list[str]]]:
        """The keys that are not known, chunk by chunk, in their batches."""
        left = [keys[start : start + self.size] for start in range(0, len(keys), self.size)]
        while left:
            several = self.batches(len(left))
            batches = [[key for key in batch if key not in known] for batch in left[:several]]
            left = left[several:]
            if chunk := [batch for batch in batches if batch]:
                yield chunk


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
    """Answers requests from the journal where it can, from the model where it must.

    `claims`: who asks what, where several processes ask for one study.
    """

    def __init__(self, journal: Journal, meter: Meter, claims: Claims | None = None, spool: Spool | None = None) -> None:
        self._journal = journal
        self._meter = meter
        self.claims = claims or Alone()
        self._failed: dict[str, Reply] = {}  # at services, in this session: asked again they would most likely fail again
        self.spool = spool or Spool(journal.path.with_name("arrived.jsonl"))
        self.spread: Callable[[Model, Way], Way | None] = lambda model, here: None  # who answers chunks elsewhere
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
        self.need(away(self._meter.payee(model)) if self._meter.paid(model) else HERE, wanted)
        progress(len(replies), len(wanted))
        replies |= {key: self._failed[key] for key in wanted if key in self._failed and key not in replies}
        if isinstance(model, Batching) and model.batch:
            InBatches(self._journal, self._meter, model, purpose, wanted, replies, self._failed, progress).ask()
            return [replies[key] for key in keys]
        ask = self._through if isinstance(model, Concurrent) else self._in_chunks
        while others := ask(model, wanted, replies, purpose, progress):  # type: ignore[arg-type]
            replies |= self.claims.wait(others)
        return [replies[key] for key in keys]

    def _in_chunks(
        self,
        model: Model,
        wanted: Mapping[str, Request],
        replies: dict[str, Reply],
        purpose: str,
        progress: Callable[[int, int], None],
    ) -> list[str]:
        """Ask for what is missing, chunk by chunk; the keys that others ask for."""
        # longest last: batches of like length, in an order that does not depend on what is already answered
        order = sorted(wanted, key=lambda key: (_length(wanted[key]), key))
        way = Way.here(model)
        if sum(key not in replies for key in order) > way.size:
            way = self.spread(model, way) or way
        begun: deque[tuple[list[str], Callable[[], list[Reply]]]] = deque()
        others: list[str] = []

        def finish(leave: int) -> None:
            """Wait for what was begun first, until no more than `leave` chunks are under way."""
            while len(begun) > leave:
                asked, wait = begun.popleft()
                fresh: dict[str, Reply] = {}
                try:
                    came = replies_to_each(wait(), [wanted[key] for key in asked], model)
                    priced = [self._meter.priced(_without_keys(reply), reply.usage, model) for reply in came]
                    fresh = dict(zip(asked, priced, strict=True))
                    self._journal.add_calls(purpose, fresh)
                finally:
                    self._meter.done(asked[0], fresh.values())
                    self.claims.release(asked)
                self._meter.tick(every=CLOCK)
                replies.update(fresh)
                progress(len(replies), len(wanted))

        try:
            with closing(self._taken(way.chunks(order, replies))) as taken:
                for chunk, given in taken:
                    replies |= given.known
                    held = set(given.mine)
                    mine = [key for key in chain(*chunk) if key in held]
                    others += [key for key in chain(*chunk) if key not in held and key not in given.known]
                    if not mine:
                        continue
                    asked = [[wanted[key] for key in batch if key in held] for batch in chunk]
                    try:
                        self._hold(mine[0], list(chain(*asked)), model, finish)
                    except BaseException:
                        self.claims.release(mine)
                        raise
                    begun.append((mine, way.submit([batch for batch in asked if batch])))
                    finish(way.ahead)
            finish(0)
        except Exception:
            finish(0)  # what was begun is paid for, whatever came between
            raise
        return others

    def _taken(self, chunks: Iterable[list[list[str]]]) -> Generator[tuple[list[list[str]], Given], None, None]:
        """Each with what is given of it. The next is asked for while one is worked at: an answer may come from afar."""
        asked: deque[tuple[list[list[str]], Callable[[], Given]]] = deque()
        try:
            for chunk in chunks:
                asked.append((chunk, self.claims.take(list(chain(*chunk)))))
                if len(asked) > 1:
                    before, wait = asked.popleft()
                    yield before, wait()
            while asked:
                before, wait = asked.popleft()
                yield before, wait()
        finally:
            for _, wait in asked:
                with suppress(CrossoverError):  # who has been given up has nothing
                    self.claims.release(wait().mine)

    def _hold(self, name: str, chunk: Sequence[Request], model: Model, finish: Callable[[int], None]) -> None:
        """What is under way counts at its most until it is known; before a limit is said to be reached it is waited for."""
        try:
            self._meter.begin(name, chunk, model)
        except BudgetExceeded:
            finish(0)
            self._meter.begin(name, chunk, model)

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
        wanted: Mapping[str, Request],
        replies: dict[str, Reply],
        purpose: str,
        progress: Callable[[int, int], None],
    ) -> list[str]:
        """Ask a service for what is missing; the keys that others ask for. Each reply is journaled as it arrives; what is
        under way counts at its most.

        Before a limit is said to be reached, what is under way is waited for: it may take less. So where a study stops does
        not depend on what arrives when.
        """
        if left := self.spool.left():
            self.spool.journaled(self._journal.replies(left))
            left = {key: reply for key, reply in left.items() if key in wanted and key not in replies}
        self._settle(model, left, replies, purpose)
        names = deque(key for key in sorted(wanted, key=lambda key: (_length(wanted[key]), key)) if key not in replies)
        if not names:
            return []
        others: list[str] = []
        mine: deque[str] = deque()  # to be sent
        sent: list[str] = []
        try:
            with self.spool.opened(), model.flow() as flow:

                def keep(number: int, reply: object) -> None:
                    if isinstance(reply, Reply):  # else it is named where it is received: this may be another thread
                        self.spool.keep(sent[number], self._meter.priced(reply, reply.usage, model))

                flow.keep = keep
                while names or mine or flow.under_way:
                    while (mine or names) and flow.room():
                        if not mine:
                            few = [names.popleft() for _ in range(min(CHUNK, len(names)))]
                            try:
                                given = self.claims.take(few)()
                            except BudgetExceeded:  # what is under way is paid for
                                names.extendleft(reversed(few))
                                if not flow.under_way:
                                    raise
                                break
                            mine.extend(key for key in given.mine if key not in given.paid)
                            others += [key for key in few if key not in given.mine and key not in given.known]
                            replies |= given.known
                            self._settle(model, given.paid, replies, purpose)
                            continue
                        try:
                            self._meter.hold(mine[0], wanted[mine[0]], model)
                        except BudgetExceeded:
                            if not flow.under_way:
                                raise
                            break
                        sent.append(mine.popleft())
                        flow.send(len(sent) - 1, wanted[sent[-1]])
                    if not (names or mine or flow.under_way):
                        break
                    came = [(sent[i], replies_to_each([reply], [wanted[sent[i]]], model)[0]) for i, reply in flow.receive()]
                    fresh = {key: self._meter.returned(key, _without_keys(reply)) for key, reply in came}
                    self._journal.add_calls(purpose, fresh)
                    failed = {key: reply for key, reply in fresh.items() if reply.error is not None}
                    self._failed |= failed
                    self.claims.failing(failed)
                    self.claims.release(fresh)
                    self._meter.tick(every=CLOCK)
                    replies |= fresh
                    progress(len(replies), len(wanted))
        finally:
            for name in sent:
                self._meter.dropped(name)
            self.claims.release([key for key in (*sent, *mine) if key not in replies])
        return others

    def _settle(self, model: Concurrent, paid: Mapping[str, Reply], replies: dict[str, Reply], purpose: str) -> None:
        """Journal what was paid for and is not in the journal yet: whoever had asked for it was killed."""
        if paid:
            priced = {key: self._meter.priced(reply, reply.usage, model) for key, reply in paid.items()}
            self._journal.add_calls(purpose, priced)
            self.spool.journaled(priced)
            for reply in priced.values():
                self._meter.add(reply.usage + reply.once)
            self.claims.release(priced)
            replies |= priced


def _without_keys(reply: Reply) -> Reply:
    """A failure as it may be kept: whoever failed may have quoted a key."""
    return reply if reply.error is None else replace(reply, error=without_keys(reply.error))


def _length(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)
