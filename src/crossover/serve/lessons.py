"""The rows to tune another model with: train, and dev as validation, rendered with a prompt that the study measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.data.finding import raise_on_errors
from crossover.data.infer import prepare
from crossover.data.splits import Splits
from crossover.data.task import Task, load_task
from crossover.engine.phrasing import phrasings, speaks
from crossover.engine.render import Renderer, lessons
from crossover.errors import OptionError
from crossover.models.base import Model
from crossover.models.open import open_model
from crossover.study.folder import StudyFolder
from crossover.study.freeze import frozen_splits
from crossover.study.read import read_candidate, read_task
from crossover.tuning.providers import Lesson
from crossover.types import Candidate, Decoding, Example, Prompt


@dataclass(frozen=True)
class Lessons:
    """`prompt`: a sentence on which prompt they are rendered with, and why. `model`: the task's, for its tokenizer.

    `held_back`: whether there is a test split, which is not among them.
    """

    task: str
    prompt: str
    train: tuple[Lesson, ...]
    validation: tuple[Lesson, ...]
    model: Model
    model_name: str
    held_back: bool = True


def gather(source: Path, name: str | None = None) -> Lessons:
    """The lessons of a finished study's folder, or of a task file; the test split is never among them.

    The prompt is that of the candidate `name`, else of the verdict's choice where it has one that can be taught, else the
    plain instruction. Raises `OptionError` for a candidate whose prompt cannot be taught, or one of a task file;
    `StudyError` for a folder without a finished study, or whose data are no longer those that were measured; `TaskError`
    and `DataError`.
    """
    if source.is_file():
        if name is not None:
            raise OptionError(f"{source} is a task file and has no candidate '{name}'; valid: the folder of a finished run")
        prepared = prepare(load_task(source))
        raise_on_errors(prepared.findings)
        task, splits = prepared.task, prepared.splits
        return _render(task, splits, _plain(task, splits), Decoding(), "the plain instruction")
    folder = StudyFolder(source)
    candidate, row = read_candidate(folder, name)
    task = read_task(folder)
    against = _against(candidate, row)
    if name is not None and against:
        raise OptionError(f"'{row['name']}' gives no training data: {against}; valid: a candidate with one prompt")
    splits = frozen_splits(folder, task)
    bare = not speaks(candidate.prompt) and not candidate.prompt.demonstrations
    if name is None and (against or bare):
        why = against or f"the verdict's choice, {row['name']}, has no prompt"
        return _render(task, splits, _plain(task, splits), Decoding(), f"the plain instruction, as {why}")
    chosen = "" if name else ", the verdict's choice" if row["chosen"] else ", the provisional choice of an undecided study"
    return _render(task, splits, candidate.prompt, candidate.decoding, f"the prompt of {row['name']}{chosen}")


def _against(candidate: Candidate, row: Mapping[str, Any]) -> str:
    """Why a candidate's prompt cannot be taught; empty where it can. `row`: its row of decision.json."""
    name = row["name"]
    if row["family"] == "control":
        return f"{name} is a control without a prompt"
    if candidate.prompt.steps:
        return f"{name} is a chain, and the data have no answers for its steps"
    if candidate.decoding.pattern:
        return f"{name} asks for steps before the answer, and the data have answers alone"
    return ""


def _plain(task: Task, splits: Splits) -> Prompt:
    return phrasings(task, splits.train)[0]


def _render(task: Task, splits: Splits, prompt: Prompt, decoding: Decoding, said: str) -> Lessons:
    renderer = Renderer(prompt)

    def of(examples: Sequence[Example]) -> tuple[Lesson, ...]:
        taught = lessons(renderer, decoding, examples)
        return tuple(Lesson(m, answer, e.source) for (m, answer), e in zip(taught, examples, strict=True))

    train = of(splits.train)
    known = {(lesson.messages[-1], lesson.answer) for lesson in train}
    validation = tuple(lesson for lesson in of(splits.dev) if (lesson.messages[-1], lesson.answer) not in known)
    return Lessons(task.name, said, train, validation, open_model(task.model, task.folder), task.model, bool(splits.test))
