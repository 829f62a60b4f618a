"""The rule of the verdict: who wins, given who beats whom; for one study, or for many simulated ones at once.

A champion is proven when, against every champion of another side,

- that costs less, it is significantly better: what costs more must prove itself; and
- that costs more, it is significantly better, or the other is better by no more than the margin (non-inferiority). This
  has to hold against each of them (an intersection-union test: Berger 1982, Technometrics 24), so none is adjusted.

The sides are control, prompt and trained (weights and hybrid are one side: both need labels and tuning). Any champion may
be proven. The side of the cheapest one that is wins, and of its proven champions the cheapest within the margin of the
best estimate: that the side is worth its price is proven, and to ask for a proof of which of its ways is the better one
costs more than it saves (`benchmarks/verdict_rules.py`).
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


def proven(wins: Bools, within: Bools, families: Sequence[Family]) -> Bools:
    """Which champions of the side that wins are proven; shape (studies, champions), all False where nobody wins.

    The champions are in the order of their cost, the cheapest first. Shape (studies, champions, champions): `wins[:, i, j]`
    says that i is significantly better than j, `within[:, i, j]` that i is better than j by no more than the margin.
    """
    import numpy as np

    free = np.stack([~blocked(wins, within, families, i).any(axis=1) for i in range(len(families))], axis=1)
    sides = np.array([SIDE[family] for family in families])
    found: Bools = free & (sides[None] == sides[free.argmax(axis=1)][:, None])
    return found


def blocked(wins: Bools, within: Bools, families: Sequence[Family], i: int) -> Bools:
    """Which champions keep champion `i` from being proven; shape (studies, champions). Arguments as for `proven`."""
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
