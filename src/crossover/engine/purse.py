"""What a study has spent, holds and may still spend: numbers alone, so that whoever spends may be in another process."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from crossover.data.economics import Limits
from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded
from crossover.types import Usage

HELD = "jobs under way"  # a fact: the most that each may cost
BATCHES = "batches under way"  # a fact: each as `engine/batches.py` notes it
NOTHING = Usage()


class Purse:
    """Tokens, seconds and money over all sessions of a study. `check` raises `BudgetExceeded` at a limit.

    What is held under a name (calls under way) counts at its most until it is settled or dropped.
    """

    def __init__(self, journal: Journal, limits: Limits) -> None:
        self._journal = journal
        self.limits = limits
        self.reserve = 0.0  # the share of the limits that is kept for the test split while the ladder is climbed
        self._started = time.time()
        self._clock = time.monotonic()
        self._earlier = journal.wall_seconds()
        self._ticked = -math.inf
        self.calls, self.usage = journal.spent()
        self._held: dict[str, tuple[Usage, int]] = {}  # calls under way: the most that they take, and how many
        self._jobs: dict[str, float] = journal.fact(HELD, {})
        self._batches: dict[str, tuple[Usage, int]] = {}
        for name, note in journal.fact(BATCHES, {}).items():
            self.ahead(name, Usage(**note["most"]), len(note["keys"]))

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all sessions."""
        return self._earlier + time.monotonic() - self._clock

    def tick(self, every: float = 0.0) -> None:
        """Journal the wall-clock time of this session so far; nothing where that was done less than `every` seconds ago."""
        if self.seconds - self._ticked < every:
            return
        self._ticked = self.seconds
        self._journal.clock(self._started, time.monotonic() - self._clock)

    def add(self, usage: Usage) -> None:
        """A call was made."""
        self.calls += 1
        self.usage += usage

    def check(self, most: Usage = NOTHING, calls: int = 0) -> None:
        """Raise `BudgetExceeded` when a limit is reached, or `calls` more that take `most` might overrun it."""
        limits = self.limits
        made, spent = self.calls, self.usage.tokens_in + self.usage.tokens_out
        for held, under_way in (*self._batches.values(), *self._held.values()):
            made, spent = made + under_way, spent + held.tokens_in + held.tokens_out
        self._fits(f"{limits.calls} calls", limits.calls, made, max(calls, 1))
        self._fits(f"{limits.tokens} tokens", limits.tokens, spent, max(most.tokens_in + most.tokens_out, 1))
        self.check_time()
        if limits.money is not None:
            self._fits(f"{limits.money:g} in money", limits.money, self.money, most.money, unit=0)

    def check_time(self) -> None:
        """Raise `BudgetExceeded` when the limit of minutes is reached."""
        minutes = self.limits.minutes
        if minutes is not None and self.seconds >= 60 * minutes * (1 - self.reserve):
            limit = "1 minute" if minutes == 1 else f"{minutes:g} minutes"
            raise BudgetExceeded(self._reached(limit, self.seconds >= 60 * minutes))

    def _fits(self, limit: str, most: float | None, taken: float, next: float, unit: int = 1) -> None:
        """Where a part is kept, that part may have an end before the limit has one. `unit`: the least that can be taken."""
        if most is None or taken + next <= (usable := most * (1 - self.reserve)):
            return
        whole = taken + next > most
        if taken >= usable or taken + unit > usable:
            raise BudgetExceeded(self._reached(limit, taken >= most or taken + unit > most))
        part, kept = self._part if not whole else ("", "")
        raise BudgetExceeded(f"what is asked next may take more than is left of {part}the limit of {limit}{kept}")

    def _reached(self, limit: str, whole: bool) -> str:
        part, kept = self._part
        return f"the limit of {limit} is reached" if whole or not part else f"{part}the limit of {limit} are used{kept}"

    @property
    def _part(self) -> tuple[str, str]:
        """How much of a limit may be taken, and why, as words; empty where all of it may."""
        if not self.reserve:
            return "", ""
        return f"{round(100 * (1 - self.reserve))} % of ", " (the rest is kept for the test)"

    @property
    def money(self) -> float:
        """What is spent, and held."""
        held = sum(most.money for most, _ in (*self._batches.values(), *self._held.values()))
        return self.usage.money + held + sum(self._jobs.values())

    # calls under way

    def hold(self, name: str, most: Usage, calls: int) -> None:
        """Hold what calls may take. Raises `BudgetExceeded` where they might overrun a limit."""
        self.check(most, calls)
        self._held[name] = most, calls

    def drop(self, name: str) -> None:
        """What was held is not waited for any more, or counts as it was."""
        self._held.pop(name, None)

    @property
    def held(self) -> Mapping[str, tuple[Usage, int]]:
        return self._held

    # batches and jobs at services, which outlive a process

    def ahead(self, batch: str, most: Usage, calls: int) -> None:
        """Hold the most that a batch takes, until it `came`. Who journals the batch journals that, too."""
        self._batches[batch] = most, calls

    def came(self, batch: str) -> None:
        self._batches.pop(batch, None)

    def commit(self, job: str, money: float) -> None:
        """Hold the most that a job may cost, also over a killed process. Raises `BudgetExceeded`."""
        held = self._jobs.pop(job, 0.0)
        try:
            self.check(Usage(money=money))
        except BudgetExceeded:
            if held:
                self._jobs[job] = held
            raise
        self._jobs[job] = money
        self._journal.set_fact(HELD, self._jobs)

    def holds(self, job: str) -> bool:
        """Whether this study began a job, which is not settled yet."""
        return job in self._jobs

    def settled(self, job: str, usage: Usage | None = None) -> None:
        """A job is over: `usage` is what it took, None where that was nothing."""
        if self._jobs.pop(job, None) is not None:
            self._journal.set_fact(HELD, self._jobs)
        if usage is not None:
            self.add(usage)
