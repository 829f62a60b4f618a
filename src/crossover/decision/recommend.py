"""The verdict: a choice, what it may cost, and how sure that is.

Dev has chosen one champion for each family (`contenders.champions`). On test, champions are compared in pairs on the same
items and the p-values adjusted (Holm 1979). Where the rule of `decision/rule.py` names a winner, also with failed calls
counted as wrong answers, the verdict is *proven*. Else the choice is the cheapest within the margin of the best estimate:
the verdict is *bounded* where nothing that was tested is better by more than the tolerance (95 %, `evaluation/regret.py`),
and *open* otherwise. Only then is it `undecided`, with the number of test items that would settle it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from crossover.data.clusters import clusters
from crossover.decision.contenders import FAMILIES, Contender, cheapest
from crossover.decision.pairs import ALPHA, Comparisons, Pair
from crossover.decision.rule import NONE, likely, winners
from crossover.decision.shortfall import shortfall
from crossover.decision.wording import Confidence, Wording
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.paired import Comparison, compare, holm
from crossover.evaluation.power import Studies, items_for, quantile, together
from crossover.evaluation.regret import Regret, regret
from crossover.metrics.base import Metric
from crossover.types import Estimate, Family, Run, Score

TOLERANCE = 0.03


@dataclass(frozen=True)
class Verdict:
    """`choice` is None when undecided (`confidence` "open"); `provisional` is then what to use meanwhile.

    `regret`: what that choice, or the provisional one, may cost; None where no model was tested.
    `falls_short`: why not even that does the task.
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


@dataclass(frozen=True)
class Tested:
    """The test scores by contender id, on the same items, of which those of a cluster count as one.

    `known`: what was computed of them already; none of it depends on prices, margin or target.
    """

    scores: Mapping[str, Sequence[Score | None]]
    groups: Sequence[str]
    metric: Metric
    seed: int
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def compare_pairs(self, pairs: Sequence[tuple[Contender, Contender]]) -> Comparisons:
        """Compare each pair and adjust the p-values over all of them."""
        results: list[Comparison] = [self._once(("pair", a.id, b.id), partial(self._compare, a, b)) for a, b in pairs]
        adjusted = holm([result.p for result in results])
        return Comparisons(tuple(Pair(a.id, b.id, r, p) for (a, b), r, p in zip(pairs, results, adjusted, strict=True)))

    def regret(self, contenders: Sequence[Contender], chosen: Contender) -> Regret:
        sides, rule = [self.scores[c.id] for c in contenders], self.metric
        key = ("regret", tuple(c.id for c in contenders), chosen.id)
        at = contenders.index(chosen)
        found: Regret = self._once(key, lambda: regret(sides, at, rule.aggregate, rule.binary, self.groups, self.seed))
        return found

    def reaches(self, contender: Contender, target: float, among: int) -> bool | None:
        """Whether it reaches the target, where its interval tells; adjusted for its being one of `among` (Bonferroni)."""
        rule, sure, scores = self.metric, 1 - ALPHA / among, self.scores[contender.id]
        found: Estimate = self._once(
            ("estimate", contender.id, sure),
            lambda: estimate(scores, rule.aggregate, rule.binary, self.groups, self.seed, sure),
        )
        return None if found.low < target <= found.high else found.low >= target

    def missed(self) -> bool:
        """Whether a call failed."""
        return bool(self._once("missed", lambda: any(score is None for own in self.scores.values() for score in own)))

    def _compare(self, a: Contender, b: Contender) -> Comparison:
        rule = self.metric
        return compare(self.scores[a.id], self.scores[b.id], rule.aggregate, rule.binary, self.groups, self.seed)

    def _once(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self.known:
            self.known[key] = compute()
        return self.known[key]


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

    @property
    def kind(self) -> str:
        return "undecided" if self.confidence == "open" else _kind(self.chosen)


def tested(ids: Sequence[str], runs: Mapping[str, Run], metric: Metric, seed: int) -> Tested:
    """The test runs of these contenders, failed calls left out."""
    scores = {id: [record.score for record in runs[id].records] for id in ids}
    examples = [record.example for record in runs[ids[0]].records] if ids else []
    return Tested(scores, clusters(examples), metric, seed)


def compare_pairs(
    pairs: Sequence[tuple[Contender, Contender]], runs: Mapping[str, Run], metric: Metric, seed: int
) -> Comparisons:
    """Compare each pair on test and adjust the p-values over all of them."""
    return tested([c.id for pair in pairs for c in pair], runs, metric, seed).compare_pairs(pairs)


def strictly(found: Tested, runs: Mapping[str, Run]) -> Tested:
    """The same with each failed call scored as wrong, by an F1 as an empty answer: what the verdict must bear.

    A failure is no wrong answer, but those rows may be the hard ones.
    """
    golds = [record.example.output for record in next(iter(runs.values())).records]
    mean = found.metric.aggregate == "mean"
    empty = [Score(0.0) if mean else found.metric.score(gold, "") for gold in golds]
    worst = {
        id: [given if given is not None else lost for given, lost in zip(scores, empty, strict=True)]
        for id, scores in found.scores.items()
    }
    return replace(found, scores=worst, known={})


def views_of(found: Tested, runs: Mapping[str, Run]) -> list[Tested]:
    """The scores as they are, and where calls failed also with those counted as wrong."""
    return [found, strictly(found, runs)] if found.missed() else [found]


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
    """The verdict without its words; None where no model was tested. `views`: of all who were tested (`views_of`)."""
    ordered = [champions[family] for family in FAMILIES if family in champions]
    if all(c.family == "control" for c in ordered):
        return None
    everyone = [*ordered, *(c for c in others if c.id not in {champion.id for champion in ordered})]
    all_pairs = list(itertools.combinations(reversed(ordered), 2))
    comparisons = views[0].compare_pairs(all_pairs)
    winner = winner_of(ordered, comparisons, margin)
    strict = winner_of(ordered, views[-1].compare_pairs(all_pairs), margin) if len(views) > 1 else winner
    proven = winner if winner is strict else None
    chosen = proven or _likely(ordered, runs, margin)
    risk = max((view.regret(everyone, chosen) for view in views), key=lambda one: one.upper)
    met = None
    if target is not None:
        told = {view.reaches(chosen, target, len(ordered)) for view in views}
        met = told.pop() if len(told) == 1 else None
    estimates = {c.id: runs[c.id].estimate for c in ordered}
    highest = max(estimates.values(), key=lambda estimate: estimate.value)
    return Settled(
        chosen=chosen,
        confidence="proven" if proven else "bounded" if risk.upper <= tolerance else "open",
        risk=risk,
        met=met,
        short=shortfall(highest, floor, target, margin) and shortfall(estimates[chosen.id], floor, target, margin),
        comparisons=comparisons,
        ordered=tuple(ordered),
        everyone=tuple(everyone),
        unstable=None if winner is strict else winner,
        strict=strict,
    )


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
    needed = None
    if found.confidence == "open":
        quantiles = dict(zip(found.everyone, risk.quantiles, strict=True))
        needed = _needed(_by_cost(ordered), views[0], margin, tolerance, quantiles)
    estimates = {c.id: runs[c.id].estimate for c in ordered}
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
    )
    sure = chosen if found.confidence == "proven" else None
    warnings = wording.warnings(sure, ordered, estimates, found.comparisons)
    if found.unstable is not None:
        warnings.insert(0, wording.unstable(found.unstable, found.strict))
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
    )
    return verdict, found.comparisons


def _kind(choice: Contender) -> str:
    return "neither" if choice.family == "control" else choice.family


def winner_of(champions: Sequence[Contender], comparisons: Comparisons, margin: float) -> Contender | None:
    """Who wins by the rule; None where nobody does."""
    ordered = _by_cost(champions)
    wins, within = _standing(ordered, comparisons, margin)
    best = int(winners(wins, within, [c.family for c in ordered])[0])
    return None if best == NONE else ordered[best]


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


def _likely(champions: Sequence[Contender], runs: Mapping[str, Run], margin: float) -> Contender:
    """The cheapest within the margin of the highest test estimate."""
    import numpy as np

    ordered = _by_cost(champions)
    return ordered[int(likely(np.array([[runs[c.id].estimate.value for c in ordered]]), margin)[0])]


def _needed(
    ordered: Sequence[Contender],
    found: Tested,
    margin: float,
    tolerance: float,
    quantiles: Mapping[Contender, float],
) -> int | None:
    """The test items with which the whole verdict is probably no longer open. `ordered`: by cost."""
    metric = found.metric
    joint = together([found.scores[c.id] for c in ordered], metric.aggregate, metric.binary, found.groups, found.seed)
    if joint is None:
        return None

    def settled(studies: Studies) -> Any:
        return settles(studies, ordered, margin, tolerance, [quantiles[c] for c in ordered])

    return items_for(joint, settled, found.seed)


def settles(
    studies: Studies, ordered: Sequence[Contender], margin: float, tolerance: float, quantiles: Sequence[float]
) -> Any:
    """Which simulated studies end proven or bounded: an array of bool. `quantiles`: as in `Regret`."""
    import numpy as np

    values, count = studies.values(), len(ordered)
    pairs = list(itertools.combinations(range(count), 2))
    wins, within = (np.zeros((len(values), count, count), dtype=bool) for _ in range(2))
    ps = np.stack([studies.p(i, j) for i, j in pairs], axis=1)
    places = np.argsort(ps, axis=1)
    steps = np.take_along_axis(ps, places, axis=1) * np.arange(len(pairs), 0, -1)
    adjusted = np.empty_like(ps)
    np.put_along_axis(adjusted, places, np.maximum.accumulate(steps, axis=1), axis=1)
    limit = quantile(1 - ALPHA)
    bounded = np.ones((len(values), count), dtype=bool)
    for (i, j), p in zip(pairs, adjusted.T, strict=True):
        for a, b in ((i, j), (j, i)):
            wins[:, a, b] = (p < ALPHA) & (values[:, a] > values[:, b])
            within[:, a, b] = studies.within(a, b, margin, limit)
            bounded[:, b] &= studies.within(a, b, tolerance, quantiles[a])
    proven = winners(wins, within, [c.family for c in ordered]) != NONE
    return proven | bounded[np.arange(len(values)), likely(values, margin)]
