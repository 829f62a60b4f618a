"""What only a model can say of the data: whether inputs fit its window, and labels differ in its tokens."""

from __future__ import annotations

from crossover.data.checks import Finding, check_lengths, check_tokens
from crossover.data.splits import Splits
from crossover.data.task import Task
from crossover.models.base import Model, Tunable
from crossover.types import Message


def model_findings(task: Task, splits: Splits, model: Model) -> list[Finding]:
    """Inputs that are too long for the model, and labels that its tokenizer cannot tell apart."""
    found = check_lengths(splits.all, lambda text: model.count_tokens([Message("user", text)]), model.context_window, 1)
    if task.kind == "classify" and isinstance(model, Tunable):
        tunable: Tunable = model
        found += check_tokens(list(task.labels), lambda label: tunable.encode([Message("user", "x")], label)[0], task.model)
    return found
