"""Asks a service in batches. Each is noted in the journal before it is sent, so that a killed study finds it again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crossover.engine.journal import Journal
from crossover.engine.meter import BATCHES, Meter
from crossover.errors import BudgetExceeded, ModelError, without_keys
from crossover.models.base import asked_model, one_reply
from crossover.models.batches import Away, Batches, Batching
from crossover.types import Reply, Request, Usage

LOOK, SELDOM = 1.0, 60.0  # seconds between looks at batches: at first, and at the most
MORE = 1.3  # times as long from look to look
SLOW = 20  # looks, after which they are seldom
PATIENCE = 3600.0  # seconds that a service may be away while its batches go on
WAYS = "how lines of batches are written"  # a fact, by the model's identity: what a service refuses is learnt once


@dataclass(frozen=True)
class Note:
    """A batch under way. `model`: its identity; `keys`: of its calls; `most`: what they may take; `file`, `id`: at the
    service, empty before they are known. `over`: it is answered, and `keys` are those that nobody asked for yet: without
    the request its answer cannot be read, and it is read when it is wanted. `most` is then what these took. `way`: how its
    lines were written."""

    model: str
    purpose: str
    keys: tuple[str, ...]
    most: Usage
    file: str = ""
    id: str = ""
    over: bool = False
    way: str = ""


@dataclass
class InBatches:
    """The requests that a purpose wants of a model, by key, and the `replies` so far; failed ones are in `failed` too."""

    journal: Journal
    meter: Meter
    model: Batching
    purpose: str
    wanted: Mapping[str, Request]
    replies: dict[str, Reply]
    failed: dict[str, Reply]
    progress: Callable[[int, int], None]
    _notes: dict[str, Note] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)  # requests that are answered there, by batch
    _away: float | None = None  # since when the service is
    _lines: int = 0  # of a batch, where the service takes fewer than it says; 0: as many as it says

    def ask(self) -> None:
        """Until each has a reply. What is under way is waited for before a limit is said to be reached, and what an earlier
        run sent is looked at before the time is.

        Raises `BudgetExceeded`, `ModelError`: what is under way then stays noted.
        """
        if all(key in self.replies for key in self.wanted):
            return
        self._notes = {name: note for name, note in noted(self.journal).items() if note.model == self.model.identity}
        service = self.model.batches()
        service.recall(self.journal.fact(WAYS, {}).get(self.model.identity, ""))
        for name in list(self._notes):
            self._found_again(service, name)
        looks = 0
        self._look_at_all(service)
        while True:
            sent = self._send(service)
            if all(key in self.replies for key in self.wanted):
                return
            self._in_time()
            looks = 0 if sent else looks + 1
            if looks:
                time.sleep(min(LOOK * MORE ** min(looks, SLOW), SELDOM))
            self._look_at_all(service)

    def _look_at_all(self, service: Batches) -> None:
        try:
            for name in list(self._notes):
                self._look(service, name)
            self._away = None
        except Away:
            self._away = self._away or time.monotonic()
            if time.monotonic() - self._away >= PATIENCE:
                raise

    def _found_again(self, service: Batches, name: str) -> None:
        """The id of a batch that a killed run began; one that it did not is sent anew, where it is still wanted."""
        note = self._notes[name]
        if note.id:
            return
        if note.file and (found := service.find(name, note.file)):
            self._note(name, replace(note, id=found))
        else:
            self._forget(name)

    @property
    def _going(self) -> bool:
        """Whether any is waited for."""
        return any(not note.over for note in self._notes.values())

    def _send(self, service: Batches) -> bool:
        """Send what is missing and may be paid; whether anything was."""
        under_way = {key for note in self._notes.values() for key in note.keys}
        missing = {key: self.wanted[key] for key in sorted(self.wanted) if key not in self.replies and key not in under_way}
        sent = False
        while missing and not (self._lines and self._going):
            most_lines, most_bytes = service.most
            weights = next(iter(missing.values())).weights  # a batch is of one model, and what was tuned is another
            alike = [(key, request) for key, request in missing.items() if request.weights == weights]
            try:
                keys, most = self.meter.affordable(alike[: self._lines or most_lines], self.model)
            except BudgetExceeded:
                if self._going or under_way & self.wanted.keys():
                    break
                raise
            lines: list[bytes] = []
            for key in keys:
                lines.append(service.line(key, missing[key]))
                most_bytes -= len(lines[-1])
                if most_bytes < 0 and len(lines) > 1:
                    lines.pop()
                    break
            if len(lines) < len(keys):
                keys, most = self.meter.affordable([(key, missing[key]) for key in keys[: len(lines)]], self.model)
            name = uuid.uuid4().hex  # by which it is found at the service
            note = self._note(name, Note(self.model.identity, self.purpose, tuple(keys), most, way=service.way))
            self._begin(service, name, self._note(name, replace(note, file=self._upload(service, name, lines))))
            missing = {key: request for key, request in missing.items() if key not in keys}
            sent = True
        return sent

    def _upload(self, service: Batches, name: str, lines: list[bytes]) -> str:
        try:
            return service.upload(name, lines)
        except ModelError:
            self._forget(name)
            raise

    def _begin(self, service: Batches, name: str, note: Note) -> None:
        """Begin it, once: where the answer is lost, it is looked for."""
        try:
            found = service.begin(name, note.file) or service.find(name, note.file)
        except ModelError:
            if not service.find(name, note.file):
                self._forget(name)
            raise
        if not found:
            raise ModelError("the answer to a batch that was begun was lost: run it again, and it is looked for")
        self._note(name, replace(note, id=found))

    def _look(self, service: Batches, name: str) -> None:
        note = self._notes[name]
        if note.over:
            if any(key in self.wanted for key in note.keys):
                self._settle(service, name, note)
            return
        look = service.look(note.id)
        if not look.over:
            self._done[name] = look.done
            done = sum(self._done.get(one, 0) for one in self._notes)
            self.progress(min(len(self._known()) + done, len(self.wanted)), len(self.wanted))
            return
        if look.crowded and len(note.keys) > 1:
            self._lines = max(1, len(note.keys) // 2)  # one at a time from here on
            self._forget(name)
            return
        if look.why:
            self._forget(name)
            raise ModelError(f"the batch {note.id} was not answered: {look.why}")
        self._settle(service, name, note)

    def _settle(self, service: Batches, name: str, note: Note) -> None:
        """Journal what came of what is wanted, and that the batch is over, at once; the rest stays noted."""
        mine = {key: self.wanted[key] for key in note.keys if key in self.wanted}
        rest = tuple(key for key in note.keys if key not in mine)
        part = len(note.keys)
        share = Usage(-(-note.most.tokens_in // part), -(-note.most.tokens_out // part))
        fresh, took = {}, Usage()
        wanted = {key: mine.get(key, Request(())) for key in note.keys}
        came: object = service.replies(note.id, wanted, note.way)
        if not isinstance(came, Mapping):
            given = type(came).__name__
            raise ModelError(
                f"{asked_model(self.model)} gave a {given} to a batch; valid is a Reply to each request by its key"
            )
        for key in (key for key in wanted if key in came):
            reply = one_reply(came[key], wanted[key], self.model)
            reply = reply if reply.error is None else replace(reply, error=without_keys(reply.error))
            if key in mine:
                fresh[key] = self.meter.priced(reply, self.model.at_most(mine[key]), self.model)
            else:
                took += self.meter.priced(reply, share, self.model).usage
        left = replace(note, keys=rest, most=took, over=True) if rest else None
        del self._notes[name]
        self._done.pop(name, None)
        ways = self.journal.fact(WAYS, {}) | {self.model.identity: service.way}
        self.journal.add_calls(note.purpose, fresh, {BATCHES: _body(self.journal, name, left), WAYS: ways})
        self.meter.came(name, fresh.values())
        if left is not None:
            self._notes[name] = left
            self.meter.ahead(name, left.most, len(rest))
        self.replies |= fresh
        self.failed |= {key: reply for key, reply in fresh.items() if reply.error is not None}
        self.progress(len(self._known()), len(self.wanted))

    def _known(self) -> list[str]:
        return [key for key in self.wanted if key in self.replies]

    def _note(self, name: str, note: Note) -> Note:
        self._notes[name] = note
        self.journal.set_fact(BATCHES, _body(self.journal, name, note))
        self.meter.ahead(name, note.most, len(note.keys))
        return note

    def _forget(self, name: str) -> None:
        """It was never begun, or cost nothing."""
        del self._notes[name]
        self.journal.set_fact(BATCHES, _body(self.journal, name, None))
        self.meter.came(name, ())

    def _in_time(self) -> None:
        self.meter.tick()
        try:
            self.meter.check_time()
        except BudgetExceeded as error:
            going = sum(not note.over for note in self._notes.values())
            if not going:
                raise
            raise BudgetExceeded(
                f"{error}; {going} batches go on at the service, and a further run has what they answer"
            ) from error


def noted(journal: Journal) -> dict[str, Note]:
    """The batches under way, of all models."""
    return {
        name: Note(**{**body, "keys": tuple(body["keys"]), "most": Usage(**body["most"])})
        for name, body in journal.fact(BATCHES, {}).items()
    }


def _body(journal: Journal, name: str, note: Note | None) -> dict[str, Any]:
    """What is noted, with another note in the place of one, or without it."""
    rest = {one: body for one, body in journal.fact(BATCHES, {}).items() if one != name}
    return rest if note is None else {**rest, name: asdict(note)}
