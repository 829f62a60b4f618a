"""A study of a task: run, or continued where it was left, or only planned."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crossover.data.infer import Prepared
from crossover.data.task import Task
from crossover.engine.journal import Journal
from crossover.errors import PromptError
from crossover.metrics.open import judge_of
from crossover.models.base import Model
from crossover.models.open import open_model
from crossover.study.asked import asked, opened
from crossover.study.conductor import Conductor
from crossover.study.folder import StudyFolder
from crossover.study.history import keep_given, with_kept_curve
from crossover.study.ladder import ladder
from crossover.study.listener import Listener, Quiet
from crossover.study.on_ray import cluster
from crossover.study.paying import paid_models
from crossover.study.preview import Preview
from crossover.study.progress import noted
from crossover.study.registered import keep_scores


def run_study(
    task_path: Path,
    out: Path | None = None,
    listener: Listener | None = None,
    model: str | None = None,
    settings: Sequence[str] = (),
    journal: str | None = None,
    on: str | None = None,
) -> StudyFolder:
    """Run or continue the study of a task file, and return its folder: decision.json is in it.

    `model`, and `settings` such as "limits.minutes=10": instead of the task file's. `out` None: `runs/NAME` in the current
    folder, or `runs/NAME-MODEL` with another model than the file's. `journal`, `on`: as `run_task` takes them. Raises
    `CrossoverError` for whatever the user can mend; where nothing was measured before, no folder is left behind.
    """
    task, usual = asked(task_path, model, settings)
    folder = StudyFolder(out or usual)
    given = {"--model": model, "--out": out}  # not where the journal is: the report goes to others
    options = tuple(word for name, value in given.items() if value is not None for word in (name, str(value)))
    options += tuple(word for setting in settings for word in ("--set", setting))
    return run_task(task, str(task_path), folder, listener, options, journal, on)


def run_task(
    task: Task,
    source: str,
    folder: StudyFolder,
    listener: Listener | None = None,
    options: Sequence[str] = (),
    journal_at: str | None = None,
    on: str | None = None,
    prepared: Prepared | None = None,
) -> StudyFolder:
    """Run or continue the study of a checked task. `source`: its file, or what stands for one; `options`: of the command.
    `journal_at`: the address of the database that keeps a new study's journal, which is else a file in the folder. `on`:
    "ray" or "ray:HOST:PORT", the cluster whose workers climb rungs side by side; else this process does all. `prepared`:
    the task's rows, where they were read already.

    Raises as `run_study` does.
    """
    prepared, rule, models = opened(task, source, prepared, (listener or Quiet()).progress)
    with cluster(on, models) as workers, folder.kept_if_spent(), folder.locked():
        journal = folder.open_journal(journal_at)
        try:
            keep_given(journal, task)
            prepared = replace(prepared, task=with_kept_curve(journal, prepared.task))
            with noted(folder, listener or Quiet()) as told:
                Conductor(prepared, source, folder, journal, told, models, rule, tuple(options), workers).conduct()
        finally:
            try:
                if workers is not None:
                    workers.close()  # before another may begin here: what they are about still goes into the journal
            finally:
                journal.close()
        try:
            kept = keep_scores(folder, task)
        except PromptError as error:  # the verdict stands, whatever becomes of a file elsewhere
            kept = [f"warning: the prompt registry does not have the scores of this study: {error}"]
    for sentence in kept:
        (listener or Quiet()).say(sentence)
    return folder


def preview_study(
    task_path: Path, model: str | None = None, settings: Sequence[str] = (), listener: Listener | None = None
) -> Preview:
    """What `run_study` would take from its beginning. Nothing is measured but the speed of a model that runs here, and
    nothing is left behind. Raises as `run_study` does."""
    return preview_task(asked(task_path, model, settings)[0], str(task_path), listener)


def preview_task(task: Task, source: str, listener: Listener | None = None) -> Preview:
    """`preview_study` of a checked task. `source`: its file, or what stands for one."""
    prepared, rule, models = opened(task, source, None, (listener or Quiet()).progress)
    with tempfile.TemporaryDirectory(prefix="crossover-") as place:
        folder = StudyFolder(Path(place))
        journal = Journal(folder.journal)
        try:
            return Conductor(prepared, source, folder, journal, listener or Quiet(), models, rule, ()).preview()
        finally:
            journal.close()


def paid(task_path: Path, out: Path | None = None, model: str | None = None, settings: Sequence[str] = ()) -> list[str]:
    """The models of a study that is not begun yet whose calls cost money, or leave this machine. Raises as `run_study`."""
    task, usual = asked(task_path, model, settings)
    if StudyFolder(out or usual).journal.exists():
        return []

    def model_of(spec: str) -> Model:
        return open_model(spec, task.folder)

    return paid_models(task, judge_of(task), ladder(task, model_of(task.model), model_of)[0], model_of)
