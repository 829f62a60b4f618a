"""One study on a draw of rows, and what its candidates are truly worth: on rows that it did not see. A process of its own.

python -m benchmarks.regret_study FILE        FILE: a job as JSON; the result is printed as the last line
"""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import crossover
from crossover.data.infer import prepare
from crossover.data.load import load_tables
from crossover.data.sketch import in_folds
from crossover.data.task import Task, load_task
from crossover.data.text import comparable
from crossover.engine.journal import Journal
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.base import Model
from crossover.study.folder import StudyFolder
from crossover.study.models import open_measured
from crossover.study.read import read_candidate, read_task

Scores = list[float | None]  # of each row; None where the call failed


@dataclass(frozen=True)
class Job:
    """`task`: a task file with train and test rows. `size`: labelled rows of the study, None for all of train.

    `folds`: None for what `crossover init` would propose, in `proposed` parts where it proposes any (None: in its own
    number). `strategies`: None for the default ladder. `truths`: the most rows that the truth is measured on.
    """

    part: str
    task: str
    model: str
    size: int | None
    draw: int
    folds: int | None
    proposed: int | None = None
    strategies: list[Any] | None = None
    truths: int | None = None
    minutes: float | None = None

    @property
    def name(self) -> str:
        """The name of a study's folder: everything that changes its result is in it, but the options of the run."""
        size = "all" if self.size is None else self.size
        form = "proposed" if self.folds is None else f"folds{self.folds}"
        return f"{self.part}-{Path(self.task).parent.name}-{Path(self.model).name}-{size}-{form}-{self.draw}"


def drawn(job: Job) -> tuple[Task, list[dict[str, Any]], list[dict[str, Any]]]:
    """The task, the study's rows, and rows that it does not see: all of test, and the rest of train."""
    task = load_task(Path(job.task))
    tables = {split: [row.fields for row in rows] for split, rows in load_tables(task).items()}
    train, test = list(tables["train"]), list(tables["test"])
    rng = random.Random(f"{task.name} {job.size} {job.draw}")
    rng.shuffle(train)
    rows, rest = (train, []) if job.size is None else (train[: job.size], train[job.size :])

    def text(row: dict[str, Any]) -> str:
        return comparable(str(row[task.input]))

    seen = {text(row) for row in rows}
    unseen = [row for row in (*test, *rest) if text(row) not in seen]
    return task, rows, unseen[: job.truths]


def run(job: Job, place: Path) -> dict[str, Any]:
    """The plan, the verdict and every candidate with its truth. Continued where the folder has a part of it."""
    began = time.perf_counter()
    task, rows, unseen = drawn(job)
    folds = job.folds
    if folds is None:
        single = _task(task, rows, job, None)
        proposed = len(in_folds(single, prepare(single))[0].splits.folds)
        folds = proposed and (job.proposed or proposed)
    own = _task(task, rows, job, folds or None)
    planned = crossover.plan(own).total
    study = crossover.run_study(own, out=place)
    known = truths(study.folder, _task(task, unseen, job, None), unseen)
    verdict, found = study.decision["verdict"], []
    for row in study.decision["candidates"]:
        if row["status"] == "failed" or row["same_as"]:
            continue
        truth, scores = known[row["id"]]
        kept = {key: row[key] for key in ("id", "name", "family", "status", "dev", "test")}
        found.append(kept | {"truth": truth, "scores": scores})
    chosen = verdict["choice"] or verdict["provisional"]
    spent = study.decision["spent"]
    return {
        **asdict(job),
        "name": job.name,
        "rows": len(rows),
        "unseen": len(unseen),
        "folds_used": folds,
        "chosen": next((c["name"] for c in found if c["id"] == chosen), None),
        "kind": verdict["kind"],
        "confidence": verdict["confidence"],
        "stated": verdict["regret"],
        "candidates": found,
        "comparisons": [pair for pair in study.decision["comparisons"] if pair["family"] == "verdict"],
        "calls": spent["calls"],
        "tokens": spent["tokens_in"] + spent["tokens_out"],
        "planned": {"calls": planned.calls, "tokens": planned.tokens_in + planned.tokens_out},
        "seconds": round(time.perf_counter() - began, 1),
    }


def _task(task: Task, rows: list[dict[str, Any]], job: Job, folds: int | None) -> Task:
    own = task.model_dump(exclude_unset=True, exclude={"data", "metric_options"})
    own |= {"data": rows, "model": job.model, "folds": folds, "forgetting": False, "seed": job.draw}
    own["limits"] = {"minutes": job.minutes} if job.minutes else {}
    if job.strategies is not None:
        own["strategies"] = job.strategies
    return Task(**own)


def truths(folder: StudyFolder, task: Task, unseen: list[dict[str, Any]]) -> dict[str, tuple[float, Scores]]:
    """By id, every candidate that could be shipped: the metric on rows that the study did not see, and their scores."""
    completed = read_task(folder)
    prepared = prepare(task.model_copy(update={"kind": completed.kind, "labels": completed.labels}))
    rows = prepared.splits.all
    models: dict[str, Model] = {}
    opening: list[Any] = []

    def model_of(spec: str) -> Model:
        if spec not in models:
            models[spec] = open_measured(folder, opening[-1], completed.folder)
        return models[spec]

    journal = Journal(folder.path / "truth.db")
    free = completed.model_copy(update={"limits": type(completed.limits)()})
    try:
        bench = open_bench(free, [], [], folder.path, journal, model_of, relevance_scorer(False))
        found = {}
        for row in folder.read_decision()["candidates"]:
            if row["status"] == "failed" or row["same_as"]:
                continue
            candidate, _ = read_candidate(folder, row["id"])
            opening.append(candidate)
            done = bench.evaluator.run(candidate, "test", rows)
            scores = [None if record.score is None else round(record.score.value, 4) for record in done.records]
            found[row["id"]] = done.estimate.value, scores
        return found
    finally:
        journal.close()


def main() -> int:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps(run(Job(**given["job"]), Path(given["place"]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
