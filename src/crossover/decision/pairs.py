"""Champions compared in pairs on the test items, with p-values adjusted over all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crossover.decision.contenders import Contender
from crossover.evaluation.paired import Comparison

ALPHA = 0.05


@dataclass(frozen=True)
class Pair:
    """`a` minus `b` on the test items that both answered; `p_adjusted` by Holm over all pairs of the verdict."""

    a: str
    b: str
    result: Comparison
    p_adjusted: float

    def wins(self) -> bool:
        return self.p_adjusted < ALPHA and self.result.difference > 0


@dataclass(frozen=True)
class Comparisons:
    """All pairs of the tested, each in both directions: `of(a, b)` is a minus b.

    `among`: how many their p-values are adjusted for, where that is more than these.
    """

    pairs: tuple[Pair, ...]
    among: int = 0

    @property
    def adjusted_for(self) -> int:
        return max(self.among, len(self.pairs))

    def of(self, a: Contender, b: Contender) -> Pair:
        for pair in self.pairs:
            if (pair.a, pair.b) == (a.id, b.id):
                return pair
            if (pair.a, pair.b) == (b.id, a.id):
                return turned(pair)
        raise KeyError((a.name, b.name))


def turned(pair: Pair) -> Pair:
    """The same comparison, the other way round."""
    r = pair.result
    other = replace(r, difference=-r.difference, low=-r.high, high=-r.low, lower=-r.upper, upper=-r.lower)
    return Pair(pair.b, pair.a, other, pair.p_adjusted)
