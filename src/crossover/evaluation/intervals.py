"""Confidence intervals: Wilson's for a share, Tango's for two paired shares, expanded percentiles for a bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]


def wilson(value: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's (1927) score interval for a share `value` of `n` independent items; both ends in [0, 1]."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(value * (1 - value) / n + z * z / (4 * n * n))
    return max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half))


def tango(only_a: float, only_b: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Tango's (1998, Statistics in Medicine 17) score interval for the difference of two paired shares.

    `only_a` and `only_b` of the `n` pairs are right in one side alone; the difference is (only_a - only_b) / n. The
    ends, in [-1, 1], are where the score statistic equals the normal quantile, found by bisection. Counts may be fractions:
    those of a design effect.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    estimate = (only_a - only_b) / n

    def statistic(difference: float) -> float:
        # The maximum-likelihood share of only_b given the difference solves 2n q^2 + linear q + constant = 0.
        linear = (2 * n - only_a + only_b) * difference - only_a - only_b
        constant = -only_b * difference * (1 - difference)
        share = (math.sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
        variance = n * (2 * share + difference * (1 - difference))
        above = only_a - only_b - n * difference
        return above / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, above)

    low = _crossing(lambda d: statistic(d) < z, -1.0, estimate)
    high = _crossing(lambda d: statistic(d) < -z, estimate, 1.0)
    return low, high


def tango_statistic(only_a: Counts, only_b: Counts, n: int, difference: float) -> Floats:
    """Tango's score statistic for a true difference, of arrays of counts: at or below -z, the one-sided upper bound of
    `tango` at the normal quantile z is at most `difference`. `difference` is at least 0.
    """
    import numpy as np

    linear = (2 * n - only_a + only_b) * difference - only_a - only_b
    constant = -only_b * difference * (1 - difference)
    share = np.maximum(0.0, (np.sqrt(np.maximum(0.0, linear * linear - 8.0 * n * constant)) - linear) / (4.0 * n))
    variance = n * (2 * share + difference * (1 - difference))
    above = only_a - only_b - n * difference
    sure = np.where(above < 0, -np.inf, np.inf)
    found: Floats = np.divide(above, np.sqrt(np.maximum(variance, 0.0)), out=sure, where=variance > 0)
    return found


def _crossing(passed: Callable[[float], bool], start: float, end: float) -> float:
    """Where `passed` turns true between `start` and `end`, to about 1e-15; `end` when it never does."""
    for _ in range(52):
        middle = (start + end) / 2
        start, end = (start, middle) if passed(middle) else (middle, end)
    return (start + end) / 2


def percentile_interval(
    draws: NDArray[np.float64], value: float, units: int, confidence: float = 0.95, design: float = 1.0
) -> tuple[float, float]:
    """The expanded percentile interval of bootstrap `draws` over `units` units.

    Hesterberg (2015, The American Statistician 69): plain percentiles are too narrow for small samples, so the tails
    are those of Student's t with `units` - 1 degrees of freedom, times the root of n / (n - 1). The interval is widened
    to hold `value` where it would not, and by the root of the `design` effect, with as many fewer units.
    """
    import numpy as np
    from scipy.special import ndtr, stdtrit

    worth = units if design == 1 else max(units / design, 2.0)
    reach = stdtrit(worth - 1, (1 + confidence) / 2) * math.sqrt(worth / (worth - 1))
    tail = float(ndtr(-reach))
    ends = np.quantile(draws, [tail, 1 - tail])
    low, high = min(float(ends[0]), value), max(float(ends[1]), value)
    if design == 1:
        return low, high
    return value - math.sqrt(design) * (value - low), value + math.sqrt(design) * (high - value)
