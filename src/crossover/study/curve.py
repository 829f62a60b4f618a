"""Measures learning curves: each family's champion, adapted anew with fewer labels, on rows that took no part in it.

The rows are training rows: strategies choose on dev, and nothing was chosen by a score on training rows that were left out.
Each seed holds back a part of them from all of its runs, and draws its nested labels from the others. The test split is not
asked again: what a champion reached there, with all labels, is one more point, where test was cut from the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from crossover.data.clusters import clusters
from crossover.data.infer import prepare
from crossover.data.splits import Splits
from crossover.data.task import Task, load_task
from crossover.decision.contenders import FAMILIES
from crossover.decision.learning import LabelRun, learnt
from crossover.errors import BudgetExceeded
from crossover.evaluation.bench import StudyBench
from crossover.study.curve_plan import CurvePlan, Size
from crossover.study.folder import StudyFolder
from crossover.study.ladder import Rung, adapted, guarded
from crossover.study.listener import Listener, Stage
from crossover.study.outcome import Outcome
from crossover.study.several import named_models
from crossover.study.works import Executor, Going, Scene, Serial
from crossover.types import Candidate, Example, Family, Run, content_hash

OWN = -1  # the seed of the study's own run, with all labels
# of a task, beside its rows, model and metric: what prompts are made of, and what stops on dev
TOLD = ("instruction", "labels", "kind", "constrain", "answer_pattern", "chain", "exhaustive")


@dataclass(frozen=True)
class Point:
    """A rung with fewer labels, under a name of its own, as a piece of work: answering what it never met (`held`)."""

    rung: Rung
    size: Size
    seed: int
    held: tuple[Example, ...]

    @property
    def name(self) -> str:
        return self.rung.name

    def do(self, scene: Scene) -> tuple[Run, str] | str:
        """Its answers and what is to be said of it, or why it failed."""
        bench = at(scene.bench, self.size, self.seed, self.held)

        def measured() -> tuple[Run, str]:
            candidate = adapted(self.rung, scene.begin, bench)
            return bench.evaluator.run(candidate, "curve", self.held), candidate.provenance.note

        return guarded(self.name, measured, scene.folder)


def at(bench: StudyBench, size: Size, seed: int, held: Sequence[Example]) -> StudyBench:
    """The bench of a size."""
    return bench.at(size.rows, seed, held, size.labels - size.rows)


@dataclass(frozen=True)
class CurveStudy:
    """`begin`: what every rung starts from. `executor`: who measures, else this process."""

    plan: CurvePlan
    bench: StudyBench
    begin: Candidate
    folder: StudyFolder
    listener: Listener
    executor: Executor | None = None

    def added(self, outcome: Outcome, rungs: Sequence[Rung], splits: Splits) -> Outcome:
        """A finished study with the learning curves of its champions. Raises what concerns the whole study."""
        named = {rung.name: rung for rung in rungs}
        champions = {family: named[contender.name] for family, contender in outcome.decided.champions.items()}
        runs, cut = self.measured(champions)
        if "test" in splits.cut:  # rows like those of the curve
            runs += own_runs(outcome, splits)
        names = {family: rung.name for family, rung in champions.items()}
        learning = learnt(runs, self.plan.have, names, outcome.task.target, outcome.task.seed, cut)
        return replace(outcome, learning=learning, wall_seconds=self.bench.meter.seconds)

    def measured(self, rungs: Mapping[Family, Rung]) -> tuple[list[LabelRun], str]:
        """The runs of each family's champion, and why they are not all, where a limit cut them off.

        All sizes of a seed come before the next seed, so that what was cut off is a curve. A run that was finished is not
        measured again, unless calls of it failed. Raises what concerns the whole study.
        """
        found: list[LabelRun] = []
        families = [family for family in FAMILIES if family in rungs]
        places = [(seed, size) for seed in range(self.plan.seeds) for size in self.plan.sizes]
        going = self._started(rungs, places)
        for seed, size in places:
            bench = at(self.bench, size, seed, self.plan.held[seed])
            for family in families:
                rung = _named(rungs[family], size, seed)
                self.listener.stage(Stage("curve", rung.name, len(found) + 1, len(places) * len(families)))
                try:
                    found.append(self._known(family, rungs[family].name, rung, size, seed, bench, going.get(rung.name)))
                except BudgetExceeded as error:
                    return found, str(error)
            if all(run.value is not None and not run.failures for run in found[-len(families) :]):
                bench.discard()  # nobody comes back to these weights, and full ones are large
        return found, ""

    def _started(
        self, rungs: Mapping[Family, Rung], places: Sequence[tuple[int, Size]]
    ) -> dict[str, Going[tuple[Run, str] | str]]:
        """All that is not measured yet, by name."""
        executor = self.executor or Serial(Scene(self.bench, self.begin, self.folder))
        points = []
        for seed, size in places:
            held = self.plan.held[seed]
            bench = at(self.bench, size, seed, held)
            for family in (family for family in FAMILIES if family in rungs):
                rung = _named(rungs[family], size, seed)
                if self.bench.journal.fact(self._key(rung, bench, held)) is None:
                    points.append(Point(rung, size, seed, held))
        return {point.name: one for point, one in zip(points, executor.start(points), strict=True)}

    def _known(
        self,
        family: Family,
        name: str,
        rung: Rung,
        size: Size,
        seed: int,
        bench: StudyBench,
        going: Going[tuple[Run, str] | str] | None,
    ) -> LabelRun:
        journal, key = self.bench.journal, self._key(rung, bench, self.plan.held[seed])
        if going is None:
            known: dict[str, Any] = journal.fact(key)
            return LabelRun(**known)
        made = going.result()
        counts = (family, name, size.labels, len(bench.train), len(bench.dev), seed)
        if isinstance(made, str):
            return LabelRun(*counts, None, 0, note=made)
        run, note = made
        if not run.estimate.n:
            return LabelRun(*counts, None, 0, run.failures, "every call failed")
        items = len(set(clusters([record.example for record in run.records if record.score is not None])))
        one = LabelRun(*counts, run.estimate.value, items, run.failures, note)
        if not run.failures:
            journal.set_fact(key, asdict(one))
        return one

    @cached_property
    def _steps(self) -> list[str]:
        """The rows of the tasks that a chain's steps are: their labels, fields and wording come of them."""
        tasks = [self.bench.task.folder / step.task for step in self.bench.task.chain if step.task]
        return [prepare(load_task(path)).splits.sha256 for path in tasks]

    def _key(self, rung: Rung, bench: StudyBench, held: Sequence[Example]) -> str:
        """Everything that a run is made of."""
        evaluator = bench.evaluator
        rows = [[(e.input, e.output) for e in part] for part in (bench.train, bench.dev, held)]
        metric = [evaluator.metric_name, evaluator.metric_id]
        others = named_models(rung.spec.options)
        asked = [spec for spec in (self.begin.model, rung.model, rung.found_on, *others) if spec]
        start = [self.begin.id, *(bench.model_of(spec).identity for spec in asked)]
        told = [bench.task.model_dump(mode="json", include=set(TOLD)), *_files(rung.spec.options, bench.task), *self._steps]
        return (
            f"curve {content_hash([rung.name, rung.spec.name, rung.spec.options, bench.seed, start, metric, rows, told])}"
        )


def _files(options: Mapping[str, Any], task: Task) -> list[str]:
    """What is in the files that options and a chain's steps name: a prompt, inputs without labels, another task."""
    names = [value for value in (*_texts(options), *(step.task for step in task.chain)) if value]
    found = [task.folder / name for name in names]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in found if _is_file(path)]


def _is_file(path: Path) -> bool:
    """Whether it names a file: a text, such as a prompt, is no name, and too long to be one."""
    try:
        return path.is_file()
    except OSError:
        return False


def _texts(options: Mapping[str, Any]) -> list[str]:
    inner = [text for value in options.values() if isinstance(value, Mapping) for text in _texts(value)]
    return [*(value for value in options.values() if isinstance(value, str)), *inner]


def _named(rung: Rung, size: Size, seed: int) -> Rung:
    """The rung under a name of its own: what it tries is no part of the study's own rung."""
    return replace(rung, name=f"{rung.name}, {size.labels:,} labels, seed {seed}")


def own_runs(outcome: Outcome, splits: Splits) -> list[LabelRun]:
    """What the study itself measured of its champions with all labels, on the whole of test."""
    found = []
    for family, contender in outcome.decided.champions.items():
        run = outcome.runs[contender.id]
        scored = [record.example for record in run.records if record.score is not None]
        if scored and len(run.records) == len(splits.test):
            train, dev, items = len(splits.train), len(splits.dev), len(set(clusters(scored)))
            value = run.estimate.value
            own = LabelRun(family, contender.name, train + dev, train, dev, OWN, value, items, run.failures, split="test")
            found.append(own)
    return found
