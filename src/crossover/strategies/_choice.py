"""Which of several that were scored on dev is kept."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.strategies.base import Bench
from crossover.types import Run


def first_best(runs: Sequence[Run], bench: Bench) -> int:
    """The index of the best run; of equally good ones the first, which is the plainer."""
    best = 0
    for index, run in enumerate(runs):
        if bench.better(run, runs[best]):
            best = index
    return best
