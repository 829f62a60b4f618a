"""Answers inputs with a finished study's candidate, through the same renderer and model as the measurement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.data.load import check_columns, load_rows, render_input
from crossover.data.memory import is_held, take
from crossover.data.rows import Row
from crossover.data.task import Task
from crossover.data.template import columns_of
from crossover.data.text import is_blank
from crossover.data.textfile import as_path
from crossover.engine.follow import follow
from crossover.engine.render import Renderer
from crossover.errors import DataError
from crossover.models.base import Model, replies_to_each
from crossover.study.folder import StudyFolder
from crossover.study.models import open_measured
from crossover.study.read import read_candidate, read_task
from crossover.types import Candidate, Reply, Request

NO_ANSWER = "the reply holds no answer, such as where its reasoning was cut off"


@dataclass(frozen=True)
class Answer:
    """`scores`: the log-probability of each label, where the model has them. With `error` set there is no answer."""

    input: str
    text: str
    scores: dict[str, float]
    milliseconds: float
    error: str | None


def texts_of(inputs: Any) -> list[str]:
    """One text, or several, as a list. Raises `DataError` for anything else, also for a table, whose items are the names
    of its columns."""
    if isinstance(inputs, Mapping) or hasattr(inputs, "columns") or hasattr(inputs, "column_names"):
        raise DataError(
            f"predict: received a {type(inputs).__name__}; valid is a text, or a list of texts; `predict_rows` answers the"
            " rows of a table"
        )
    texts = [inputs] if isinstance(inputs, str) else list(inputs) if isinstance(inputs, Iterable) else [inputs]
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None or None in texts:
        raise DataError(f"predict: received a {type(wrong).__name__}; valid is a text, or a list of texts")
    return texts


def inputs_of(task: Task, data: Any) -> list[str]:
    """The inputs of a file's rows, or of a table's in memory, by the task's `input`. Raises `DataError`."""
    if is_held(data) and not isinstance(data, Mapping):
        named, tables = take(data)
        name, rows = str(named), tables["all"]
    else:
        path = as_path(data, "the rows", DataError)
        name, rows = str(path), load_rows(path)
    check_columns(rows, columns_of(task.input), str(name))
    return [render_input(task, row) for row in rows]


@dataclass
class Predictor:
    """A candidate, its model and its renderer. `provisional`: the study was undecided."""

    name: str
    candidate: Candidate
    model: Model
    task: Task
    provisional: bool

    @classmethod
    def open(cls, place: StudyFolder | Path | str, name: str | None = None) -> Predictor:
        """The verdict's choice, or the candidate of that name. Raises `StudyError`, `ModelError`."""
        folder = StudyFolder.at(place)
        candidate, row = read_candidate(folder, name)
        task = read_task(folder)
        model = open_measured(folder, candidate, task.folder)
        return cls(row["name"], candidate, model, task, name is None and not row["chosen"])

    def __post_init__(self) -> None:
        self._renderer = Renderer(self.candidate.prompt)

    def render_row(self, row: Row) -> str:
        """The input text of a data row, by the task's `input`. Raises `DataError` for a missing column."""
        check_columns([row], columns_of(self.task.input), row.source)
        return render_input(self.task, row)

    def answer(self, inputs: str | Sequence[str]) -> list[Answer]:
        """Answer a batch of inputs, in order. A blank one, of which none was measured, is not asked: it gets an error.

        Raises `DataError` for what is no text, `ModelError` for a model that gives no reply to each.
        """
        labels, inputs = self.candidate.decoding.labels, texts_of(inputs)
        asked = [text for text in inputs if not is_blank(text)]
        answered = iter(follow(self.candidate, self._renderer, asked, self._complete))
        found = []
        for text in inputs:
            if is_blank(text):
                found.append(Answer(text, "", {}, 0.0, "the input is empty"))
                continue
            one = next(answered)
            scores = dict(zip(labels, one.reply.label_scores, strict=True)) if one.reply.label_scores else {}
            error = NO_ANSWER if one.says_nothing else one.reply.error
            found.append(Answer(one.text, one.answer, scores, 1000 * one.reply.usage.seconds, error))
        return found

    def _complete(self, requests: Sequence[Request]) -> list[Reply]:
        return replies_to_each(self.model.complete(requests), requests, self.model)
