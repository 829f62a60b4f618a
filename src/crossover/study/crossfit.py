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
from crossover.decision.numbers import percent
from crossover.errors import BudgetExceeded
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.design import Effect, alike_effect, seen_effect
from crossover.study.finals import count_use
from crossover.study.ladder import Rung, adapted, guarded
from crossover.study.listener import Listener
from crossover.study.plan import fold_stage
from crossover.study.scoring import Scoring
from crossover.study.works import Executor, Going, Scene
from crossover.types import Candidate, Estimate, Run, Score, Usage

MOST = 0.5  # of the rows in one cluster, above which nobody can tell how much it says


@dataclass(frozen=True)
class Made:
    """What a rung made in the folds. `parts`: the answers of each; `devs`: what each reached on its own dev rows.

    `same`: it is the very candidate that ships, each time.
    """

    parts: list[Run]
    devs: list[Estimate]
    same: bool


@dataclass(frozen=True)
class Part:
    """What a rung made in a fold, by its id, what it reached on that fold's dev rows, and its answers to the test rows."""

    made: str
    dev: Estimate
    run: Run


@dataclass(frozen=True)
class InFold:
    """A rung in a fold, by its number from 1, as a piece of work."""

    rung: Rung
    number: int

    @property
    def name(self) -> str:
        return f"{self.rung.name}, fold {self.number}"

    def do(self, scene: Scene) -> Part | str:
        """What it made, or why it failed."""
        fold = scene.folds[self.number - 1]
        bench = replace(
            scene.bench,
            train=fold.train,
            dev=fold.dev,
            barred=frozenset(example.input for example in fold.test),
            part=f"fold {self.number}",
        )
        own = replace(self.rung, name=self.name)
        bench.journal.clear_tries(self.name)
        made = guarded(self.name, lambda: adapted(own, scene.begin, bench), scene.folder)
        if isinstance(made, str):
            return made
        return Part(made.id, bench.score(made).estimate, bench.evaluator.run(made, "test", fold.test))


@dataclass(frozen=True)
class CrossFit:
    """`bench`: that of all rows, whose journal, limits and models the folds share."""

    bench: StudyBench
    folds: Sequence[Fold]
    rule: Scoring
    listener: Listener
    executor: Executor

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
        numbers = range(1, len(self.folds) + 1)
        works = [[InFold(steps[contender.name], number) for number in numbers] for contender in competing]
        going = [self.executor.start(own) for own in works]
        found: dict[str, Made] = {}
        for position, contender in enumerate(competing):
            try:
                made = self._made(steps[contender.name], going[position], position, len(competing), shipped[contender.name])
            except BudgetExceeded as error:
                warnings.append(f"{error} on the folds; not tested: {contender.name}")
                continue
            if isinstance(made, str):
                reason: str | None = f"{contender.name} cannot win: {made}"
                warnings.append(f"{contender.name} cannot win: {made}")
            else:
                found[contender.id] = made
                run = pooled(contender.id, made.parts, self.bench)
                self.listener.result(contender.name, run.estimate, "on test")
                reason = removal(self.bench.task.limits, contender.name, True, None, run)
            if reason:
                self.listener.say(reason)
                contenders[contenders.index(contender)] = replace(contender, removed=reason)
        return self._judged(found, contenders, warnings)

    def _judged(self, found: dict[str, Made], contenders: list[Contender], warnings: list[str]) -> dict[str, Run]:
        """The runs over all rows, and in `contenders` what to choose by."""
        refitted = [made.parts for made in found.values() if not made.same]
        unchanged = [made.parts for made in found.values() if made.same]
        effect = seen_effect(refitted) if refitted else Effect()
        beside = alike_effect(unchanged) if unchanged else Effect()
        if (largest := max(effect.largest, beside.largest)) > MOST:
            warnings.append(
                f"{percent(largest)} of the rows are one group, or nearly the same text: they may be right or wrong"
                " together, and the intervals may then be too narrow"
            )
        runs: dict[str, Run] = {}
        for at, contender in enumerate(contenders):
            if contender.id not in found:
                continue
            made = found[contender.id]
            run = pooled(contender.id, made.parts, self.bench, beside.alike if made.same else effect.whole)
            if not made.same:
                run = replace(run, leaning=leaning(run.estimate.n, contender.dev, made.devs, effect))
            runs[contender.id] = run
            contenders[at] = replace(contender, dev=replace(run.estimate, value=run.estimate.value + run.leaning))
        return runs

    def _made(
        self, rung: Rung, going: Sequence[Going[Part | str]], position: int, total: int, shipped: Candidate
    ) -> Made | str:
        """What a rung makes without each part of the rows, answering it, or why it failed in a fold."""
        parts: list[Part] = []
        for number, one in enumerate(going, 1):
            self.listener.stage(fold_stage(rung, number, len(self.folds), position, total))
            part = one.result()
            if isinstance(part, str):
                self.executor.drop(going[number:])
                return f"in fold {number} of {len(self.folds)}, {part}"
            parts.append(part)
        same = all(part.made == shipped.id for part in parts)
        return Made([part.run for part in parts], [part.dev for part in parts], same)


def leaning(n: int, own: Estimate, devs: Sequence[Estimate], effect: Effect) -> float:
    """By how much the best guess at what ships differs from its rung's estimate over folds, on `n` rows, seen on dev.

    What ships had more rows, and luck of its own: `own` is its dev estimate, `devs` are those of the folds, which were as
    much chosen on. Their difference counts by what is signal in it: the variance of the luck is that of `effect.luck` times
    an estimate on `n` independent rows, and rows that are nearly alike are more noise in both.
    """
    rows = sum(dev.n for dev in devs)
    if not own.n or not rows:
        return 0.0
    usual = sum(dev.n * dev.value for dev in devs) / rows
    return (own.value - usual) * effect.luck / (effect.luck + effect.alike * (n / own.n + n / rows)) if effect.luck else 0.0


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
