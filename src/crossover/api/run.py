"""Run a study from Python: of a task file, of a `Task`, or of keyword arguments with the data at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossover.api.objects import with_objects
from crossover.api.study import Study
from crossover.data.memory import check_given
from crossover.data.task import Task, check_task, load_with_settings
from crossover.data.yamlfile import KeyPath, key_name
from crossover.errors import TaskError, shown
from crossover.report.page import write_report
from crossover.study.folder import StudyFolder, default_folder
from crossover.study.ladder import check_strategies
from crossover.study.listener import Listener, check_listener
from crossover.study.read import read_results
from crossover.study.registered import pinned
from crossover.study.run import run_task

NAME = "study"  # of a task that was given none
FROM_PYTHON = "a task made in Python"


def run_study(
    task: Task | Path | str | None = None,
    *,
    data: Any = None,
    out: Path | str | None = None,
    journal: str | None = None,
    on: str | None = None,
    listener: Listener | None = None,
    **keys: Any,
) -> Study:
    """Run or continue a study, write its report, and return it.

    `task`: a task file, a `Task`, or nothing where `keys` say it all: they are those of a task file (`input`, `output`,
    `model`, `strategies`, `limits`, ...) and stand in the place of the task's own; a model may be a chat model or runnable
    of LangChain's. `data`: a pandas DataFrame, a `datasets` data set, a list of mappings, a mapping of train, dev and test
    to such, or what a task file may name; it is hashed as a file is, and not kept. `out`: the study's folder, else
    `runs/NAME`, with another `model` than the task file's `runs/NAME-MODEL`. `journal`: the address of
    a PostgreSQL database for a new study's journal, which is else a file in its folder. `on`: "ray", or "ray:HOST:PORT" of
    the cluster that this machine is a node of: rungs are then climbed side by side. `listener` is told what happens
    (`study/listener.py`).

    Raises `CrossoverError`, in one sentence, for whatever can be mended.
    """
    if listener is not None:
        check_listener(listener)
    made, source, other = settled(task, data, keys)
    home = StudyFolder(default_folder(made, other)) if out is None else StudyFolder.at(out)
    folder = run_task(made, source, home, listener, (), journal, on)
    write_report(read_results(folder), folder.report)
    return Study(folder)


def settled(task: Task | Path | str | None, data: Any, keys: dict[str, Any]) -> tuple[Task, str, bool]:
    """The task that is asked for, checked; its file or what stands for one; whether its model is another than the file's.

    Raises `CrossoverError`.
    """
    if data is not None:
        check_given(data)
    given = {**with_objects(keys), **({} if data is None else {"data": data})}
    source, model = FROM_PYTHON, None
    place: Callable[[KeyPath], str] = key_name
    if isinstance(task, (str, Path)):
        loaded = load_with_settings(task)
        source, task, model = str(task), loaded.task, loaded.task.model
        place = key_name if "strategies" in given else loaded.place
    made = _made(task, given)
    check_task(made)
    check_strategies(made, place)
    made = pinned(made, place)
    return made, source, model is not None and made.model != model


def _made(task: Task | None, given: dict[str, Any]) -> Task:
    if task is None:
        return Task(**{"name": NAME, **given})
    if not isinstance(task, Task):
        raise TaskError(f"the task: received {shown(task)}; valid is a task file's path, or a Task")
    if not given:
        return task
    own = task.model_dump(exclude_unset=True) | {"folder": task.folder, "assumptions": task.assumptions}
    if "data" not in given and task.tables is not None:
        own["tables"] = task.tables
    if "metric" in given:
        own.pop("metric_options", None)
    return Task(**own | given)
