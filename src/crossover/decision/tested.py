"""The test scores of all who were tested, on the same items, and what is computed of them: pairs, regret, target."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from crossover.data.clusters import clusters
from crossover.decision.contenders import Contender
from crossover.decision.pairs import ALPHA, Comparisons, Pair
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.paired import Comparison, compare, holm
from crossover.evaluation.race import SPENT
from crossover.evaluation.regret import Regret, may_be_best, regret
from crossover.evaluation.stopped import compared, estimated
from crossover.metrics.base import Metric, score_of
from crossover.types import Estimate, Raced, Run, Score


@dataclass(frozen=True)
class Tested:
    """The test scores by contender id, on the same items, of which those of a cluster count as one.

    `raced`: who was looked at on the way. Then a part of the error that is allowed (`race.SPENT`) is for what stopped
    early, the rest for what was scored to the end. An item that was not `asked` has no score, and did not fail.
    `designs`: by contender id, the design effect where it is not 1 (`types.Run`). `known`: what was computed of them
    already; none of it depends on prices, margin or target.
    """

    scores: Mapping[str, Sequence[Score | None]]
    groups: Sequence[str]
    metric: Metric
    seed: int
    designs: Mapping[str, float] = field(default_factory=dict)
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    raced: Mapping[str, Raced] = field(default_factory=dict)
    early: frozenset[str] = frozenset()  # who stopped before all rows
    asked: Mapping[str, Sequence[bool]] = field(default_factory=dict)

    def compare_pairs(
        self, pairs: Sequence[tuple[Contender, Contender]], beside: Sequence[tuple[Contender, Contender]] = ()
    ) -> Comparisons:
        """Compare each pair and adjust the p-values over all of them, and over others `beside` that are not returned."""
        key = ("pairs", tuple((a.id, b.id) for a, b in pairs), tuple((a.id, b.id) for a, b in beside))
        found: Comparisons = self._once(key, partial(self._compare_pairs, pairs, beside))
        return found

    def _compare_pairs(
        self, pairs: Sequence[tuple[Contender, Contender]], beside: Sequence[tuple[Contender, Contender]]
    ) -> Comparisons:
        every = [*pairs, *beside]
        results: list[Comparison] = [self._once(("pair", a.id, b.id), partial(self._compare, a.id, b.id)) for a, b in every]
        adjusted = holm([min(1.0, r.p / self._share(a.id, b.id)) for (a, b), r in zip(every, results, strict=True)])
        found = tuple(Pair(a.id, b.id, r, p) for (a, b), r, p in zip(every, results, adjusted, strict=True))
        return Comparisons(found[: len(pairs)], len(found))

    def design(self, *ids: str) -> float:
        """The design effect of what is said of these together: the largest."""
        return max(self.designs.get(id, 1.0) for id in ids)

    def beaten(self, id: str, among: Collection[str]) -> bool:
        """Whether it lost a race to one of these, if through others: so surely that it is not their best."""
        met: set[str] = set()
        while id in self.raced and id not in met:
            met.add(id)
            winner = self.raced[id].lost_to
            if winner is None or winner in among:
                return winner is not None
            id = winner
        return False

    def _share(self, *ids: str) -> float:
        """Of the error that is allowed, what such a comparison may spend."""
        if not self.raced:
            return 1.0
        return SPENT if self.early & set(ids) else 1 - SPENT

    def _compare(self, a: str, b: str) -> Comparison:
        rule, sides, sure = self.metric, (self.scores[a], self.scores[b]), 1 - ALPHA * self._share(a, b)
        if self.early & {a, b}:
            return compared(*sides, self.groups, sure)
        return compare(*sides, rule.aggregate, rule.binary, self.groups, self.seed, sure, self.design(a, b))

    def regret(self, contenders: Sequence[Contender], chosen: Contender) -> Regret:
        """Of those that lost no race to another of them."""
        key = ("regret", tuple(c.id for c in contenders), chosen.id)
        found: Regret = self._once(key, partial(self._regret, contenders, chosen))
        return found

    def _regret(self, contenders: Sequence[Contender], chosen: Contender) -> Regret:
        ids = {c.id for c in contenders}
        left = [c for c in contenders if c is chosen or not self.beaten(c.id, ids)]
        sides, rule, at = [self.scores[c.id] for c in left], self.metric, left.index(chosen)
        sure = 1 - ALPHA * (1 - SPENT if self.raced else 1.0)
        designs = [self.design(c.id) for c in left]
        found = regret(sides, at, rule.aggregate, rule.binary, self.groups, self.seed, sure, designs)
        if len(left) > 1 and self.early & {c.id for c in left}:
            each = 1 - 2 * ALPHA * SPENT / (len(left) - 1)
            upper = max(0.0, *(compared(s, sides[at], self.groups, each).high for s in sides if s is not sides[at]))
            found = replace(found, expected=min(found.expected, upper), upper=upper)
        every = dict(zip(left, found.quantiles, strict=True))
        return replace(found, quantiles=tuple(every.get(c, found.quantiles[at]) for c in contenders))

    def may_be_best(self, contenders: Sequence[Contender], found: Regret) -> list[bool]:
        """Of each, whether it may be the best (95 %); `found`: the regret of choosing any of them, whose bounds it takes.

        Who stopped early is out only where it has lost to one of them.
        """
        ids = {c.id for c in contenders}
        whole = [c.id for c in contenders if c.id not in self.early and not self.beaten(c.id, ids)]
        quantiles = dict(zip((c.id for c in contenders), found.quantiles, strict=True))
        rule, sides, designs = self.metric, [self.scores[id] for id in whole], [self.design(id) for id in whole]
        left = may_be_best(
            sides, [quantiles[id] for id in whole], rule.aggregate, rule.binary, self.groups, self.seed, designs
        )
        still = dict(zip(whole, left, strict=True))
        return [still.get(c.id, not self.beaten(c.id, ids)) for c in contenders]

    def estimate(self, contender: Contender, among: int) -> Estimate:
        """Its interval holds at 95 % also for who was chosen among so many on these very items (Bonferroni)."""
        found: Estimate = self._once(("estimate", contender.id, among), partial(self._estimate, contender.id, among))
        return found

    def _estimate(self, id: str, among: int) -> Estimate:
        rule, sure, scores = self.metric, 1 - ALPHA / among, self.scores[id]
        if id in self.early:
            return estimated(scores, self.groups, sure)
        return estimate(scores, rule.aggregate, rule.binary, self.groups, self.seed, sure, self.design(id))

    def reaches(self, contender: Contender, target: float, among: int) -> bool | None:
        """Whether it reaches the target, where its interval tells; adjusted for its being one of `among`."""
        found = self.estimate(contender, among)
        return None if found.low < target <= found.high else found.low >= target

    def missed(self) -> bool:
        """Whether a call failed."""
        return bool(self._once("missed", lambda: any(score is None for own in self.scores.values() for score in own)))

    def _once(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self.known:
            self.known[key] = compute()
        return self.known[key]


def tested(ids: Sequence[str], runs: Mapping[str, Run], metric: Metric, seed: int) -> Tested:
    """The test runs of these contenders, failed calls left out."""
    own = {id: runs[id] for id in ids}
    examples = [record.example for record in max((run.records for run in own.values()), key=len, default=())]
    raced = {id: run.raced for id, run in own.items() if run.raced is not None}
    if not raced:
        scores = {id: [record.score for record in run.records] for id, run in own.items()}
        return Tested(scores, clusters(examples), metric, seed, {id: run.design for id, run in own.items()})
    met = {id: {record.example.id: record.score for record in run.records} for id, run in own.items()}
    scores = {id: [answered.get(example.id) for example in examples] for id, answered in met.items()}
    asked = {id: [example.id in answered for example in examples] for id, answered in met.items()}
    early = frozenset(id for id, run in own.items() if run.stopped)
    return Tested(scores, clusters(examples), metric, seed, raced=raced, early=early, asked=asked)


def compare_pairs(
    pairs: Sequence[tuple[Contender, Contender]], runs: Mapping[str, Run], metric: Metric, seed: int
) -> Comparisons:
    """Compare each pair on test and adjust the p-values over all of them."""
    return tested([c.id for pair in pairs for c in pair], runs, metric, seed).compare_pairs(pairs)


def strictly(found: Tested, runs: Mapping[str, Run]) -> Tested:
    """The same with each failed call scored as wrong, by an F1 as an empty answer: what the verdict must bear.

    A failure is no wrong answer, but those rows may be the hard ones.
    """
    golds = [record.example.output for record in max((run.records for run in runs.values()), key=len)]
    mean = found.metric.aggregate == "mean"
    empty = [Score(0.0) if mean else score_of(found.metric, gold, "") for gold in golds]
    worst = {
        id: [
            lost if given is None and asked else given
            for given, lost, asked in zip(scores, empty, found.asked.get(id, itertools.repeat(True)), strict=False)
        ]
        for id, scores in found.scores.items()
    }
    return replace(found, scores=worst, known={})


def views_of(found: Tested, runs: Mapping[str, Run]) -> list[Tested]:
    """The scores as they are, and where calls failed also with those counted as wrong."""
    return [found, strictly(found, runs)] if found.missed() else [found]
