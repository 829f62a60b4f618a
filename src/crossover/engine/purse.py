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
        share, limits = 1 - self.reserve, self.limits
        made, spent = self.calls, self.usage.tokens_in + self.usage.tokens_out
        for held, under_way in (*self._batches.values(), *self._held.values()):
            made, spent = made + under_way, spent + held.tokens_in + held.tokens_out
        wanted = made + max(calls, 1)
        if limits.calls is not None and wanted > limits.calls * share:
            raise self._reached(f"{limits.calls} calls", wanted > limits.calls)
        wanted = spent + max(most.tokens_in + most.tokens_out, 1)
        if limits.tokens is not None and wanted > limits.tokens * share:
            raise self._reached(f"{limits.tokens} tokens", wanted > limits.tokens)
        self.check_time()
        if limits.money is not None and self.money + most.money > limits.money * share:
            raise self._reached(f"{limits.money:g} in money", self.money + most.money > limits.money)

    def check_time(self) -> None:
        """Raise `BudgetExceeded` when the limit of minutes is reached."""
        minutes = self.limits.minutes
        if minutes is not None and self.seconds >= 60 * minutes * (1 - self.reserve):
            limit = "1 minute" if minutes == 1 else f"{minutes:g} minutes"
            raise self._reached(limit, self.seconds >= 60 * minutes)

    def _reached(self, limit: str, whole: bool) -> BudgetExceeded:
        """Where a part is kept, that part may have an end before the limit has one."""
        if whole or not self.reserve:
            return BudgetExceeded(f"the limit of {limit} is reached")
        part = round(100 * (1 - self.reserve))
        return BudgetExceeded(f"{part} % of the limit of {limit} are used (the rest is kept for the test)")

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
