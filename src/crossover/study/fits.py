"""What the model itself says of the data, before anything is spent: texts too long for it, labels alike to it."""

from __future__ import annotations

from crossover.data.checks import Finding, check_lengths, check_tokens
from crossover.data.splits import Splits
from crossover.data.task import Task
from crossover.models.base import Model, Tunable
from crossover.types import Message


def lengths(splits: Splits, model: Model) -> list[Finding]:
    """Inputs that exceed the model's window."""
    return check_lengths(splits.all, lambda text: model.count_tokens([Message("user", text)]), model.context_window, 1)


def same_tokens(task: Task, model: Model) -> list[Finding]:
    """Labels that are the same tokens; nothing where the model does not show its own."""
    if task.kind != "classify" or not isinstance(model, Tunable):
        return []
    return check_tokens(list(task.labels), lambda label: model.encode([Message("user", "x")], label)[0], task.model)
