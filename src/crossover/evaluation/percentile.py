"""The nearest-rank percentile: always a value that occurred, as a latency limit needs; and what it proves."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], q: float) -> float:
    """The smallest of `values` that at least `q` percent of them do not exceed; `q` from 0 to 100.

    Raises `ValueError` without values.
    """
    if not values:
        raise ValueError("a percentile needs at least one value")
    return sorted(values)[max(1, math.ceil(q / 100 * len(values))) - 1]


def order_interval(values: Sequence[float], q: float, confidence: float = 0.95) -> tuple[float, float | None]:
    """The interval of a percentile between two of the ordered `values`, which are not negative; no shape is assumed.

    At least r of n values lie at or below the percentile with the probability that a binomial (n, q / 100) is r or more
    (David and Nagaraja 2003, Order Statistics, section 7.1). Each end errs with half of 1 - `confidence`. Too few values
    leave an end open: 0 below, None above (the 95th percentile needs 72 for an upper end).
    """
    n, share, sure = len(values), q / 100, (1 + confidence) / 2
    at_most, total = [], 0.0  # P(binomial <= k)
    for k in range(n + 1):
        total += math.comb(n, k) * share**k * (1 - share) ** (n - k)
        at_most.append(total)
    ordered = sorted(values)
    below = [r for r in range(1, n + 1) if 1 - at_most[r - 1] >= sure]
    above = [s for s in range(1, n + 1) if at_most[s - 1] >= sure]
    return (ordered[max(below) - 1] if below else 0.0), (ordered[min(above) - 1] if above else None)
