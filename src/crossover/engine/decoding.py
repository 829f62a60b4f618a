"""How a task's answers are drawn: one of its labels, JSON of its fields, or text as long as its training answers need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossover.data.schema import schema_of
from crossover.data.task import Task
from crossover.models.base import Model
from crossover.types import Candidate, Decoding, Message


def decoding_for(task: Task, model: Model, outputs: Sequence[str]) -> Decoding:
    """The decoding for a task with the training answers `outputs`."""
    longest = max(model.count_tokens([Message("user", output)]) for output in outputs)
    tokens = min(max(int(1.25 * longest) + 4, 16), model.context_window // 2)
    labels = tuple(task.labels) if task.kind == "classify" else ()
    schema = schema_of(list(outputs)) if task.kind == "extract" and task.constrain else ""
    return Decoding(labels=labels, schema=schema, max_tokens=tokens, seed=task.seed)


def without_prompt(start: Candidate, task: Task, model: Model, outputs: Sequence[str]) -> Decoding:
    """A start's decoding without what belonged to its prompt, for one that takes another: calibration, words for labels,
    reasoning, and what a chain's last step asked for."""
    if start.decoding.pattern or start.prompt.steps:
        return decoding_for(task, model, outputs)
    return replace(start.decoding, label_bias=(), verbalizer=())


def on_another(found: Candidate, task: Task, model: Model, other: Model, outputs: Sequence[str]) -> Decoding:
    """The decoding of what was found on `model` as `other` answers with it: not calibrated, and answers as long as its own
    tokens need, but for a length that reasoning or a chain's last step was given."""
    own = found.decoding
    given = bool(own.pattern or found.prompt.steps) and own.max_tokens != decoding_for(task, model, outputs).max_tokens
    tokens = own.max_tokens if given else decoding_for(task, other, outputs).max_tokens
    return replace(own, label_bias=(), max_tokens=tokens)
