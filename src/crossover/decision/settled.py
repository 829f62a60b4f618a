"""What a study settles, before it is put into words: a choice, what it may cost, and how sure that is.

Dev has chosen one champion for each family (`contenders.champions`). On test, champions are compared in pairs on the same
items and the p-values adjusted (Holm 1979). Where champions of a side are proven by the rule of `decision/rule.py`, also
with failed calls counted as wrong answers, the choice is among them and the verdict is *proven*. The choice is the
cheapest within the margin of the best estimate: where nothing is proven, of all champions. Then the verdict is *bounded*
where nothing that was tested is better by more than the tolerance (95 %, `evaluation/regret.py`). Where that is not so of
this choice, it is the cheapest champion of which it is so; where it is so of none, *open*.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from crossover.decision.contenders import FAMILIES, Contender, cheapest
from crossover.decision.pairs import Comparisons
from crossover.decision.rule import likely, proven
from crossover.decision.shortfall import shortfall
from crossover.decision.tested import Tested
from crossover.evaluation.regret import Regret
from crossover.types import Estimate, Family, Run

Confidence = Literal["proven", "bounded", "open"]


@dataclass(frozen=True)
class Settled:
    """A verdict without its words: everything that prices, margin, tolerance and target can change."""

    chosen: Contender
    confidence: Confidence
    risk: Regret
    met: bool | None
    short: str | None
    comparisons: Comparisons
    ordered: tuple[Contender, ...]  # the champions
    everyone: tuple[Contender, ...]
    unstable: Contender | None  # who wins only where failed calls do not count
    strict: Contender | None  # and who wins where they do
    among: int = 0  # of how many could be chosen by these items
    of: int = 0  # and of how many it was chosen: where a side is proven, of its own (but over folds)

    @property
    def kind(self) -> str:
        if self.confidence == "open":
            return "undecided"
        return "neither" if self.chosen.family == "control" else self.chosen.family


def settle(
    champions: Mapping[Family, Contender],
    runs: Mapping[str, Run],
    views: Sequence[Tested],
    margin: float,
    target: float | None,
    floor: Estimate | None,
    tolerance: float,
    others: Sequence[Contender],
) -> Settled | None:
    """The verdict without its words; None where no model was tested. `views`: of all who were tested (`views_of`).

    Where the runs are of folds, champions were chosen on the same rows, so that what is said of a pair is adjusted for all
    pairs from which it could be chosen.
    """
    ordered = [champions[family] for family in FAMILIES if family in champions]
    if all(c.family == "control" for c in ordered):
        return None
    everyone = [*ordered, *(c for c in others if c.id not in {champion.id for champion in ordered})]
    all_pairs = list(itertools.combinations(reversed(ordered), 2))
    folded = any(runs[c.id].folds for c in everyone)  # then champions were chosen on these items too
    rivals = everyone if folded else ordered
    beside = [
        (a, b)
        for a, b in itertools.combinations(rivals, 2)
        if a.family != b.family and not {a.id, b.id} <= {c.id for c in ordered}
    ]
    comparisons = views[0].compare_pairs(all_pairs, beside)
    sure = proven_of(ordered, comparisons, margin)
    strict = proven_of(ordered, views[-1].compare_pairs(all_pairs, beside), margin) if len(views) > 1 else sure
    both = [c for c in sure if c in strict]
    ids = {c.id for c in everyone}  # who lost to one that the limits removed has lost to nobody here
    left = [c for c in ordered if not views[0].beaten(c.id, ids)] or ordered
    values = {c.id: runs[c.id].estimate.value + runs[c.id].leaning for c in ordered}
    own = [c for c in both if c in left] or both
    chosen = _likely(own or left, values, margin)
    risk = _risk(views, everyone, chosen)
    if not own and risk.upper > tolerance:
        # every bound holds at once, whichever is chosen for whatever reason
        safe = ((c, found) for c in by_cost(left) if (found := _risk(views, everyone, c)).upper <= tolerance)
        chosen, risk = next(safe, (chosen, risk))
    met = None
    if target is not None:
        told = {view.reaches(chosen, target, len(rivals)) for view in views}
        met = told.pop() if len(told) == 1 else None
    estimates = {c.id: runs[c.id].estimate for c in everyone}
    still = [c for c in everyone if c is chosen or not views[0].beaten(c.id, ids)]
    highest = max((estimates[c.id] for c in still), key=lambda estimate: estimate.value)  # whom dev did not choose, too
    short, own_short = (shortfall(one, floor, target, margin) for one in (highest, estimates[chosen.id]))
    missed = own_short is not None and short is None  # it does not do the task, and one that dev passed over does
    return Settled(
        chosen=chosen,
        confidence="proven" if own and not missed else "bounded" if risk.upper <= tolerance else "open",
        risk=risk,
        met=met,
        short=short and own_short,
        comparisons=comparisons,
        ordered=tuple(ordered),
        everyone=tuple(everyone),
        unstable=_likely(sure, values, margin) if sure and not both else None,
        strict=_likely(strict, values, margin) if strict else None,
        among=len(rivals),
        of=len(rivals) if folded else len(own) or len(rivals),
    )


def _risk(views: Sequence[Tested], everyone: Sequence[Contender], chosen: Contender) -> Regret:
    """The regret of choosing one, also with failed calls counted as wrong."""
    return max((view.regret(everyone, chosen) for view in views), key=lambda one: one.upper)


def proven_of(champions: Sequence[Contender], comparisons: Comparisons, margin: float) -> list[Contender]:
    """Those of the side that wins by the rule that are proven; none where nobody wins."""
    if not champions:
        return []
    ordered = by_cost(champions)
    wins, within = _standing(ordered, comparisons, margin)
    found = _proven(wins.tobytes(), within.tobytes(), tuple(c.family for c in ordered))
    return [c for c, sure in zip(ordered, found, strict=True) if sure]


@lru_cache(maxsize=1024)  # a flip is looked for at thousands of margins, of which few change who stands where
def _proven(wins: bytes, within: bytes, families: tuple[Family, ...]) -> tuple[bool, ...]:
    """`rule.proven` of one study."""
    import numpy as np

    one, other = (np.frombuffer(told, dtype=bool).reshape(1, len(families), -1) for told in (wins, within))
    return tuple(map(bool, proven(one, other, families)[0]))


def _standing(ordered: Sequence[Contender], comparisons: Comparisons, margin: float) -> tuple[Any, Any]:
    """Who significantly beats whom, and who is better than whom by no more than the margin, as the rule takes them."""
    import numpy as np

    wins, within = (np.zeros((1, len(ordered), len(ordered)), dtype=bool) for _ in range(2))
    for (i, a), (j, b) in itertools.permutations(enumerate(ordered), 2):
        pair = comparisons.of(a, b)
        wins[0, i, j], within[0, i, j] = pair.wins(), pair.result.upper <= margin
    return wins, within


def by_cost(contenders: Sequence[Contender]) -> list[Contender]:
    """Cheapest first, the simpler first where the cost is the same."""
    left, ordered = list(contenders), []
    while left:
        ordered.append(cheapest(left))
        left.remove(ordered[-1])
    return ordered


def _likely(champions: Sequence[Contender], values: Mapping[str, float], margin: float) -> Contender:
    """The cheapest within the margin of the highest value."""
    import numpy as np

    ordered = by_cost(champions)
    return ordered[int(likely(np.array([[values[c.id] for c in ordered]]), margin)[0])]
