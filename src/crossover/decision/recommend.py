"""The verdict: a choice, what it may cost, and how sure that is.

Dev has chosen one champion for each family (`contenders.champions`). On test, champions are compared in pairs on the same
items and the p-values adjusted (Holm 1979). Where the rule of `decision/rule.py` names a winner, also with failed calls
counted as wrong answers, the verdict is *proven*. Else the choice is the cheapest within the margin of the best estimate:
the verdict is *bounded* where nothing that was tested is better by more than the tolerance (95 %, `evaluation/regret.py`),
and *open* otherwise. Only then is it `undecided`, with the number of test items that would settle it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    `designs`: by contender id, the design effect where it is not 1 (`types.Run`).
    """

    scores: Mapping[str, Sequence[Score | None]]
    groups: Sequence[str]
    metric: Metric
    seed: int
    designs: Mapping[str, float] = field(default_factory=dict)

    def compare_pairs(
        self, pairs: Sequence[tuple[Contender, Contender]], beside: Sequence[tuple[Contender, Contender]] = ()
    ) -> Comparisons:
        """Compare each pair and adjust the p-values over all of them, and over others `beside` that are not returned."""
        compared = [(a, b, self._compare(a, b)) for a, b in (*pairs, *beside)]
        adjusted = holm([result.p for _, _, result in compared])
        found = tuple(Pair(a.id, b.id, r, p) for (a, b, r), p in zip(compared, adjusted, strict=True))
        return Comparisons(found[: len(pairs)], len(found))

    def _compare(self, a: Contender, b: Contender) -> Comparison:
        rule, design = self.metric, self.design(a, b)
        sides = self.scores[a.id], self.scores[b.id]
        return compare(*sides, rule.aggregate, rule.binary, self.groups, self.seed, design)

    def design(self, *contenders: Contender) -> float:
        """The design effect of what is said of these together: the largest."""
        return max(self.designs.get(contender.id, 1.0) for contender in contenders)

    def regret(self, contenders: Sequence[Contender], chosen: Contender) -> Regret:
        sides, rule = [self.scores[c.id] for c in contenders], self.metric
        designs = [self.design(c) for c in contenders]
        return regret(sides, contenders.index(chosen), rule.aggregate, rule.binary, self.groups, self.seed, designs)

    def reaches(self, contender: Contender, target: float, among: int) -> bool | None:
        """Whether it reaches the target, where its interval tells; adjusted for its being one of `among` (Bonferroni)."""
        rule, sure = self.metric, 1 - ALPHA / among
        scores, design = self.scores[contender.id], self.design(contender)
        found = estimate(scores, rule.aggregate, rule.binary, self.groups, self.seed, sure, design)
        return None if found.low < target <= found.high else found.low >= target


def tested(contenders: Sequence[Contender], runs: Mapping[str, Run], metric: Metric, seed: int) -> Tested:
    """The test runs of these contenders, failed calls left out."""
    scores = {c.id: [record.score for record in runs[c.id].records] for c in contenders}
    examples = [record.example for record in runs[contenders[0].id].records] if contenders else []
    return Tested(scores, clusters(examples), metric, seed, {c.id: runs[c.id].design for c in contenders})


def compare_pairs(
    pairs: Sequence[tuple[Contender, Contender]], runs: Mapping[str, Run], metric: Metric, seed: int
) -> Comparisons:
    """Compare each pair on test and adjust the p-values over all of them."""
    return tested([c for pair in pairs for c in pair], runs, metric, seed).compare_pairs(pairs)


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
    return replace(found, scores=worst)


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
) -> tuple[Verdict, Comparisons]:
    """The verdict over the families' champions. `runs`: contender id -> its test run. `floor`: the most frequent answer.

    `others`: who was tested too, and is no champion: the regret is over all of them. Where the runs are of folds, champions
    were chosen on the same rows, so that what is said of a pair is adjusted for all pairs from which it could be chosen.
    """
    ordered = [champions[family] for family in FAMILIES if family in champions]
    if all(c.family == "control" for c in ordered):
        nothing = "No model was measured on the test items, so nothing can be said: the warnings tell why."
        return Verdict("undecided", None, None, None, None, (nothing,), ()), Comparisons(())
    everyone = [*ordered, *(c for c in others if c.id not in {champion.id for champion in ordered})]
    found = tested(everyone, runs, metric, seed)
    all_pairs = list(itertools.combinations(reversed(ordered), 2))
    rivals = everyone if any(runs[c.id].folds for c in everyone) else ordered
    beside = [
        (a, b)
        for a, b in itertools.combinations(rivals, 2)
        if a.family != b.family and not {a.id, b.id} <= {c.id for c in ordered}
    ]
    comparisons = found.compare_pairs(all_pairs, beside)
    winner = winner_of(ordered, comparisons, margin)
    views = [found]
    if any(score is None for scores in found.scores.values() for score in scores):
        views.append(strictly(found, {c.id: runs[c.id] for c in everyone}))
    strict = winner_of(ordered, views[-1].compare_pairs(all_pairs, beside), margin) if len(views) > 1 else winner
    stands = winner is strict
    proven = winner if stands else None
    values = {c.id: runs[c.id].estimate.value + runs[c.id].leaning for c in ordered}
    chosen = proven or _likely(ordered, values, margin)
    risks = [view.regret(everyone, chosen) for view in views]
    risk = max(risks, key=lambda one: one.upper)
    confidence: Confidence = "proven" if proven else "bounded" if risk.upper <= tolerance else "open"
    needed = None
    if confidence == "open":
        needed = _needed(_by_cost(ordered), found, margin, tolerance, dict(zip(everyone, risk.quantiles, strict=True)))
    met = None
    if target is not None:
        told = {view.reaches(chosen, target, len(rivals)) for view in views}
        met = told.pop() if len(told) == 1 else None
    estimates = {c.id: runs[c.id].estimate for c in ordered}
    highest = max(estimates.values(), key=lambda estimate: estimate.value)
    short = shortfall(highest, floor, target, margin) and shortfall(estimates[chosen.id], floor, target, margin)
    said = wording.reasons(
        chosen,
        confidence,
        risk,
        ordered,
        estimates,
        comparisons,
        margin,
        tolerance,
        target,
        met,
        needed,
        short,
        len(rivals),
    )
    warnings = wording.warnings(chosen if confidence == "proven" else None, ordered, estimates, comparisons)
    if winner is not None and not stands:
        warnings.insert(0, wording.unstable(winner, strict))
    settled = confidence != "open"
    verdict = Verdict(
        kind=_kind(chosen) if settled else "undecided",
        choice=chosen.id if settled else None,
        provisional=None if settled else chosen.id,
        target_met=met,
        needed_test_items=needed,
        reasons=tuple(said),
        warnings=tuple(warnings),
        confidence=confidence,
        regret=risk,
        falls_short=short,
    )
    return verdict, comparisons


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
) -> int | None:
    """The test items with which the whole verdict is probably no longer open. `ordered`: by cost."""
    metric = found.metric
    sides = [found.scores[c.id] for c in ordered]
    joint = together(sides, metric.aggregate, metric.binary, found.groups, found.seed, found.design(*ordered))
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
