"""The rule of the verdict: who wins, given who beats whom; for one study, or for many simulated ones at once.

A champion wins when, against every champion of another side,

- that costs less, it is significantly better: what costs more must prove itself; and
- that costs more, it is significantly better, or the other is better by no more than the margin (non-inferiority). This
  has to hold against each of them (an intersection-union test: Berger 1982, Technometrics 24), so none is adjusted.

The sides are control, prompt and trained (weights and hybrid are one side: both need labels and tuning). Any champion may
win; of several that do, the cheapest, or one of its own side that is significantly better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossover.types import Family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

SIDE: dict[Family, str] = {"control": "control", "prompt": "prompt", "weights": "trained", "hybrid": "trained"}
NONE = -1


def winners(wins: Bools, within: Bools, families: Sequence[Family]) -> NDArray[np.intp]:
    """The index of each study's winner, or `NONE`; shape (studies,).

    The champions are in the order of their cost, the cheapest first. Shape (studies, champions, champions): `wins[:, i, j]`
    says that i is significantly better than j, `within[:, i, j]` that i is better than j by no more than the margin.
    """
    import numpy as np

    studies, count = wins.shape[0], len(families)
    best = np.full(studies, NONE)
    for i in range(count):
        free = ~np.any(blocked(wins, within, families, i), axis=1)
        if i == 0:
            best[free] = i
            continue
        own = [SIDE[family] == SIDE[families[i]] for family in families]
        rows = np.arange(studies)
        better = (best != NONE) & np.array(own)[best] & wins[rows, i, best]
        best[free & ((best == NONE) | better)] = i
    return best


def blocked(wins: Bools, within: Bools, families: Sequence[Family], i: int) -> Bools:
    """Which champions keep champion `i` from winning; shape (studies, champions). Arguments as for `winners`."""
    import numpy as np

    count = len(families)
    other = np.array([SIDE[family] != SIDE[families[i]] for family in families])
    dearer = np.arange(count) > i
    found: Bools = other & ~wins[:, i, :] & ~(dearer & within[:, :, i])
    return found


def likely(values: NDArray[np.float64], margin: float) -> NDArray[np.intp]:
    """The cheapest champion within the margin of each study's highest value; `values` (studies, champions) as above."""
    import numpy as np

    near = values >= values.max(axis=1, keepdims=True) - margin - 1e-9
    found: NDArray[np.intp] = np.argmax(near, axis=1)
    return found
