"""Cross-fitting, where rows are few: each is answered by what a rung makes without it, and what ships is made of all.

What is compared are the rungs as ways to make a candidate. The folds' test rows are pooled: the verdict rests on all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossover.data.clusters import clusters
from crossover.data.splits import Fold
from crossover.decision.contenders import Contender
from crossover.decision.limits import removal
from crossover.errors import BudgetExceeded
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.design import refit_effect
from crossover.study.finals import count_use
from crossover.study.folder import StudyFolder
from crossover.study.ladder import Rung, adapted, guarded
from crossover.study.listener import Listener
from crossover.study.plan import fold_stage
from crossover.study.scoring import Scoring
from crossover.types import Candidate, Estimate, Run, Score, Usage


@dataclass(frozen=True)
class CrossFit:
    """`bench`: that of all rows, whose journal, limits and models the folds share. `begin`: what every rung starts from."""

    bench: StudyBench
    folds: Sequence[Fold]
    begin: Candidate
    rule: Scoring
    folder: StudyFolder
    listener: Listener

    def held(
        self, rungs: Sequence[Rung], contenders: list[Contender], shipped: dict[str, Candidate], warnings: list[str]
    ) -> dict[str, Run]:
        """All rows as each contender's rung answers them, by the contender's id; of two, the same rows in the same order.

        In `contenders` the estimate to choose by becomes that over all rows, moved as `leaning` says, and one whose rung
        fails in a fold, or whose calls do, is marked. `shipped`: what was made of all rows, by name. What a limit cut off
        is added to `warnings`.
        """
        self.rule.tested(self.bench.journal)
        competing = [contender for contender in contenders if contender.removed is None]
        count_use(self.bench.journal, [contender.id for contender in competing], warnings)
        steps = {rung.name: rung for rung in rungs}
        runs: dict[str, Run] = {}
        for position, contender in enumerate(competing):
            try:
                found = self._pooled(
                    steps[contender.name], position, len(competing), shipped[contender.name], contender.dev
                )
            except BudgetExceeded as error:
                warnings.append(f"{error} on the folds; not tested: {contender.name}")
                continue
            at = contenders.index(contender)
            if isinstance(found, str):
                reason: str | None = f"{contender.name} cannot win: {found}"
                warnings.append(f"{contender.name} cannot win: {found}")
            else:
                runs[contender.id] = found
                self.listener.result(contender.name, found.estimate, "on test")
                reason = removal(self.bench.task.limits, contender.name, True, None, found)
                guess = replace(found.estimate, value=found.estimate.value + found.leaning)
                contenders[at] = replace(contender, dev=guess)
            if reason:
                self.listener.say(reason)
                contenders[at] = replace(contenders[at], removed=reason)
        return runs

    def _pooled(self, rung: Rung, position: int, total: int, shipped: Candidate, dev: Estimate) -> Run | str:
        """All rows of a rung, or why it failed in a fold. `dev`: what was made of all rows reaches on its own dev rows."""
        parts, devs, same = [], [], True
        for number, fold in enumerate(self.folds, 1):
            name = f"{rung.name}, fold {number}"
            self.listener.stage(fold_stage(rung, number, len(self.folds), position, total))
            bench = replace(
                self.bench,
                train=fold.train,
                dev=fold.dev,
                barred=frozenset(example.input for example in fold.test),
                part=f"fold {number}",
            )
            own = replace(rung, name=name)
            self.bench.journal.clear_tries(name)
            made = guarded(name, lambda: adapted(own, self.begin, bench), self.folder)  # noqa: B023  called at once
            if isinstance(made, str):
                return f"in fold {number} of {len(self.folds)}, {made}"
            same = same and made.id == shipped.id
            devs.append(bench.score(made).estimate)
            parts.append(bench.evaluator.run(made, "test", fold.test))
        if same:
            return pooled(shipped.id, parts, self.bench)
        run = pooled(shipped.id, parts, self.bench, refit_effect(len(self.folds)))
        return replace(run, leaning=leaning(run.estimate.n, dev, devs))


def leaning(n: int, own: Estimate, devs: Sequence[Estimate]) -> float:
    """By how much the best guess at what ships differs from its rung's estimate over folds, on `n` rows, seen on dev.

    What ships had more rows, and luck of its own: `own` is its dev estimate, `devs` are those of the folds, which were as
    much chosen on. Their difference counts by what is signal in it, if a refit's variance is that of as many independent
    items as there are rows, as the design effect takes it.
    """
    rows = sum(dev.n for dev in devs)
    if not own.n or not rows:
        return 0.0
    usual = sum(dev.n * dev.value for dev in devs) / rows
    return (own.value - usual) / (1 + n / own.n + n / rows)


def pooled(candidate: str, parts: Sequence[Run], bench: StudyBench, design: float = 1.0) -> Run:
    """One run of the folds' runs, in their order, under the id of the candidate that ships."""
    records = tuple(record for part in parts for record in part.records)
    groups = clusters([record.example for record in records])
    metric, seed = bench.evaluator.metric, bench.evaluator.seed
    closeness = [None if record.relevance is None else Score(record.relevance) for record in records]
    return Run(
        candidate=candidate,
        split="test",
        metric=parts[0].metric,
        records=records,
        estimate=estimate(
            [record.score for record in records], metric.aggregate, metric.binary, groups, seed, design=design
        ),
        relevance=estimate(closeness, "mean", False, groups, seed, design=design),
        usage=sum((part.usage for part in parts), Usage()),
        folds=len(parts),
        design=design,
    )
