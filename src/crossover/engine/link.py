"""A study's journal, limits and claims as a piece of work in another process has them: by asking their owner
(`engine/store.py`). Nothing of them is kept here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crossover.data.economics import Limits
from crossover.engine.claims import Given
from crossover.engine.journal import Journal
from crossover.engine.purse import NOTHING, Purse
from crossover.engine.spool import Spool
from crossover.engine.store import Operation
from crossover.types import Reply, Usage

OFTEN = 1.0  # seconds between two looks at whether it may go on, where nothing is about to be asked
SEVERAL = 64  # operations that are told at once, at the most


class Link:
    """`send` gives operations to the owner and goes on; `call` does, too, and what it returns waits for the answer to the
    last. Both keep their order. `looked`: when the owner last said that this may go on."""

    def __init__(
        self, send: Callable[[list[Operation]], None], call: Callable[[list[Operation]], Callable[[], Any]]
    ) -> None:
        self._send, self._call, self.looked = send, call, 0.0
        self._told: list[Operation] = []
        self._behind = False  # whether anything was sent for which nobody waited
        self._lock = threading.RLock()

    def tell(self, name: str, *given: Any) -> None:
        with self._lock:
            self._told.append((name, given))
            if len(self._told) >= SEVERAL:
                self.flush()

    def flush(self) -> None:
        """Nothing that was told stays here."""
        with self._lock:
            if self._told:
                told, self._told = self._told, []
                self._behind = True
                self._send(told)

    def settle(self) -> None:
        """Wait until the owner has all that was told."""
        with self._lock:
            behind = self._behind or bool(self._told)
        if behind:
            self.ask("done")

    def begin(self, name: str, *given: Any) -> Callable[[], Any]:
        """What is returned waits for the answer, and raises what the owner raises."""
        with self._lock:
            told, self._told = self._told, []
            return self._call([*told, (name, given)])

    def ask(self, name: str, *given: Any) -> Any:
        return self.begin(name, *given)()


class AwayJournal(Journal):
    """The rung-facing half of a journal. `path`: of no file; what lies beside a journal lies in its folder."""

    def __init__(self, link: Link, folder: Path) -> None:
        self._link, self.path = link, folder / "study.db"

    def close(self) -> None:
        self._link.flush()

    def replies(self, keys: Iterable[str]) -> dict[str, Reply]:
        found: dict[str, Reply] = self._link.ask("replies", list(keys))
        return found

    def fact(self, name: str, default: Any = None) -> Any:
        return self._link.ask("fact", name, default)

    def tune(self, key: str) -> Any:
        return self._link.ask("tune", key)

    def tunes(self) -> dict[str, Any]:
        found: dict[str, Any] = self._link.ask("tunes")
        return found

    def epochs(self, tune: str) -> list[Any]:
        found: list[Any] = self._link.ask("epochs", tune)
        return found

    def set_fact(self, name: str, body: Any) -> None:
        self._link.tell("set_fact", name, body)

    def set_tune(self, key: str, body: Any) -> None:
        self._link.ask("set_tune", key, body)

    def add_epoch(self, tune: str, epoch: int, body: Any) -> None:
        self._link.ask("add_epoch", tune, epoch, body)

    def add_calls(self, purpose: str, replies: Mapping[str, Reply], facts: Mapping[str, Any] | None = None) -> None:
        if replies or facts:
            self._link.tell("add_calls", purpose, dict(replies), facts)

    def add_uses(self, purpose: str, keys: Iterable[str]) -> None:
        self._link.tell("add_uses", purpose, list(keys))

    def add_needs(self, whole: str, kind: str, parts: Iterable[str]) -> None:
        self._link.tell("add_needs", whole, kind, list(parts))

    def add_work(self, work: str, seconds: float) -> None:
        self._link.tell("add_work", work, seconds)

    def add_try(self, rung: str, candidate: str, body: Any) -> None:
        self._link.tell("add_try", rung, candidate, body)

    def clear_tries(self, rung: str) -> None:
        self._link.tell("clear_tries", rung)

    def clear_needs(self, whole: str) -> None:
        self._link.tell("clear_needs", whole)


class AwayPurse(Purse):
    """What calls took counts where they are journaled, so it is not told a second time."""

    def __init__(self, link: Link, limits: Limits) -> None:
        self._link, self.limits, self.reserve = link, limits, 0.0
        self._mine: set[str] = set()
        self._limited = any(one is not None for one in (limits.calls, limits.tokens, limits.money, limits.minutes))

    def tick(self, every: float = 0.0) -> None:
        """The owner notes the time."""

    def add(self, usage: Usage) -> None: ...

    def check(self, most: Usage = NOTHING, calls: int = 0) -> None:
        if time.monotonic() - self._link.looked >= OFTEN:  # also without limits: whoever was taken for dead hears of it
            self._link.ask("check")
            self._link.looked = time.monotonic()

    def check_time(self) -> None:
        self.check()

    def hold(self, name: str, most: Usage, calls: int) -> None:
        if not self._limited:
            self.check()
            return
        self._link.ask("hold", name, most, calls, not self._mine)
        self._mine.add(name)

    def drop(self, name: str) -> None:
        if name in self._mine:
            self._mine.discard(name)
            self._link.tell("drop", name)

    def commit(self, job: str, money: float) -> None:
        self._link.ask("commit", job, money)

    def holds(self, job: str) -> bool:
        return bool(self._link.ask("holds", job))

    def settled(self, job: str, usage: Usage | None = None) -> None:
        self._link.ask("settled", job)


class AwayClaims:
    """`engine/claims.py`, of several processes."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def take(self, keys: Sequence[str]) -> Callable[[], Given]:
        asked, wait = time.monotonic(), self._link.begin("take", list(keys))

        def given() -> Given:
            found: Given = wait()
            self._link.looked = asked
            return found

        return given

    def release(self, keys: Iterable[str]) -> None:
        if free := list(keys):
            self._link.tell("release", free)
            self._link.flush()  # others may wait for them

    def wait(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        found: Mapping[str, Reply] = self._link.ask("wait", list(keys))
        return found

    def failing(self, replies: Mapping[str, Reply]) -> None:
        if replies:
            self._link.tell("failing", dict(replies))


class AwaySpool(Spool):
    """Replies go to the owner as they arrive, before they are journaled: whatever kills this process, they are there."""

    def __init__(self, link: Link, folder: Path) -> None:
        super().__init__(folder / "arrived.jsonl")
        self._link = link

    def left(self) -> Mapping[str, Reply]:
        """What others left is given with the keys."""
        return {}

    @contextmanager
    def opened(self) -> Iterator[None]:
        """What comes between is at a service: the owner knows for whom that is worth waiting."""
        self._link.tell("asks", True)
        try:
            yield
        finally:
            self._link.tell("asks", False)

    def keep(self, key: str, reply: Reply) -> None:
        self._link.tell("keep", key, reply)
        self._link.flush()
