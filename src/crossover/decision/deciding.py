"""The decision as a pure function: what was measured, and what the user wants and pays, give the verdict, without a model.

What does not depend on prices, margin, tolerance or target (comparisons of pairs, regrets) is computed once, so that
deciding again is quick: `flip.py` does it a thousand times.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from crossover.data.modelspec import prices_for
from crossover.data.task import Task
from crossover.decision.contenders import Contender, Rung, cost_order, finalists, standing
from crossover.decision.costs import CURRENCY, Bill, Prices, cost_of
from crossover.decision.crossing import Crossing, Doubt, Spread, crossing
from crossover.decision.limits import doubt, removal
from crossover.decision.pairs import Comparisons
from crossover.decision.recommend import Verdict, recommend
from crossover.decision.settled import Settled, settle
from crossover.decision.smaller import cheaper_model, told
from crossover.decision.tested import Tested, tested, views_of
from crossover.decision.wording import Crossed, Wording
from crossover.evaluation.paired import Comparison
from crossover.evaluation.probe import Probe
from crossover.metrics.base import Metric
from crossover.types import Estimate, Family, Run


@dataclass(frozen=True)
class Measured:
    """One candidate as it was measured. `test` is None where it was no finalist; `order`: its place on the ladder."""

    name: str
    strategy: str
    family: Family
    rung: Rung
    order: int
    id: str
    model: str
    bill: Bill
    dev: Run
    test: Run | None = None
    probe: Probe | None = None

    @property
    def guess(self) -> Estimate:
        """What to choose by: dev, or over folds what all rows and dev together say of it."""
        test = self.test
        if test is None or not test.folds:
            return self.dev.estimate
        return replace(test.estimate, value=test.estimate.value + test.leaning)

    def contender(self, task: Task, prices: Prices) -> Contender:
        """Under a task's limits, and at its prices."""
        cost = cost_of(self.bill, prices)
        reason = removal(task.limits, self.name, self.bill.local, self.probe, self.dev)
        if reason is None and self.test is not None:
            reason = removal(task.limits, self.name, True, None, self.test)
        return Contender(
            self.name,
            self.id,
            self.family,
            self.rung,
            self.order,
            self.guess,
            cost,
            cost.over(prices.requests),
            reason,
            self.strategy,
            self.model,
        )


@dataclass(frozen=True)
class Taken:
    """What a reader takes from a verdict: its kind, the `name` that it names, whether nothing does the task, whether the
    target is met. Where nothing does the task, the kind is "undecided", however sure it is who is the best."""

    kind: str
    name: str
    short: bool
    met: bool | None


@dataclass(frozen=True)
class Decided:
    """`champions`: by family, those that were tested. `spreads`: of each contender's costs, by id. `crossing`: of the
    trained champion and the prompt's, None where one of them is missing. `untested`: finalists that have no test.
    `doubts`: sentences of those who may be too slow."""

    contenders: tuple[Contender, ...]
    champions: Mapping[Family, Contender]
    verdict: Verdict
    comparisons: Comparisons
    spreads: Mapping[str, Spread]
    crossing: Crossing | None
    untested: tuple[str, ...]
    doubts: tuple[str, ...] = ()


class Evidence:
    """All that was measured: candidates in ladder order, and what the most frequent answer reaches (`floor`)."""

    def __init__(
        self, measured: Sequence[Measured], metric: Metric, metric_name: str, seed: int, floor: Estimate | None
    ) -> None:
        self.measured, self.metric, self.metric_name = tuple(measured), metric, metric_name
        self.seed, self.floor = seed, floor
        self.runs: dict[str, Run] = {one.id: one.test for one in self.measured if one.test is not None}
        self._paid: tuple[object, ...] = (None, None, None)  # what contenders were priced by last: demands change nothing
        self._contenders: list[Contender] = []
        self._taken: dict[Hashable, Taken | None] = {}

    @cached_property
    def views(self) -> list[Tested]:
        """The test scores of all who have some."""
        return views_of(tested(list(self.runs), self.runs, self.metric, self.seed), self.runs)

    @property
    def folds(self) -> int:
        """In how many each row was tested, where they were."""
        return max((run.folds for run in self.runs.values()), default=0)

    def contenders(self, task: Task) -> list[Contender]:
        """In ladder order; `removed` says which limit one breaks."""
        paid = (task.limits, task.prices, task.models)
        if not all(map(operator.is_, paid, self._paid)):
            self._paid, self._contenders = paid, self._priced(task)
        return list(self._contenders)

    def _priced(self, task: Task) -> list[Contender]:
        prices = {spec: prices_of(task, spec) for spec in {one.model for one in self.measured}}
        return [one.contender(task, prices[one.model]) for one in self.measured]

    def settle(self, task: Task) -> Settled | None:
        """The verdict without words; None where no model was tested."""
        return self._settle(task, *self._standing(task, self.contenders(task)))

    def taken(self, task: Task) -> Taken | None:
        """What a reader takes from `settle`, which looks at costs for their order alone: so one settling of the same
        candidates serves every price that orders them alike."""
        best, others = self._standing(task, self.contenders(task))
        order = cost_order(list(best.values()))
        key = (
            tuple((family, c.id) for family, c in best.items()), tuple(c.id for c in others), order,
            task.margin, task.target, task.tolerance,
        )  # fmt: skip
        if key not in self._taken:
            found = self._settle(task, best, others)
            self._taken[key] = None
            if found is not None:
                kind = found.kind if found.short is None else "undecided"
                self._taken[key] = Taken(kind, found.chosen.name, found.short is not None, found.met)
        return self._taken[key]

    def _standing(self, task: Task, contenders: Sequence[Contender]) -> tuple[dict[Family, Contender], list[Contender]]:
        """The champions that were tested, and all who were and may be chosen."""
        best = standing(contenders, task.margin, self.runs)
        return best, [c for c in contenders if c.id in self.runs and c.removed is None]

    def _settle(self, task: Task, best: Mapping[Family, Contender], others: Sequence[Contender]) -> Settled | None:
        return settle(best, self.runs, self.views, task.margin, task.target, self.floor, task.tolerance, others)

    def decide(self, task: Task) -> Decided:
        """The verdict in words, with every cost's doubt and the crossing."""
        prices, contenders = Prices.of(task.limits, task.prices), self.contenders(task)
        best, others = self._standing(task, contenders)
        known = {one.id: (one.bill, prices_of(task, one.model)) for one in self.measured}

        def crossed(one: Contender, other: Contender) -> Crossing:
            return crossing(known[one.id], known[other.id], self.seed)

        wording = Wording(
            self.metric_name, prices.requests, prices.label_cost, prices.currency, self.folds, crossed=crossed
        )
        verdict, comparisons = recommend(
            best,
            self.runs,
            self.metric,
            task.margin,
            task.target,
            self.seed,
            wording,
            self.floor,
            task.tolerance,
            others,
            self.views if self.runs else (),
        )
        if task.models and (beside := self._smaller(verdict, others, task, crossed)):
            verdict = replace(verdict, reasons=(*verdict.reasons, beside))
        drawn = {spec: Doubt(prices_of(task, spec), self.seed) for spec in {one.model for one in self.measured}}
        missing = [c.name for c in finalists(contenders, task.margin) if c.id not in self.runs]
        return Decided(
            contenders=tuple(contenders),
            champions=best,
            verdict=verdict,
            comparisons=comparisons,
            spreads={one.id: drawn[one.model].spread(one.bill) for one in self.measured},
            crossing=self._crossing(best, verdict, crossed),
            untested=tuple(missing),
            doubts=tuple(self._doubts(task, contenders)),
        )

    def _smaller(self, verdict: Verdict, tested: Sequence[Contender], task: Task, crossed: Crossed) -> str | None:
        """A sentence on whether a cheaper model would do as well as the one that is named."""
        chosen = next((c for c in tested if c.id in (verdict.choice, verdict.provisional)), None)
        other = cheaper_model(chosen, tested, task.margin) if chosen else None
        if chosen is None or other is None or chosen.family == "control":
            return None
        between = crossed(other, chosen)

        def compare(a: Contender, b: Contender) -> Comparison:
            return self.views[0].compare_pairs([(a, b)]).pairs[0].result

        return told(other, chosen, compare, between, task.margin, task.prices.currency or CURRENCY)

    def _doubts(self, task: Task, contenders: Sequence[Contender]) -> list[str]:
        """Of those whose latency is over the limit and that are not removed for it."""
        pairs = zip(self.measured, contenders, strict=True)
        return [said for one, c in pairs if not c.removed and (said := doubt(task.limits, one.name, one.probe))]

    def _crossing(self, best: Mapping[Family, Contender], verdict: Verdict, crossed: Crossed) -> Crossing | None:
        """From how many requests on the trained champion (the chosen one, if it is one) costs less than the prompt's."""
        trained = [best[family] for family in ("weights", "hybrid") if family in best]
        tuned = next((c for c in trained if c.id in (verdict.choice, verdict.provisional)), trained[0] if trained else None)
        if tuned is None or "prompt" not in best:
            return None
        return crossed(tuned, best["prompt"])


def prices_of(task: Task, spec: str) -> Prices:
    """The task's economics with the prices of one of its models."""
    others = {one.spec: prices_for(one.spec, task.models, task.prices) for one in task.models.values()}
    return Prices.of(task.limits, prices_for(spec, task.models, task.prices), others)


def unfinished(evidence: Evidence, task: Task) -> Decided:
    """What there is to show of a study that is not decided."""
    verdict = Verdict("unfinished", None, None, None, None, (), ())
    return Decided(tuple(evidence.contenders(task)), {}, verdict, Comparisons(()), {}, None, ())
