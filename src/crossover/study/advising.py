"""What is known of a task file, a data file or a study, for advice; and the cheapest experiment that would settle it.

No model is opened, and torch is not loaded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from crossover.data.finding import raise_on_errors
from crossover.data.huggingface import is_huggingface
from crossover.data.infer import Prepared, prepare
from crossover.data.load import ending_of, holds_rows
from crossover.data.metric import is_file
from crossover.data.sketch import in_folds, sketch
from crossover.data.task import Task, load_task
from crossover.data.textfile import check_reach
from crossover.data.yamlfile import Dumper
from crossover.decision.advice import ENOUGH, FEW, Expected
from crossover.decision.resolution import resolution
from crossover.decision.situation import Situation, situation
from crossover.errors import OptionError, StudyError, TaskError
from crossover.models.open import runs_elsewhere
from crossover.study.folder import StudyFolder, read_json, write_text
from crossover.study.read import read_results
from crossover.study.results import Results

MINUTES = 20
CONTROL, PROMPTS, TUNED, BOTH = "nearest_neighbour", ("zero_shot", "instruction", "few_shot"), "lora", "instruction+lora"


@dataclass(frozen=True)
class Known:
    """What advice is given on: a situation, and the task with its data or the study that it was read from."""

    situation: Situation
    prepared: Prepared | None = None
    results: Results | None = None


@dataclass(frozen=True)
class Experiment:
    """A task file in the making. `said`: what it climbs, and what it can show; `strategies` as it lists them."""

    task: Task
    strategies: tuple[str, ...]
    said: tuple[str, ...]

    def text(self, folder: Path) -> str:
        """The task file, as it is written into `folder`."""
        return _text(self, folder)

    def write(self, path: Path) -> Path:
        """Write it to a new file. Raises `OptionError` where something is there, or the data are in memory only."""
        if self.task.tables is not None:
            raise OptionError("the data are in this program's memory: save them to a file, and name that")
        if os.path.lexists(path):
            raise OptionError(f"{path} exists already: name another file, nothing is replaced")
        if path.suffix.lower() not in (".yaml", ".yml"):
            raise OptionError(f"{path}: a task file's name ends in .yaml or .yml")
        write_text(path, self.text(path.parent))
        return path


def known_of(source: Path | Task | None, **answers: Any) -> Known:
    """What is known: of a task file, a data file, a study's folder or a `Task`, and what else was answered, which counts.

    Raises `CrossoverError` for a source that cannot be read, and for an answer that is not valid.
    """
    given = {name: value for name, value in answers.items() if value is not None}
    if source is None:
        return Known(situation(**given))
    if isinstance(source, Path):
        check_reach(source, TaskError)
    if isinstance(source, Path) and (source.is_dir() or StudyFolder(source).begun):
        results = read_results(source)
        return Known(situation(**{**of_study(results), **given}), results=results)
    if isinstance(source, Path):
        prepared = _sketched(source) if _is_data(source) else prepare(load_task(source))
    else:
        prepared = prepare(source)
    raise_on_errors(prepared.findings)
    return Known(situation(**{**_of_task(prepared), **given}), prepared)


def _is_data(path: Path) -> bool:
    """Whether a file holds rows; a task file may be JSON too."""
    if ending_of(path) != ".json":
        return holds_rows(path)
    try:
        return isinstance(read_json(path), list)
    except StudyError:
        return False


def _sketched(path: Path) -> Prepared:
    """A task for a data file, with a drafted instruction."""
    made = sketch(path)
    task = made.prepared.task
    if task.instruction or not made.draft:
        return made.prepared
    drafted = f"instruction: a draft, “{made.draft}”; say it in your own words"
    changes = {"instruction": made.draft, "assumptions": (*task.assumptions, drafted)}
    return replace(made.prepared, task=task.model_copy(update=changes))


def experiment(known: Known, expected: Expected) -> Experiment | None:
    """The cheapest study that would settle it; None where there are no data yet, or a study is there already."""
    if known.prepared is None:
        return None
    prepared, fewer = in_folds(known.prepared.task, known.prepared)
    task, splits, s = prepared.task, prepared.splits, known.situation
    train = len(splits.train)
    tunes = s.access != "api" and not runs_elsewhere(task.model) and (train >= FEW // 2 or expected != "prompt")
    both = tunes and train >= 2 * FEW
    chain = ("chain",) if task.chain else ()
    strategies = (CONTROL, *PROMPTS, *chain, *((TUNED,) if tunes else ()), *((BOTH,) if both else ()))
    said = [f"It climbs {', '.join(strategies)}, in at most {task.limits.minutes or MINUTES:g} minutes."]
    if not tunes:
        said.append("It tunes nothing: " + ("weights cannot be changed." if s.access == "api" else "the rows are too few."))
    elif train < ENOUGH:
        said.append("Near break-even only a measurement tells, and it may go either way.")
    tested = splits.all if splits.folds else splits.test
    shown = resolution(len(tested), splits.cut, len(splits.folds))
    said += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in (*fewer, *shown)]
    return Experiment(task, strategies, tuple(said))


def _of_task(prepared: Prepared) -> dict[str, Any]:
    task, splits = prepared.task, prepared.splits
    if task.limits.data_stays_here and runs_elsewhere(task.model):
        raise OptionError(
            f"limits.data_stays_here is true, and the model '{task.model}' runs elsewhere; valid: a local model, or the"
            " limit false"
        )
    return {
        "rows": len(splits.all),
        "train": len(splits.train),
        "kind": task.kind,
        "labels": max(2, len(task.labels)) if task.kind == "classify" else None,
        "access": "api" if runs_elsewhere(task.model) else None,
        **_limits(task),
    }


def of_study(results: Results) -> dict[str, Any]:
    task, splits = results.task, results.decision["splits"]
    limits = task.get("limits") or {}
    return {
        "rows": splits["test"] if results.decision.get("folds") else sum(splits.values()),  # over folds all rows test
        "train": splits["train"],
        "kind": task["kind"],
        "labels": max(2, len(task["labels"])) if task["kind"] == "classify" else None,
        "access": _accessed(results),
        "private": limits.get("data_stays_here") or None,
        **{key: limits.get(key) or None for key in ("requests_per_month", "latency_p95_ms", "money")},
        "changes": _changes(limits.get("retrain_months")),
    }


def _accessed(results: Results) -> str | None:
    """What the study shows that may be done with its model: who tuned it could. Not known of a server that data may go to
    although they stay here."""
    own = results.task["model"]
    tuned = [c.model or own for c in results.candidates if c.family in ("weights", "hybrid") and c.dev]
    if tuned and not all(map(runs_elsewhere, tuned)):
        return "weights"
    if (results.task.get("limits") or {}).get("data_stays_here") or not runs_elsewhere(own):
        return None
    return "tuning_api" if tuned else "api"


def _limits(task: Task) -> dict[str, Any]:
    limits = task.limits
    found = {
        "private": limits.data_stays_here or None,
        "requests_per_month": limits.requests_per_month,
        "latency_p95_ms": limits.latency_p95_ms or None,
        "money": limits.money,
        "changes": _changes(limits.retrain_months),
    }
    return {key: value for key, value in found.items() if value is not None}


def _changes(months: float | None) -> str | None:
    """How often a task changes whose weights are tuned anew after so many months."""
    if months is None:
        return None
    return "weekly" if months <= 0.5 else "monthly" if months <= 2 else "yearly"


def _text(made: Experiment, folder: Path) -> str:
    task = made.task
    body = task.model_dump(mode="json", exclude_unset=True)
    for inferred in ("kind", "metric"):  # found by looking at the data
        body.setdefault(inferred, getattr(task, inferred))
    if body.pop("metric_options", None):
        body["metric"] = {task.metric: task.metric_options}
    if task.kind == "classify" and "labels" not in body:
        body["labels"] = list(task.labels)
    elif body.get("labels") and not any(body["labels"].values()):
        body["labels"] = list(body["labels"])
    body["name"] = f"{task.name}-first"[:100]
    body["strategies"] = list(made.strategies)
    body["limits"] = {"minutes": MINUTES, **body.get("limits", {})}
    moved = {key: value for key, value in _moved(task, folder).items() if key in body}
    if isinstance(moved.get("metric"), str) and task.metric_options:
        moved["metric"] = {moved["metric"]: task.metric_options}
    head = "# The cheapest experiment that would settle it, by crossover advise. Read it, then: crossover run\n"
    dumped = yaml.dump({**body, **moved}, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return head + str(dumped)


def _moved(task: Task, folder: Path) -> dict[str, Any]:
    """What names files beside the task file, as seen from another folder."""

    def seen(reference: str) -> str:
        if is_huggingface(reference):
            return reference
        where = (task.folder / reference).resolve()
        return Path(os.path.relpath(where, folder.resolve())).as_posix()

    data = task.data
    found: dict[str, Any] = {
        "data": seen(data) if isinstance(data, str) else {split: seen(name) for split, name in data.given().items()}
    }
    if isinstance(task.forgetting, list):
        found["forgetting"] = [seen(name) for name in task.forgetting]
    if task.chain:
        steps = [step.model_dump(mode="json", exclude_unset=True) for step in task.chain]
        found["chain"] = [{**step, **({"task": seen(step["task"])} if step.get("task") else {})} for step in steps]
    if task.metric and is_file(task.metric):
        file, _, name = task.metric.rpartition(":")
        found["metric"] = f"{seen(file)}:{name}"
    if (task.folder / task.model).exists():
        found["model"] = seen(task.model)
    return found
