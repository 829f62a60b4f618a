"""What a task file calls `metric` -> metric: a name that is installed, or a function or class in a file of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover import registry
from crossover.data.metric import is_file
from crossover.data.task import Task
from crossover.errors import OptionError
from crossover.metrics._file import FileMetric, open_file
from crossover.metrics.base import Judging, Metric
from crossover.types import Kind, content_hash


def open_metric(name: str, base: Path, options: Mapping[str, Any] | None = None) -> Metric:
    """The metric `name`, with its options. `base`: the folder that files are relative to.

    Raises `OptionError`, and `MetricError` for a file that cannot be used.
    """
    if is_file(name):
        return open_file(name, base, options)
    metric: Metric = registry.create("metrics", name, options)
    return metric


def metric_of(task: Task, where: str) -> Metric:
    """The metric of a task, which has to suit its kind. `where` opens a message. Raises `OptionError`, `MetricError`."""
    name = task.metric or "accuracy"
    named = task.metric_options.get("model")
    options = {**task.metric_options, "model": judge_of(task)} if isinstance(named, str) else task.metric_options
    try:
        metric = open_metric(name, task.folder, options)
    except OptionError as error:
        raise OptionError(f"{where}, key 'metric': {error}") from error
    if task.kind is not None and task.kind not in metric.kinds:
        raise OptionError(
            f"{where}: metric '{name}' does not suit kind '{task.kind}'; valid: {', '.join(suiting(task.kind))}"
        )
    return metric


def judge_of(task: Task) -> str:
    """The specification of the model that the metric's options name, also by its name among the task's; "" for none."""
    named = task.metric_options.get("model")
    return task.models[named].spec if isinstance(named, str) and named in task.models else str(named or "")


def suiting(kind: Kind) -> list[str]:
    """The installed metrics for a kind of task."""
    return [name for name in registry.names("metrics") if kind in registry.load("metrics", name).kinds]


def code_of(metric: Metric) -> tuple[Path, str] | None:
    """The user's file that a metric runs and its SHA-256; None for an installed one."""
    return (metric.path, metric.sha256) if isinstance(metric, FileMetric) else None


def fingerprint(metric: Metric, options: Mapping[str, Any]) -> str:
    """What a metric is beside its name: the SHA-256 of the user's file that it is in, and a hash of its options, with the
    judge that the task's models mean by a name and how it is asked: grades for another question are none for this one."""
    if isinstance(metric, Judging):
        asked = [message.content for message in metric.request("question", "gold", "answer").messages]
        options = {**options, "model": metric.model, "asked": asked}
    parts = [metric.sha256] if isinstance(metric, FileMetric) else []
    return " ".join([*parts, content_hash(options)] if options else parts)
