"""What is said where a race ended before the rows did: comparisons and estimates that hold whenever one stops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from crossover.evaluation import race
from crossover.evaluation.paired import Comparison, pairs
from crossover.evaluation.tally import units
from crossover.types import Estimate, Score

TEST = "betting, stopped early"


def lead(a: Sequence[Score | None], b: Sequence[Score | None], groups: Sequence[str | None] | None = None) -> float:
    """The log of what betting on a's mean being above b's has come to, over the items that both answered (`race.stakes`).

    Items of one group are one bet on their sum.
    """
    means, sizes = _differences(a, b, groups)
    return race.stake(means, sizes=sizes) if means else 0.0


def compared(
    a: Sequence[Score | None],
    b: Sequence[Score | None],
    groups: Sequence[str | None] | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """`paired.compare` of two means, over the items that both answered when they stopped, for whatever reason they did.

    Intervals are confidence sequences at `confidence`, one-sided bounds too; p is twice the inverse of the larger stake.
    """
    means, sizes = _differences(a, b, groups)
    n = len(pairs(a, b)[0])
    if not means:
        return Comparison(0.0, -1.0, 1.0, -1.0, 1.0, 1.0, 0, "none: no common item")
    difference = math.fsum(m * s for m, s in zip(means, sizes, strict=True)) / math.fsum(sizes)
    highest = max(race.stake(side, sizes=sizes) for side in (means, [-m for m in means]))
    both, one_sided = (race.sequence(means, sure, sizes) for sure in (confidence, 2 * confidence - 1))
    return Comparison(difference, *both, *one_sided, min(1.0, 2 * math.exp(-highest)), n, TEST)


def estimated(
    scores: Sequence[Score | None], groups: Sequence[str | None] | None = None, confidence: float = 0.95
) -> Estimate:
    """`aggregate.estimate` of a mean, with a confidence sequence: its interval holds whenever one stops."""
    nothing = [None if score is None else Score(0.0) for score in scores]
    means, sizes = _differences(scores, nothing, groups)
    n = len(scores) - nothing.count(None)
    if not n:
        return Estimate(0, 0.0, 0.0, 1.0)
    value = math.fsum(m * s for m, s in zip(means, sizes, strict=True)) / math.fsum(sizes)
    # what lies between 0 and 1 is stretched to -1 and 1, where bets may be as bold as its bounds allow
    low, high = race.sequence([2 * mean - 1 for mean in means], confidence, sizes)
    return Estimate(n, value, min((low + 1) / 2, value), max((high + 1) / 2, value))


def _differences(
    a: Sequence[Score | None], b: Sequence[Score | None], groups: Sequence[str | None] | None
) -> tuple[list[float], list[float]]:
    """The mean difference of each unit, and its size as a share of the largest so far.

    The largest of all units would make the stake a martingale to the letter. Simulated with sizes like Zipf's 1.6 and a
    look every 10 of 300 units, either refuted a true mean in 0.3 % of races, where 5 % are allowed.
    """
    first, second, named = pairs(a, b, groups)
    found: dict[int, list[float]] = {}
    for unit, x, y in zip(units(named, len(first)), first, second, strict=True):
        found.setdefault(unit, []).append(x.value - y.value)
    largest = max(map(len, found.values()), default=1)
    return [fmean(part) for part in found.values()], [len(part) / largest for part in found.values()]
