"""The one owner of a study's journal and limits, for pieces of work that are done in other processes.

Whoever works elsewhere touches nothing else: what it asks and tells are named operations, done one after the other here, so
each is whole. Of a call that two want, one makes it and the others wait; a limit holds over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from crossover.engine.claims import Given
from crossover.engine.journal import Journal
from crossover.engine.purse import Purse
from crossover.engine.spool import Spool
from crossover.errors import BudgetExceeded, StudyError
from crossover.types import Reply, Usage

Operation = tuple[str, tuple[Any, ...]]
LATER = object()  # instead of an answer: whoever asked waits
GIVEN_UP = "given up"  # the purpose of calls that were paid for, for work that nobody wants any more
# of the journal what a rung may touch
READ = ("replies", "fact", "tune", "tunes", "epochs")
WRITTEN = (
    *("set_fact", "set_tune", "add_uses", "add_needs"),
    *("add_work", "add_epoch", "add_try", "clear_tries", "clear_needs"),
)


class Store:
    """`more`: further operations, by name, each of which is told who asks. A name of an owner is of one try at a piece of
    work: what an earlier try still says, having been taken for dead, counts for nothing."""

    def __init__(
        self, journal: Journal, purse: Purse, spool: Spool, more: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self._journal, self._purse, self._spool = journal, purse, spool
        self._owners: set[str] = set()
        self._claimed: dict[str, str] = {}  # key -> owner
        self._failed: dict[str, Reply] = {}  # at services, in this session
        if left := spool.left():
            spool.journaled(journal.replies(left))
        self._paid = dict(spool.left())  # given to somebody, and not journaled yet
        self._payers: dict[str, str] = {}  # key -> owner, of those
        self._stopping: set[str] = set()
        self._asking: set[str] = set()  # owners that have calls at a service
        own: dict[str, Callable[..., Any]] = {}
        own |= {"take": self._take, "release": self._release, "wait": self._wait, "failing": self._failing}
        own |= {"hold": self._hold, "drop": self._drop, "check": self._check, "commit": self._commit}
        own |= {"holds": self._holds, "settled": self._settled, "add_calls": self._add_calls, "keep": self._keep}
        own |= {"asks": self._asks}
        self._operations: Mapping[str, Callable[..., Any]] = {**(more or {}), **own}

    def begin(self, owner: str) -> None:
        self._owners.add(owner)

    def knows(self, owner: str) -> bool:
        return owner in self._owners

    def asking(self, owner: str) -> bool:
        """Whether it has calls at a service, which are paid for."""
        return owner in self._asking

    def stop(self, owner: str) -> None:
        """Nobody wants its work any more: it meets a limit before its next call, and takes what is under way."""
        self._stopping.add(owner)

    def end(self, owner: str, again: bool = True) -> None:
        """It is finished, or dead: what it was about to ask is anybody's, and what it held is free. What it was given and
        had not journaled is given to whoever wants it next; unless its work is done `again` it counts at once."""
        self._owners.discard(owner)
        self._stopping.discard(owner)
        self._asking.discard(owner)
        if not again:
            mine = [key for key, one in self._payers.items() if one == owner]
            self._add_calls(owner, GIVEN_UP, {key: self._paid[key] for key in mine})
        self._claimed = {key: one for key, one in self._claimed.items() if one != owner}
        for name in [name for name in self._purse.held if _owner(name) == owner]:
            self._purse.drop(name)

    def serve(self, owner: str, operations: Sequence[Operation]) -> Any:
        """Do operations in their order; the answer to the last one, or `LATER` where that has to wait: then it alone is
        to be served again. Raises what the last one raises, and `StudyError` for an owner that is none any more."""
        if owner not in self._owners:
            raise StudyError(f"{owner} was taken for dead: another process does its work")
        answer = None
        for name, given in operations:
            if name in self._operations:
                answer = self._operations[name](owner, *given)
            elif name in READ or name in WRITTEN:
                answer = getattr(self._journal, name)(*given)
            else:
                raise StudyError(f"there is no operation '{name}'")
        return answer

    # who asks what

    def _take(self, owner: str, keys: Sequence[str]) -> Given:
        self._wanted(owner)
        free = [key for key in keys if self._claimed.get(key, owner) == owner]
        known = self._known(free)
        mine = [key for key in free if key not in known]
        self._claimed |= dict.fromkeys(mine, owner)
        return Given(mine, known, {key: self._paid[key] for key in mine if key in self._paid})

    def _release(self, owner: str, keys: Iterable[str]) -> None:
        for key in keys:
            if self._claimed.get(key) == owner:
                del self._claimed[key]

    def _wait(self, owner: str, keys: Sequence[str]) -> Any:
        if any(self._claimed.get(key, owner) != owner for key in keys):
            return LATER
        return self._known(keys)

    def _known(self, keys: Sequence[str]) -> dict[str, Reply]:
        found = self._journal.replies(keys)
        return {key: self._failed[key] for key in keys if key in self._failed} | found

    def _failing(self, owner: str, replies: Mapping[str, Reply]) -> None:
        self._failed |= replies

    def _asks(self, owner: str, whether: bool) -> None:
        (self._asking.add if whether else self._asking.discard)(owner)

    # calls, and what they take

    def _add_calls(self, owner: str, purpose: str, replies: Mapping[str, Reply], facts: Any = None) -> None:
        self._journal.add_calls(purpose, replies, facts)
        self._spool.journaled(replies)
        for key, reply in replies.items():
            self._purse.add(reply.usage + reply.once)
            self._paid.pop(key, None)
            self._payers.pop(key, None)

    def _keep(self, owner: str, key: str, reply: Reply) -> None:
        if reply.error is None:
            self._spool.keep(key, reply)
            self._paid[key] = reply
            self._payers[key] = owner

    def _hold(self, owner: str, name: str, most: Usage, calls: int, patient: bool) -> Any:
        """`patient`: who asks holds nothing, so it may wait for what others hold, which may take less than its most."""
        self._wanted(owner)
        try:
            self._purse.hold(_named(owner, name), most, calls)
        except BudgetExceeded:
            if patient and any(_owner(held) != owner for held in self._purse.held) and self._in_time():
                return LATER
            raise
        return None

    def _in_time(self) -> bool:
        try:
            self._purse.check_time()
        except BudgetExceeded:
            return False
        return True

    def _drop(self, owner: str, name: str) -> None:
        self._purse.drop(_named(owner, name))

    def _check(self, owner: str) -> None:
        self._wanted(owner)
        self._purse.check()

    def _wanted(self, owner: str) -> None:
        if owner in self._stopping:
            raise BudgetExceeded("nobody wants this any more")

    def _commit(self, owner: str, job: str, money: float) -> None:
        self._purse.commit(job, money)

    def _holds(self, owner: str, job: str) -> bool:
        return self._purse.holds(job)

    def _settled(self, owner: str, job: str) -> None:
        self._purse.settled(job)


def _named(owner: str, name: str) -> str:
    return f"{owner}\n{name}"


def _owner(held: str) -> str:
    return held.partition("\n")[0]
