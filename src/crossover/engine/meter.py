"""Counts what a study spends, and stops it hard at the limits."""

from __future__ import annotations

import time
from collections.abc import Sequence

from crossover.data.economics import Limits
from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded
from crossover.models.base import Model, Priced
from crossover.types import Message, Request, Usage


class Meter:
    """Tokens, seconds and money over all sessions of a study. `check` raises `BudgetExceeded` at a limit."""

    def __init__(self, journal: Journal, limits: Limits) -> None:
        self._journal = journal
        self._limits = limits
        self._started = time.time()
        self._clock = time.monotonic()
        self._earlier = journal.wall_seconds()
        self.reserve = 0.0  # the share of the limits that is kept for the test split while the ladder is climbed
        self.calls, self.usage = journal.spent()

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all sessions."""
        return self._earlier + time.monotonic() - self._clock

    def add(self, usage: Usage) -> None:
        self.calls += 1
        self.usage += usage

    def tick(self) -> None:
        """Journal the wall-clock time of this session so far."""
        self._journal.clock(self._started, time.monotonic() - self._clock)

    def check(self, requests: Sequence[Request] = (), model: Model | None = None) -> None:
        """Raise `BudgetExceeded` when a limit is reached; before these requests might overrun calls, tokens or money."""
        share = 1 - self.reserve
        limits, spent = self._limits, self.usage.tokens_in + self.usage.tokens_out
        if limits.calls is not None and self.calls + max(len(requests), 1) > limits.calls * share:
            raise BudgetExceeded(f"the limit of {limits.calls} calls is reached")
        if limits.tokens is not None and spent + max(_most(requests, model), 1) > limits.tokens * share:
            raise BudgetExceeded(f"the limit of {limits.tokens} tokens is reached")
        if limits.minutes is not None and self.seconds >= 60 * limits.minutes * share:
            raise BudgetExceeded(f"the limit of {limits.minutes:g} minutes is reached")
        if limits.money is not None and self.usage.money + _cost(requests, model) > limits.money * share:
            raise BudgetExceeded(f"the limit of {limits.money:g} in money is reached")


def _most(requests: Sequence[Request], model: Model | None) -> int:
    """The most tokens that requests can take: their prompts, and answers as long as allowed, or as the longest label."""
    if model is None:
        return 0
    longest = {
        labels: max((model.count_tokens([Message("assistant", label)]) for label in labels), default=0)
        for labels in {request.decoding.labels for request in requests}
    }
    return sum(model.count_tokens(r.messages) + max(r.decoding.max_tokens, longest[r.decoding.labels]) for r in requests)


def _cost(requests: Sequence[Request], model: Model | None) -> float:
    """The most money that requests can cost."""
    return sum(map(model.most, requests)) if isinstance(model, Priced) else 0.0
