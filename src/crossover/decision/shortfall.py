"""Whether not even the best candidate does the task: then a name to use would mislead, and another model is to be tried."""

from __future__ import annotations

from crossover.decision import numbers
from crossover.types import Estimate

HALF = 0.5  # of the way from the most frequent answer to the target
NEAR = 0.05  # a floor this near to 1 may leave no room for a margin; of a larger margin that says nothing


def shortfall(best: Estimate, floor: Estimate | None, target: float | None, margin: float) -> str | None:
    """Why the best does not do the task, as a clause, or None. `floor`: always giving the most frequent answer.

    It does not where its estimate is not above the floor by more than the margin, or where its whole interval lies below
    the middle between floor and target. Whatever may reach the target does it; and where the floor leaves no room above it
    for the margin, only what is below it by more than the margin does not.
    """
    if target is not None and best.high >= target:
        return None
    if floor is not None:
        room = floor.value + min(margin, NEAR) < 1.0 - 1e-9
        least = floor.value + (margin + 1e-9 if room else -margin - 1e-9)
        if best.value <= least:
            return f"no more than always giving the most frequent answer ({numbers.percent(floor.value)})"
    low = floor.value if floor is not None else 0.0
    if target is not None and best.high < low + HALF * (target - low):
        return f"far below the target of {numbers.percent(target)}"
    return None
