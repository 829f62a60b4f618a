"""The difference of two estimates that were made on different rows."""

from __future__ import annotations

import math

from crossover.types import Estimate


def unpaired(new: Estimate, old: Estimate) -> tuple[float, float, float]:
    """`new` minus `old`, with its 95 % interval, for estimates of independent rows whose own intervals are 95 % ones.

    Newcombe's square-and-add (1998, Statistics in Medicine 17, method 10), which takes each end from the intervals of the
    two, whatever they are made by (Zou and Donner 2008, Statistics in Medicine 27: MOVER). From -1 to 1 where either has no
    item.
    """
    if not new.n or not old.n:
        return 0.0, -1.0, 1.0
    difference = new.value - old.value
    low = difference - math.hypot(new.value - new.low, old.high - old.value)
    high = difference + math.hypot(new.high - new.value, old.value - old.low)
    return difference, max(low, -1.0), min(high, 1.0)
