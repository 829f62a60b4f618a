"""How a task's answers are drawn: one of its labels, JSON of its fields, or text as long as its training answers need."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.data.schema import schema_of
from crossover.data.task import Task
from crossover.models.base import Model
from crossover.types import Decoding, Message


def decoding_for(task: Task, model: Model, outputs: Sequence[str]) -> Decoding:
    """The decoding for a task with the training answers `outputs`."""
    longest = max(model.count_tokens([Message("user", output)]) for output in outputs)
    tokens = min(max(int(1.25 * longest) + 4, 16), model.context_window // 2)
    labels = tuple(task.labels) if task.kind == "classify" else ()
    schema = schema_of(list(outputs)) if task.kind == "extract" and task.constrain else ""
    return Decoding(labels=labels, schema=schema, max_tokens=tokens, seed=task.seed)
