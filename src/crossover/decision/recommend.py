"""The verdict: a choice, what it may cost, and how sure that is.

Dev has chosen one champion for each family (`contenders.champions`). On test, champions are compared in pairs on the same
items and the p-values adjusted (Holm 1979). Where champions of a side are proven by the rule of `decision/rule.py`, also
with failed calls counted as wrong answers, the choice is among them and the verdict is *proven*. The choice is the
cheapest within the margin of the best estimate: where nothing is proven, of all champions. Then the verdict is *bounded*
where nothing that was tested is better by more than the tolerance (95 %, `evaluation/regret.py`). Where that is not so of
this choice, it is the cheapest champion of which it is so; where it is so of none, *open*. Only then is it `undecided`,
with the number of test items that would settle it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from crossover.decision.contenders import FAMILIES, Contender, cheapest
from crossover.decision.pairs import ALPHA, Comparisons
from crossover.decision.rule import likely, proven
from crossover.decision.shortfall import shortfall
from crossover.decision.tested import Tested, tested, views_of
from crossover.decision.thin import thin
from crossover.decision.wording import Confidence, Wording
from crossover.evaluation.power import Studies, items_for, quantile, together
from crossover.evaluation.regret import Regret
from crossover.metrics.base import Metric
from crossover.types import Estimate, Family, Run

TOLERANCE = 0.03


@dataclass(frozen=True)
class Verdict:
    """`choice` is None when undecided (`confidence` "open"); `provisional` is then what to use meanwhile.

    `regret`: what that choice, or the provisional one, may cost; None where no model was tested.
    `falls_short`: why not even that does the task. `may_be_best`: where it is open, the ids of those of all tested of whom
    one is the best (95 %).
    """

    kind: str
    choice: str | None
    provisional: str | None
    target_met: bool | None
    needed_test_items: int | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    confidence: Confidence = "open"
    regret: Regret | None = None
    falls_short: str | None = None
    may_be_best: tuple[str, ...] | None = None


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
        return "undecided" if self.confidence == "open" else _kind(self.chosen)


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
        safe = ((c, found) for c in _by_cost(left) if (found := _risk(views, everyone, c)).upper <= tolerance)
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


def recommend(
    champions: Mapping[Family, Contender],
    runs: Mapping[str, Run],
    metric: Metric,
    margin: float,
    target: float | None,
    seed: int,
    wording: Wording,
    floor: Estimate | None = None,
    tolerance: float = TOLERANCE,
    others: Sequence[Contender] = (),
    views: Sequence[Tested] = (),
) -> tuple[Verdict, Comparisons]:
    """The verdict over the families' champions. `runs`: contender id -> its test run. `floor`: the most frequent answer.

    `others`: who was tested too, and is no champion: the regret is over all of them. `views`: as for `settle`, where they
    are there already.
    """
    if not views and champions:
        among = {c.id: runs[c.id] for c in (*champions.values(), *others)}
        views = views_of(tested(list(among), among, metric, seed), among)
    found = settle(champions, runs, views, margin, target, floor, tolerance, others)
    if found is None:
        nothing = "No model was measured on the test items, so nothing can be said: the warnings tell why."
        return Verdict("undecided", None, None, None, None, (nothing,), ()), Comparisons(())
    chosen, risk, ordered = found.chosen, found.risk, list(found.ordered)
    run = runs[chosen.id]
    ids = {c.id for c in found.everyone}
    wording = replace(wording, limited=any(id not in ids for id in runs))
    left = [c for c in ordered if c is chosen or not views[0].beaten(c.id, ids)]
    needed = None
    if found.confidence == "open":
        quantiles = dict(zip(found.everyone, risk.quantiles, strict=True))
        beside = found.comparisons.adjusted_for - len(found.comparisons.pairs)
        needed = _needed(_by_cost(left), views[0], margin, tolerance, quantiles, beside)
    possible: list[Contender] | None = None
    if found.confidence == "open":
        told = zip(*(view.may_be_best(found.everyone, view.regret(found.everyone, chosen)) for view in views), strict=True)
        possible = [c for c, views_say in zip(found.everyone, told, strict=True) if any(views_say)]
        if found.short is None:
            wording = replace(wording, out=frozenset(ids) - {c.id for c in possible})
    estimates = {c.id: runs[c.id].estimate for c in ordered}
    few, passed = thin(views[0].scores[chosen.id], metric.aggregate), _passed_over(found, runs, views[0], margin)
    said = wording.reasons(
        chosen,
        found.confidence,
        risk,
        ordered,
        estimates,
        found.comparisons,
        margin,
        tolerance,
        target,
        found.met,
        needed,
        found.short,
        found.among,
        run.raced.of if run.raced and run.stopped else run.estimate.n,
        few,
        bool(passed),
    )
    if possible is not None and found.short is None:
        said.insert(1, wording.possible(possible, found.everyone))
    for other in passed:
        said.insert(1, wording.passed_over(other, runs[other.id].estimate, chosen, champions[other.family]))
    if found.of > 1:
        said.insert(1, wording.widened(chosen, views[0].estimate(chosen, found.of), found.of))
    sure = chosen if found.confidence == "proven" else None
    warnings = wording.warnings(sure, ordered, estimates, found.comparisons)
    if found.unstable is not None:
        warnings.insert(0, wording.unstable(found.unstable, found.strict))
    if found.confidence == "open" and margin > tolerance:
        warnings.append(wording.at_odds(margin, tolerance))
    if few is not None:
        warnings.append(wording.thin(few))
    settled = found.confidence != "open"
    verdict = Verdict(
        kind=found.kind,
        choice=chosen.id if settled else None,
        provisional=None if settled else chosen.id,
        target_met=found.met,
        needed_test_items=needed,
        reasons=tuple(said),
        warnings=tuple(warnings),
        confidence=found.confidence,
        regret=risk,
        falls_short=found.short,
        may_be_best=None if possible is None else tuple(c.id for c in possible),
    )
    return verdict, found.comparisons


def _passed_over(found: Settled, runs: Mapping[str, Run], scores: Tested, margin: float) -> list[Contender]:
    """Who was no champion and did better on all test items than who is named. Over folds nobody: there they chose."""
    least = runs[found.chosen.id].estimate.value + margin + 1e-9
    others = [c for c in found.everyone if c not in found.ordered and c.id not in scores.early and not runs[c.id].folds]
    return [c for c in others if runs[c.id].estimate.value > least]


def _kind(choice: Contender) -> str:
    return "neither" if choice.family == "control" else choice.family


def proven_of(champions: Sequence[Contender], comparisons: Comparisons, margin: float) -> list[Contender]:
    """Those of the side that wins by the rule that are proven; none where nobody wins."""
    if not champions:
        return []
    ordered = _by_cost(champions)
    wins, within = _standing(ordered, comparisons, margin)
    found = _proven(wins.tobytes(), within.tobytes(), tuple(c.family for c in ordered))
    return [c for c, sure in zip(ordered, found, strict=True) if sure]


@lru_cache(
    maxsize=1024
)  # what would flip a verdict is asked for thousands of margins, of which few change who stands where
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


def _by_cost(contenders: Sequence[Contender]) -> list[Contender]:
    """Cheapest first, the simpler first where the cost is the same."""
    left, ordered = list(contenders), []
    while left:
        ordered.append(cheapest(left))
        left.remove(ordered[-1])
    return ordered


def _likely(champions: Sequence[Contender], values: Mapping[str, float], margin: float) -> Contender:
    """The cheapest within the margin of the highest value."""
    import numpy as np

    ordered = _by_cost(champions)
    return ordered[int(likely(np.array([[values[c.id] for c in ordered]]), margin)[0])]


def _needed(
    ordered: Sequence[Contender],
    found: Tested,
    margin: float,
    tolerance: float,
    quantiles: Mapping[Contender, float],
    beside: int,
) -> int | None:
    """The test items with which the whole verdict is probably no longer open. `ordered`: by cost; `beside`: the comparisons
    for which those of champions are adjusted too."""
    if len(ordered) < 2:
        return None
    metric = found.metric
    sides = [found.scores[c.id] for c in ordered]
    joint = together(
        sides, metric.aggregate, metric.binary, found.groups, found.seed, found.design(*(c.id for c in ordered))
    )
    if joint is None:
        return None

    def settled(studies: Studies) -> Any:
        return settles(studies, ordered, margin, tolerance, [quantiles[c] for c in ordered], beside)

    return items_for(joint, settled, found.seed)


def settles(
    studies: Studies,
    ordered: Sequence[Contender],
    margin: float,
    tolerance: float,
    quantiles: Sequence[float],
    beside: int = 0,
) -> Any:
    """Which simulated studies end proven or bounded: an array of bool. `quantiles`: as in `Regret`; `beside`: as many other
    comparisons that p-values are adjusted for."""
    import numpy as np

    values, count = studies.values(), len(ordered)
    wins, within = standing_of(studies, count, margin, beside)
    bounded = np.ones((len(values), count), dtype=bool)
    for a, b in itertools.permutations(range(count), 2):
        bounded[:, b] &= studies.within(a, b, tolerance, quantiles[a])
    sure = proven(wins, within, [c.family for c in ordered]).any(axis=1)
    found: Any = sure | bounded.any(axis=1)
    return found


def standing_of(studies: Studies, count: int, margin: float, beside: int = 0) -> tuple[Any, Any]:
    """`_standing` of simulated studies, each with `count` champions."""
    import numpy as np

    values, pairs = studies.values(), list(itertools.combinations(range(count), 2))
    wins, within = (np.zeros((len(values), count, count), dtype=bool) for _ in range(2))
    ps = np.stack([studies.p(i, j) for i, j in pairs], axis=1)
    places = np.argsort(ps, axis=1)
    steps = np.take_along_axis(ps, places, axis=1) * np.arange(len(pairs) + beside, beside, -1)
    adjusted = np.empty_like(ps)
    np.put_along_axis(adjusted, places, np.maximum.accumulate(steps, axis=1), axis=1)
    limit = quantile(1 - ALPHA)
    for (i, j), p in zip(pairs, adjusted.T, strict=True):
        for a, b in ((i, j), (j, i)):
            wins[:, a, b] = (p < ALPHA) & (values[:, a] > values[:, b])
            within[:, a, b] = studies.within(a, b, margin, limit)
    return wins, within
