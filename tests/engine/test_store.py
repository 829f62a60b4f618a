"""Several who work for one study: no call is made twice, a limit holds over all, and who dies leaves all to others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.economics import Limits
from crossover.engine.caller import Caller
from crossover.engine.claims import held
from crossover.engine.desk import Desk
from crossover.engine.journal import Journal
from crossover.engine.link import Link
from crossover.engine.meter import Meter
from crossover.engine.purse import Purse
from crossover.engine.spool import Spool
from crossover.engine.store import LATER, Operation, Store
from crossover.errors import BudgetExceeded, CrossoverError, StudyError
from crossover.types import Reply, Request, Usage
from tests.engine.test_caller import Counting, requests


@dataclass
class Office:
    """A store that threads ask, as processes do."""

    store: Store
    changed: threading.Condition = field(default_factory=threading.Condition)

    def desk(self, owner: str, limits: Limits, folder: Path) -> Desk:
        self.store.begin(owner)

        def served(operations: list[Operation]) -> Any:
            with self.changed:
                while (found := self.store.serve(owner, operations)) is LATER:
                    operations = operations[-1:]
                    assert self.changed.wait(120), "all wait for each other"
                self.changed.notify_all()
                return found

        def call(operations: list[Operation]) -> Callable[[], Any]:
            """The answer is known by when it is waited for, or what is said instead."""
            try:
                found = served(operations)
            except CrossoverError as error:
                return partial(_raise, error)
            return lambda: found

        return Desk.of(Link(lambda operations: (served(operations), None)[1], call), limits, folder)


def later(desk: Desk) -> None:
    """It looks whether it may go on, which it does from time to time."""
    desk.purse._link.looked = -1e9


def _raise(error: CrossoverError) -> None:
    raise error


def office(folder: Path, limits: Limits) -> tuple[Office, Journal, Purse]:
    journal = Journal(folder / "study.db")
    purse = Purse(journal, limits)
    return Office(Store(journal, purse, Spool(folder / "arrived.jsonl"))), journal, purse


class Slow(Counting):
    """Gives others time to come in between."""

    def complete(self, asked: Sequence[Request]) -> list[Reply]:
        threading.Event().wait(0.001)
        return super().complete(asked)


@settings(max_examples=12)
@given(
    wanted=st.lists(st.lists(st.integers(0, 90), min_size=1, max_size=80), min_size=2, max_size=4),
    most=st.one_of(st.none(), st.integers(1, 60)),
)
def test_what_several_want_is_asked_once_and_limits_hold_over_all(wanted: list[list[int]], most: int | None) -> None:
    with TemporaryDirectory() as place:
        folder, limits, model = Path(place), Limits(calls=most), Slow()
        at, journal, purse = office(folder, limits)

        def work(number: int) -> list[Reply] | str:
            desk = at.desk(f"worker {number}", limits, folder)
            caller = Caller(desk.journal, Meter(desk.journal, limits, purse=desk.purse), desk.claims, desk.spool)
            try:
                return caller.ask(model, requests(*map(str, wanted[number])), f"purpose {number}")
            except BudgetExceeded as error:
                return str(error)
            finally:
                desk.journal.close()
                with at.changed:
                    at.store.end(f"worker {number}")
                    at.changed.notify_all()

        with closing(journal), ThreadPoolExecutor(len(wanted)) as pool:
            found = list(pool.map(work, range(len(wanted))))
            asked = Counter(text for chunk in model.asked for text in chunk)
            assert max(asked.values(), default=1) == 1
            assert journal.spent()[0] == purse.calls == len(asked)
            assert not purse.held
            assert most is None or len(asked) <= most
            for number, replies in enumerate(found):
                if not isinstance(replies, str):
                    assert [reply.text for reply in replies] == [str(n).upper() for n in wanted[number]]
            if most is None or most >= len({n for own in wanted for n in own}):
                assert not any(isinstance(one, str) for one in found)


def test_who_dies_leaves_its_keys_its_money_and_what_it_was_given(tmp_path: Path) -> None:
    at, journal, purse = office(tmp_path, Limits(calls=3))
    with closing(journal):
        a, b = (at.desk(name, Limits(calls=3), tmp_path) for name in "ab")
        assert a.claims.take(["x", "y"])().mine == ["x", "y"]
        a.purse.hold("x", Usage(), 2)
        a.spool.keep("x", Reply("paid"))
        assert b.claims.take(["x", "y", "z"])().mine == ["z"]
        assert at.store.serve("b", [("wait", (["x"],))]) is LATER
        at.store.end("a")
        assert at.store.serve("b", [("wait", (["x"],))]) == {}
        given = b.claims.take(["x", "y"])()
        assert (given.mine, given.paid) == (["x", "y"], {"x": Reply("paid")})
        assert not purse.held
        with pytest.raises(StudyError, match="taken for dead"):
            a.journal.fact("anything")


def test_what_a_killed_study_was_given_is_given_to_whoever_wants_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "arrived.jsonl")
    with suppress(KeyboardInterrupt), spool.opened():
        spool.keep("x", Reply("paid"))
        raise KeyboardInterrupt
    at, journal, _ = office(tmp_path, Limits())
    with closing(journal):
        desk = at.desk("a", Limits(), tmp_path)
        assert desk.claims.take(["x"])().paid == {"x": Reply("paid")}
        desk.journal.add_calls("test", {"x": Reply("paid")})
        desk.claims.release(["x"])
        assert desk.claims.take(["x"])().known == {"x": Reply("paid")}


def test_before_a_limit_is_reached_what_others_hold_is_waited_for(tmp_path: Path) -> None:
    """It may take less than its most; who holds something itself does not wait, so that no two wait for each other."""
    limits = Limits(money=1.0)
    at, journal, purse = office(tmp_path, limits)
    with closing(journal):
        for name in "ab":
            at.store.begin(name)
        hold: Operation = ("hold", ("chunk", Usage(money=0.7), 1, True))
        assert at.store.serve("a", [hold]) is None
        assert at.store.serve("b", [hold]) is LATER
        with pytest.raises(BudgetExceeded):
            at.store.serve("b", [("hold", ("chunk", Usage(money=0.7), 1, False))])
        at.store.serve("a", [("add_calls", ("test", {"k": Reply("r", usage=Usage(money=0.1))})), ("drop", ("chunk",))])
        assert at.store.serve("b", [hold]) is None
        assert purse.money == pytest.approx(0.8)
        at.store.serve("b", [("add_calls", ("test", {"l": Reply("r", usage=Usage(money=0.7))})), ("drop", ("chunk",))])
        with pytest.raises(BudgetExceeded):
            at.store.serve("a", [hold])


def test_what_was_paid_for_work_that_nobody_wants_any_more_counts(tmp_path: Path) -> None:
    at, journal, purse = office(tmp_path, Limits())
    with closing(journal):
        a, b = (at.desk(name, Limits(), tmp_path) for name in "ab")
        a.claims.take(["x", "y"])()
        b.claims.take(["z"])()
        for desk, key in ((a, "x"), (a, "y"), (b, "z")):
            desk.spool.keep(key, Reply("paid", usage=Usage(money=1.0)))
        a.journal.add_calls("dev", {"x": Reply("paid", usage=Usage(money=1.0))})
        a.journal.close()
        at.store.stop("a")
        with pytest.raises(BudgetExceeded):
            a.claims.take(["v"])()
        later(a)
        with pytest.raises(BudgetExceeded):
            a.purse.hold("q", Usage(), 1)
        at.store.end("a", again=False)
        later(a)
        with pytest.raises(StudyError, match="taken for dead"):  # without any limit, too
            a.purse.check()
        assert journal.spent()[0] == purse.calls == 2
        assert purse.money == 2.0
        assert b.claims.take(["x", "y"])().known.keys() == {"x", "y"}
        at.store.end("b")  # done again
        assert purse.calls == 2


def test_what_an_earlier_process_paid_for_stays_until_it_is_journaled(tmp_path: Path) -> None:
    first = Spool(tmp_path / "arrived.jsonl")
    with suppress(KeyboardInterrupt), first.opened():
        first.keep("x", Reply("paid"))
        first.keep("y", Reply("paid"))
        raise KeyboardInterrupt
    for journaled in ("x", "xy"):
        later = Spool(first.path)
        with later.opened():
            assert later.left().keys() == {"x", "y"}
            later.journaled(journaled)
        assert later.path.exists() == (journaled == "x")


def test_a_piece_of_work_is_done_by_one_at_a_time(tmp_path: Path) -> None:
    at, journal, _ = office(tmp_path, Limits())
    made: list[str] = []

    def work(name: str) -> None:
        desk = at.desk(name, Limits(), tmp_path)
        with held(desk.claims, "tune 1"):
            if desk.journal.tune("1") is None:
                made.append(name)
                threading.Event().wait(0.01)
                desk.journal.set_tune("1", {"by": name})

    with closing(journal), ThreadPoolExecutor(3) as pool:
        list(pool.map(work, "abc"))
        assert len(made) == 1
        assert journal.tune("1") == {"by": made[0]}


def test_what_is_no_operation_is_refused(tmp_path: Path) -> None:
    at, journal, _ = office(tmp_path, Limits())
    with closing(journal):
        at.store.begin("a")
        for name in ("close", "_write", "set_run", "serve"):
            with pytest.raises(StudyError, match="no operation"):
                at.store.serve("a", [(name, ())])


def test_what_arrives_is_kept_until_the_outermost_ends(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "arrived.jsonl")
    with spool.opened():
        with spool.opened():
            spool.keep("x", Reply("paid"))
        spool.keep("y", Reply("paid, too"))
        assert Spool(spool.path).left().keys() == {"x", "y"}
    assert not spool.path.exists()


def test_who_has_calls_at_a_service_is_known_until_they_came_or_it_died(tmp_path: Path) -> None:
    """For these it is worth waiting, whatever model the work itself is asked of."""
    at, journal, _ = office(tmp_path, Limits())
    with closing(journal):
        desk = at.desk("a", Limits(), tmp_path)
        for died in (False, True):
            assert not at.store.asking("a")
            with desk.spool.opened():
                desk.claims.take(["call"])
                assert at.store.asking("a")
                if died:
                    at.store.end("a")
                    break
            desk.journal.close()
        assert not at.store.asking("a")


@pytest.mark.parametrize(
    ("limits", "calls", "most", "said"),
    [
        (Limits(calls=100), 90, Usage(), "what is asked next may take more than is left of 80 % of the limit of 100 calls"),
        (Limits(calls=100), 101, Usage(), "what is asked next may take more than is left of the limit of 100 calls"),
        (
            Limits(tokens=1000),
            1,
            Usage(900, 0),
            "what is asked next may take more than is left of 80 % of the limit of 1000",
        ),
        (
            Limits(money=1),
            1,
            Usage(money=0.9),
            "what is asked next may take more than is left of 80 % of the limit of 1 in",
        ),
        (Limits(calls=100), 30, Usage(), "80 % of the limit of 100 calls are used"),
        (Limits(money=0), 1, Usage(money=0.1), "the limit of 0 in money is reached"),
    ],
)
def test_what_is_not_used_is_not_said_to_be(limits: Limits, calls: int, most: Usage, said: str, tmp_path: Path) -> None:
    _, journal, purse = office(tmp_path, limits)
    purse.reserve = 0.2
    purse.calls = 80 * (calls == 30)
    with closing(journal), pytest.raises(BudgetExceeded, match=f"^{said}"):
        purse.check(most, calls)


def test_what_is_used_is_said_to_be(tmp_path: Path) -> None:
    _, journal, purse = office(tmp_path, Limits(calls=10))
    purse.reserve = 0.2
    for _ in range(8):
        purse.check(calls=1)
        purse.add(Usage())
    with closing(journal), pytest.raises(BudgetExceeded, match=r"^80 % of the limit of 10 calls are used \(the rest"):
        purse.check(calls=1)
