"""How many test items it takes: to tell a difference, or to show that there is none beyond a margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from crossover.evaluation.paired import RESAMPLES, pairs
from crossover.evaluation.tally import deviation, resampled, tally, total, units
from crossover.metrics.base import Aggregate
from crossover.types import Score

MOST = 1_000_000_000


def needed_items(difference: float, discordance: float, alpha: float, power: float = 0.8) -> int:
    """Pairs for the two-sided McNemar test to find a difference of two paired shares with probability `power`.

    Connor (1987, Biometrics 43), plus 1 / |difference| because the test is exact. `discordance`: the share
    of pairs in which one side alone is right, at least |difference|. Raises `ValueError` when `difference` is 0.
    """
    if difference == 0:
        raise ValueError("no number of items tells a difference of 0")
    d, share = abs(difference), max(discordance, abs(difference))
    reach = _z(1 - alpha / 2) * math.sqrt(share) + _z(power) * math.sqrt(share - d * d)
    return _whole(reach * reach / (d * d) + 1 / d)


def smallest_difference(items: int, alpha: float, discordance: float, power: float = 0.8) -> float | None:
    """The least difference of two paired shares that `needed_items` says `items` pairs find; None where they find none.

    `discordance`: as there; a difference above it is all of it. To a thousandth.
    """
    found = (d / 1000 for d in range(1, 1001) if needed_items(d / 1000, discordance, alpha, power) <= items)
    return next(found, None)


def needed_items_graded(difference: float, deviation: float, alpha: float, power: float = 0.8) -> int:
    """Pairs for a two-sided paired test to find a difference of means with probability `power`.

    `deviation`: the standard deviation of one item's difference. The normal formula plus half the squared quantile,
    which makes up for the t distribution (Guenther 1981). Raises `ValueError` when `difference` is 0.
    """
    if difference == 0:
        raise ValueError("no number of items tells a difference of 0")
    z = _z(1 - alpha / 2)
    return _whole(((z + _z(power)) * deviation / difference) ** 2 + z * z / 2)


def needed_for_margin(
    deviation: float, margin: float, difference: float = 0.0, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Pairs until the one-sided upper bound of a difference lies below `margin` with probability `power`.

    `difference`: the true one, below `margin`. `deviation`: the standard deviation of one item's difference; of right
    and wrong it is the root of discordance - difference^2. Raises `ValueError` when `difference` is not below `margin`.
    """
    if difference >= margin:
        raise ValueError(f"a difference of {difference} cannot be shown to lie below the margin {margin}")
    z = _z(1 - alpha)
    return _whole(((z + _z(power)) * deviation / (margin - difference)) ** 2 + z * z / 2)


def items_to_tell(
    a: Sequence[Score | None],
    b: Sequence[Score | None],
    aggregate: Aggregate,
    binary: bool,
    margin: float,
    alpha: float,
    groups: Sequence[str | None] | None = None,
) -> int:
    """The test items, in all, with which two candidates that the present ones cannot tell apart probably can be.

    When the observed difference exceeds `margin`: enough to find one of that size, two-sided at `alpha`. Else: enough
    to show, one-sided at 5 %, that the difference is below `margin` if there is none. Both with probability 0.8, and
    always more than the items there are. Discordance and variance are shrunk by one item's worth of doubt,
    (k + 1) / (n + 2), so that six items without a disagreement do not promise that there will be none.
    """
    first, second, named = pairs(a, b, groups)
    n = len(first)
    if n == 0:
        variance, difference, shares = 0.5, 0.0, False
    else:
        unit = units(named, n)
        sums = tally([first, second], aggregate, unit)
        difference = total(aggregate, sums[0]) - total(aggregate, sums[1])
        clustered = max(unit) + 1 < n
        shares = binary and aggregate == "mean" and not clustered
        if aggregate == "mean" and not clustered:
            squares = sum((x.value - y.value) ** 2 for x, y in zip(first, second, strict=True))
            spread = squares if shares else squares - n * difference**2
        else:
            draws = resampled(aggregate, sums, RESAMPLES, seed=0)
            spread = n * deviation(draws[0] - draws[1], n) ** 2
        variance = (max(spread, 0.0) + 1) / (n + 2)
    if abs(difference) <= margin:
        needed = needed_for_margin(math.sqrt(variance), margin)
    elif shares:
        needed = needed_items(difference, variance, alpha)
    else:
        needed = needed_items_graded(difference, math.sqrt(variance), alpha)
    return max(needed, n + 1)


def _z(probability: float) -> float:
    return NormalDist().inv_cdf(probability)


def _whole(items: float) -> int:
    return math.ceil(min(items, MOST))
