"""What the model itself says of the data, before anything is spent: texts too long for it, labels alike to it, answers
that it cannot give."""

from __future__ import annotations

from crossover.data.checks import check_lengths, check_tokens, check_written
from crossover.data.finding import Finding
from crossover.data.splits import Splits
from crossover.data.task import Task
from crossover.models.base import Model, Tunable, Writing
from crossover.types import Message


def fitting(task: Task, splits: Splits, model: Model) -> list[Finding]:
    """All of them."""
    return [*lengths(splits, model), *same_tokens(task, model), *unwritten(task, splits, model)]


def lengths(splits: Splits, model: Model) -> list[Finding]:
    """Inputs that exceed the model's window."""
    return check_lengths(splits.all, lambda text: model.count_tokens([Message("user", text)]), model.context_window, 1)


def same_tokens(task: Task, model: Model) -> list[Finding]:
    """Labels that are the same tokens; nothing where the model does not show its own."""
    if task.kind != "classify" or not isinstance(model, Tunable):
        return []
    return check_tokens(list(task.labels), lambda label: model.encode([Message("user", "x")], label)[0], task.model)


def unwritten(task: Task, splits: Splits, model: Model) -> list[Finding]:
    """Outputs that the model cannot write; labels are chosen, not written."""
    if task.kind == "classify" or not isinstance(model, Writing):
        return []
    return check_written(splits.all, model.written, task.model)
