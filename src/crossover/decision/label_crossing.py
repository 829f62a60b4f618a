"""From how many labels on tuned weights beat the best prompt, what more labels bring, and how many reach a target.

Everything is read off draws of whole curves (`evaluation.curve`), so that each number has the doubt of the noise, of the
law and of the extrapolation in it. Nothing is said beyond `REACH` times the labels measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossover.evaluation.curve import Curve, Estimate, summary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SURE = 0.975
LIKELY = 0.9  # so sure of a lead, and later of being behind, that the curves are said to cross back
NAMED = 0.8  # so sure of a lead at the end that a number is named; two equal curves have it half of the time
STEPS = 6  # an octave, at which curves are compared
LEAST_SIZES = 3
LEAST_SEEDS = 2


@dataclass(frozen=True)
class LabelCrossing:
    """A number of labels with its 95 % interval.

    `value` is None where no number can be named; `reason` then says why in one sentence, and is empty otherwise. `low` is
    None where it may lie below everything measured, `high` where it may lie beyond the reach of the forecasts, or never be.
    """

    value: int | None
    low: int | None
    high: int | None
    reason: str = ""


def crossing(
    weights: Curve, prompts: Sequence[Curve], most: Sequence[int | None] | None = None, same_items: bool = False
) -> LabelCrossing:
    """From how many labels on `weights` stay ahead of the best of `prompts`, as far as forecasts reach.

    `most`, one for each prompt: the labels that fit it at most; with more it stays what it is there. `same_items`: on the
    very items measured, and not on others like them. A curve that does not rise, one of fewer than three sizes, or weights
    of one seed give no crossing, and a reason. All curves have equally many draws. Raises `ValueError` without prompts.
    """
    import numpy as np

    if not prompts:
        raise ValueError("a crossing needs at least one prompt's curve")
    caps = list(most) if most is not None else [None] * len(prompts)
    poor = _too_little([weights, *prompts]) or _one_seed(weights)
    if poor:
        return LabelCrossing(None, None, None, poor)
    ends = [weights.reach] + [p.reach for p, cap in zip(prompts, caps, strict=True) if cap is None or cap > p.reach]
    start, end = max([weights.sizes[0], *(p.sizes[0] for p in prompts)]), min(ends)
    if start >= end:
        return LabelCrossing(None, None, None, "the two curves were not measured at comparable numbers of labels")
    grid = _grid(start, end)
    best = np.max(
        [
            _shuffled(p.paths(np.minimum(grid, cap or math.inf).tolist(), None, same_items, stream=i), i)
            for i, (p, cap) in enumerate(zip(prompts, caps, strict=True), 1)
        ],
        axis=0,
    )
    lead = weights.paths(grid.tolist(), None, same_items) - best
    found = _lasting(lead, grid)
    chance = (lead > 0).mean(axis=0)
    leads, trails = chance >= LIKELY, chance <= 1 - LIKELY
    within = _within(end, weights, [weights, *prompts])
    if (lead > 0).all(axis=1).mean() >= SURE:
        return LabelCrossing(None, None, start, f"the weights are ahead from the fewest labels compared on, {start:,}")
    if leads.any() and trails[int(np.argmax(leads)) :].any():
        return LabelCrossing(None, None, None, "the curves cross back: the weights lead and later fall behind again")
    if not weights.rises():
        return LabelCrossing(None, None, None, "the weights do not surely get better with more labels")
    if math.isinf(found.low):
        return LabelCrossing(None, None, None, f"not {within}")
    return _named(found, float(chance[-1]), grid, f"not settled {within}")


def gain(curve: Curve, more: int, start: int | None = None) -> Estimate:
    """What `more` labels than `start` (None: the most measured) bring, in shares: the difference of two of its points.

    Items' own difficulty cancels. Raises `ValueError` beyond the curve's `reach`.
    """
    first = curve.sizes[-1] if start is None else start
    paths = curve.paths([first, first + more], same_items=True)
    return summary(paths[:, 1] - paths[:, 0])


def ahead(curve: Curve, other: Curve, labels: int) -> Estimate:
    """By how much `curve` is above `other` at so many labels, in shares. Raises `ValueError` beyond the reach of one."""
    theirs = _shuffled(other.paths([labels], same_items=True, stream=1), 1)
    return summary((curve.paths([labels], same_items=True) - theirs)[:, 0])


def labels_for(curve: Curve, target: float) -> LabelCrossing:
    """The fewest labels with which the share reaches `target` and stays there, as far as forecasts reach.

    No number of a curve of fewer than three sizes, or of one seed.
    """
    poor = _too_little([curve]) or _one_seed(curve)
    if poor:
        return LabelCrossing(None, None, None, poor)
    start, end = curve.sizes[0], curve.reach
    grid = _grid(start, end)
    above = curve.paths(grid.tolist()) - target
    found, within = _lasting(above, grid), _within(end, curve, [curve])
    if (above > 0).all(axis=1).mean() >= SURE:
        return LabelCrossing(None, None, start, f"reached from the fewest labels measured on, {start:,}")
    if math.isinf(found.low):
        return LabelCrossing(None, None, None, f"not {within}")
    if not curve.rises():
        return LabelCrossing(None, None, None, "the curve does not surely rise with more labels")
    return _named(found, float((above[:, -1] > 0).mean()), grid, f"not settled {within}")


def _lasting(lead: NDArray[np.float64], grid: NDArray[np.float64]) -> Estimate:
    """From where on each draw is above 0 to the end of the grid: infinity where it does not end so, 0 where it always is.

    Between two steps of the grid the lead is a straight line in log labels.
    """
    import numpy as np

    above = lead > 0
    first = above.shape[1] - np.argmin(above[:, ::-1], axis=1)  # of the last stretch above; wrong where it is always so
    inside = np.clip(first, 1, above.shape[1] - 1)
    rows, octaves = np.arange(len(lead)), np.log2(grid)
    before, after = lead[rows, inside - 1], lead[rows, inside]
    way = np.clip(before / np.where(before == after, -1, before - after), 0, 1)
    crossed = 2 ** (octaves[inside - 1] + way * (octaves[inside] - octaves[inside - 1]))
    found = np.where(above.all(axis=1), 0.0, np.where(above[:, -1], crossed, math.inf))
    low, value, high = np.quantile(found, [0.025, 0.5, 0.975], method="nearest")
    return Estimate(float(value), float(low), float(high))


def _named(found: Estimate, chance: float, grid: NDArray[np.float64], open_end: str) -> LabelCrossing:
    low = None if found.low == 0 else math.floor(found.low)
    high = None if math.isinf(found.high) else math.ceil(max(found.high, grid[0]))
    if low is None and high is None:
        return LabelCrossing(None, None, None, f"anywhere from {grid[0]:,.0f} labels to beyond {grid[-1]:,.0f}")
    if chance < NAMED:
        return LabelCrossing(None, low, high, open_end)
    return LabelCrossing(round(max(found.value, grid[0])), low, high)


def _grid(start: int, end: int) -> NDArray[np.float64]:
    import numpy as np

    found: NDArray[np.float64] = np.geomspace(start, end, max(2, math.ceil(STEPS * math.log2(end / start)) + 1))
    return np.clip(found, start, end)  # geomspace may end a rounding beyond


def _shuffled(paths: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Draws of one curve in an order of their own: paired with another's they must be independent."""
    import numpy as np

    found: NDArray[np.float64] = np.random.default_rng((2, seed)).permutation(paths)
    return found


def _too_little(curves: Sequence[Curve]) -> str:
    if any(len(c.sizes) < LEAST_SIZES for c in curves):
        return f"a curve needs at least {LEAST_SIZES} numbers of labels"
    return ""


def _one_seed(curve: Curve) -> str:
    if curve.seeds < LEAST_SEEDS:
        return "one seed at most sizes, whose luck cannot be told from the curve"
    return ""


def _within(end: int, curve: Curve, curves: Sequence[Curve]) -> str:
    """How far is looked, and why no further: four times the labels of `curve`, or what was measured of one that falls."""
    if any(c.falls() and c.reach == end for c in curves):
        return f"within {end:,} labels, the most measured, as a curve that falls is not forecast"
    times = f"{end / curve.sizes[-1]:.1f}".removesuffix(".0")
    return f"within {end:,} labels, {times} times those measured"
