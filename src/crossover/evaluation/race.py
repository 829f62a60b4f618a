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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BETS = 24  # spread geometrically: small bets find small differences late, large ones large differences soon
SMALLEST, BOLDEST = 0.01, 0.95  # of the largest bet that cannot lose the whole stake


@dataclass(frozen=True)
class Lost:
    """`loser` is worse than `winner` by more than the margin, known after `items` items both answered."""

    loser: str
    winner: str
    items: int


def stakes(differences: Sequence[float], mean: float = 0.0) -> NDArray[np.float64]:
    """The log of the stake after each of the n `differences` (n), betting that their mean is above `mean`.

    It starts at log 1 = 0. Where it first exceeds log(1 / alpha), "at most `mean`" is refuted at level alpha, with as many
    looks as one likes. Raises `ValueError` for a difference outside [-1, 1] or a `mean` outside (-1, 1).
    """
    import numpy as np

    found = _checked(differences, mean)
    logs = np.log1p(_bets(mean)[:, None] * (found - mean)[None]).cumsum(axis=1)
    stake: NDArray[np.float64] = np.logaddexp.reduce(logs, axis=0) - np.log(BETS)
    return stake


def sequence(differences: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """A confidence sequence's interval for the mean after all of `differences`: true at every look together.

    Each end refutes all means beyond it at (1 - confidence) / 2; without differences it is -1 to 1.
    """
    found, bound = _checked(differences, 0.0), math.log(2 / (1 - confidence))
    return _refuted(found, bound), -_refuted(-found, bound)


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


def settled(differences: Sequence[float], left: int) -> bool:
    """Whether no result on the `left` items that remain could change which side has the higher sum."""
    return abs(math.fsum(differences)) > left


def _bets(mean: float) -> NDArray[np.float64]:
    import numpy as np

    found: NDArray[np.float64] = np.geomspace(SMALLEST, BOLDEST, BETS) / (1 + mean)  # the worst that can come is -1
    return found


def _refuted(differences: NDArray[np.float64], bound: float) -> float:
    """The largest mean that the stake refutes; -1 where none is. A stake falls as the mean that it bets against grows."""
    import numpy as np

    refuted, standing = -1.0, 1.0
    for _ in range(40):
        mean = (refuted + standing) / 2
        logs = np.log1p(_bets(mean)[:, None] * (differences - mean)[None]).sum(axis=1)
        if np.logaddexp.reduce(logs) - math.log(BETS) >= bound:
            refuted = mean
        else:
            standing = mean
    return refuted if refuted > -1 + 1e-9 else -1.0


def _checked(differences: Sequence[float], mean: float) -> NDArray[np.float64]:
    import numpy as np

    found = np.asarray(differences, dtype=float)
    if not -1 < mean < 1:
        raise ValueError(f"a mean difference lies between -1 and 1, not {mean}")
    if found.size and not (abs(found) <= 1).all():
        raise ValueError("differences of scores lie between -1 and 1")
    return found
