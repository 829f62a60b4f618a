"""Advice before anything is measured, or beside a finished study, from Python."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from crossover.api.study import Study
from crossover.data.task import Task
from crossover.errors import OptionError
from crossover.report.advice import Advice, advice_of
from crossover.study.advising import known_of


def advise(task: Task | Study | Path | str | None = None, **answers: Any) -> Advice:
    """What published evidence expects of a task, with sources, and the cheapest experiment that would settle it.

    `task`: a task file, a data file, a study or its folder, a `Task`, or nothing. `answers`, which count before what is
    read: `rows`, `kind`, `labels`, `access` ("weights", "tuning_api", "api"), `private`, `requests_per_month`,
    `latency_p95_ms`, `money`, `changes` ("never", "yearly", "monthly", "weekly"), `consistency` ("high", "normal"), `skill`
    ("none", "some", "much"). No model is opened. Raises `CrossoverError` in one sentence.
    """
    if isinstance(task, Study):
        task = task.path
    if task is not None and not isinstance(task, (Task, PathLike, str)):
        raise OptionError(
            f"advise: received a {type(task).__name__}; valid is a task file, a data file, a study, or a Task"
        )
    return advice_of(known_of(Path(task) if isinstance(task, (str, PathLike)) else task, **answers))
