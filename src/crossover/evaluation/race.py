"""A paired comparison that may be looked at after every item: which candidates have lost before all items are spent.

Betting (Waudby-Smith & Ramdas 2024, JRSS B 86, "Estimating means of bounded random variables by betting"): whoever bets on
every item against "the mean difference is at most m", at odds that are fair if it is m, multiplies the stake by 20 with a
chance of at most 1 in 20 if that is true, however often one looks and whenever one stops (Ville 1939). The stake is spread
over a grid of bets (their section B.3, grid-Kelly), so nothing has to be tuned and the order of the items does not matter.

Differences are of independent units (items, or the means of groups that belong together) in random order, in [-1, 1].
A race eliminates. The mean of a comparison that stopped early is biased away from 0; report the interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SPENT = 0.25  # of the error that a verdict may have, on what stops early; the rest is for what is measured to the end
BETS = 24  # spread geometrically: small bets find small differences late, large ones large differences soon
SMALLEST, BOLDEST = 0.01, 0.95  # of the largest bet that cannot lose the whole stake


@dataclass(frozen=True)
class Lost:
    """`loser` is worse than `winner` by more than the margin, known after `items` items both answered."""

    loser: str
    winner: str
    items: int


def stakes(differences: Sequence[float], mean: float = 0.0, sizes: Sequence[float] = ()) -> Floats:
    """The log of the stake after each of the n `differences` (n), betting that their mean is above `mean`.

    It starts at log 1 = 0. Where it first exceeds log(1 / alpha), "at most `mean`" is refuted at level alpha, with as many
    looks as one likes. `sizes`, in (0, 1]: how much each difference counts in the mean, where they do not count alike.
    Raises `ValueError` for a difference outside [-1, 1] or a `mean` outside (-1, 1).
    """
    import numpy as np

    terms = _sized(_checked(differences, mean) - mean, sizes)
    logs = np.log1p(_bets(mean)[:, None] * terms[None]).cumsum(axis=1)
    stake: Floats = np.logaddexp.reduce(logs, axis=0) - np.log(BETS)
    return stake


def stake(differences: Sequence[float], mean: float = 0.0, sizes: Sequence[float] = ()) -> float:
    """The last of `stakes`; 0 without any difference. Equal differences are met together."""
    found, shares, counts = _tallied(_checked(differences, mean), sizes)
    return _stake(found, mean, shares, counts)


def sequence(differences: Sequence[float], confidence: float = 0.95, sizes: Sequence[float] = ()) -> tuple[float, float]:
    """A confidence sequence's interval for the mean after all of `differences`: true at every look together.

    Each end refutes all means beyond it at (1 - confidence) / 2; without differences it is -1 to 1. `sizes` as above.
    """
    found, shares, counts = _tallied(_checked(differences, 0.0), sizes)
    bound = math.log(2 / (1 - confidence))
    return _refuted(found, bound, shares, counts), -_refuted(-found, bound, shares, counts)


def lost(
    scores: Mapping[str, Sequence[float | None]], margin: float = 0.0, alpha: float = 0.05, racing: int | None = None
) -> list[Lost]:
    """Which candidates are surely worse than another by more than `margin`, after the items scored so far.

    `scores`: each candidate's scores in [0, 1], in the items' order, None where it failed or is out of the race. `racing`:
    of how many candidates the race began with (default: those given). A candidate that is no more than `margin` below the
    best is ever dropped, at any look, with a chance of at most `alpha`: each of its k - 1 rivals has to multiply the stake
    by (k - 1) / alpha. A candidate that lost keeps its scores and may still beat others.
    """
    names, rivals = list(scores), max((racing or len(scores)) - 1, 1)
    found = []
    for loser in names:
        for winner in names:
            differences = [
                w - s for w, s in zip(scores[winner], scores[loser], strict=False) if w is not None and s is not None
            ]
            if winner == loser or not differences:
                continue
            past = stakes(differences, margin) >= math.log(rivals / alpha)
            if past.any():
                found.append(Lost(loser, winner, int(past.argmax()) + 1))
                break
    return found


def enough(comparisons: int, alpha: float = 0.05) -> float:
    """The log of the stake from which on one of so many comparisons is surely no luck: either way, adjusted (Bonferroni),
    and within what a verdict at level `alpha` spends on races."""
    return math.log(2 * max(comparisons, 1) / (alpha * SPENT))


def settled(differences: Sequence[float], left: int) -> bool:
    """Whether no result on the `left` items that remain could change which side has the higher sum."""
    return abs(math.fsum(differences)) > left


@cache
def _boldness() -> Floats:
    import numpy as np

    found: Floats = np.geomspace(SMALLEST, BOLDEST, BETS)
    return found


def _bets(mean: float) -> Floats:
    found: Floats = _boldness() / (1 + mean)  # the worst that can come is -1
    return found


def _sized(terms: Floats, sizes: Sequence[float]) -> Floats:
    """A stake on the sum of a unit is fair as one on its mean is; sizes of at most 1 keep what can be lost."""
    import numpy as np

    return terms * np.asarray(sizes, dtype=float) if len(sizes) else terms


def _tallied(differences: Floats, sizes: Sequence[float]) -> tuple[Floats, Floats, Floats]:
    """The distinct differences, with their sizes, and how often each is met."""
    import numpy as np

    both = np.stack([differences, np.asarray(sizes, dtype=float) if len(sizes) else np.ones_like(differences)])
    found, counts = np.unique(both, axis=1, return_counts=True)
    return found[0], found[1], counts.astype(float)


def _stake(found: Floats, mean: float, sizes: Floats, counts: Floats) -> float:
    import numpy as np

    logs = np.log1p(_bets(mean)[:, None] * ((found - mean) * sizes)[None]) @ counts
    return float(np.logaddexp.reduce(logs)) - math.log(BETS)


def _refuted(differences: Floats, bound: float, sizes: Floats, counts: Floats) -> float:
    """The largest mean that the stake refutes; -1 where none is. A stake falls as the mean that it bets against grows."""
    refuted, standing = -1.0, 1.0
    for _ in range(40):
        mean = (refuted + standing) / 2
        if _stake(differences, mean, sizes, counts) >= bound:
            refuted = mean
        else:
            standing = mean
    return refuted if refuted > -1 + 1e-9 else -1.0


def _checked(differences: Sequence[float], mean: float) -> Floats:
    import numpy as np

    found = np.asarray(differences, dtype=float)
    if not -1 < mean < 1:
        raise ValueError(f"a mean difference lies between -1 and 1, not {mean}")
    if found.size and not (abs(found) <= 1).all():
        raise ValueError("differences of scores lie between -1 and 1")
    return found
