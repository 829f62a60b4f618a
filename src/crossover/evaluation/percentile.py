"""The nearest-rank percentile: always a value that occurred, as a latency limit needs."""

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
