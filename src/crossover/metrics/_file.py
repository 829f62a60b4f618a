"""A metric in a file of the user's: `scorers.py:closeness`, a function or a class. Opening it runs the file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast, get_args

from crossover import registry
from crossover.data.metric import located
from crossover.data.pyfile import place_of, reason_of, run_file
from crossover.errors import MetricError, nearest
from crossover.metrics.base import Aggregate, Metric, is_share, on_pair
from crossover.types import Kind, Score


@dataclass(frozen=True)
class FileMetric:
    """What the file defines, as a metric; `score_of` holds it to its contract on every answer. `sha256`: of the file."""

    takes: ClassVar[str] = "a number from 0 to 1, true or false, or a Score"

    name: str
    path: Path
    sha256: str
    kinds: tuple[Kind, ...]
    aggregate: Aggregate
    binary: bool
    call: Callable[[str, str], Any] = dataclasses.field(compare=False)

    def score(self, gold: str, answer: str) -> Score:
        """What the user's code says, a number as a score. Raises `MetricError`, with file and line, where it raises."""
        try:
            found = self.call(gold, answer)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # an assertion of a test library may be no `Exception`
            raise MetricError(f"{place_of(error, self.path)}: {reason_of(error)}{on_pair(gold, answer)}") from error
        number = self.aggregate == "mean" and is_share(found)
        return Score(float(found)) if number else cast(Score, found)


def open_file(reference: str, base: Path, options: Mapping[str, Any] | None = None) -> Metric:
    """Run a metric's file and take out what `FILE.py:NAME` names; `base` is the folder that FILE is relative to.

    A function takes gold and answer and returns a number from 0 to 1, or true or false: its kinds are all, its aggregate
    the mean, and it is right-or-wrong where its return type is written as bool. A class is a metric as a plug-in is one
    (`metrics/base.py`), `options` its fields. Raises `MetricError`, naming file and line, and `OptionError`.
    """
    try:
        path, name = located(reference, base)
    except ValueError as error:
        raise MetricError(str(error)) from error
    module, digest = run_file(path, MetricError, "metric")
    found = getattr(module, name, None)
    if isinstance(found, type):
        metric = _of_class(found, reference, options)
        return cast(
            Metric,
            FileMetric(reference, path, digest, metric.kinds, metric.aggregate, metric.binary, metric.score),
        )
    if not callable(found):
        defined = [key for key, value in vars(module).items() if callable(value) and key == getattr(value, "__name__", "")]
        raise MetricError(
            f"{path} has no function or class '{name}'; {nearest(name, defined) if defined else 'it has none'}"
        )
    if options:
        raise MetricError(f"the metric {reference} is a function and has no options; valid are options of a class")
    written = getattr(found, "__annotations__", {}).get("return")
    function = FileMetric(reference, path, digest, get_args(Kind), "mean", written in (bool, "bool"), found)
    return cast(Metric, function)


def _of_class(found: type[Any], reference: str, options: Mapping[str, Any] | None) -> Metric:
    what = f"the metric {reference}"
    if not dataclasses.is_dataclass(found):
        found = dataclass(frozen=True)(found)
    metric = registry.made(found, what, options)
    absent = [name for name in ("kinds", "aggregate", "binary", "score") if not hasattr(metric, name)]
    if absent:
        raise MetricError(f"{what} does not declare {', '.join(absent)}; a class needs kinds, aggregate, binary and score")
    listed = isinstance(metric.kinds, (tuple, list, set, frozenset)) and all(one in get_args(Kind) for one in metric.kinds)
    if metric.aggregate not in get_args(Aggregate) or not listed or not isinstance(metric.binary, bool):
        valid = f"aggregate one of {', '.join(get_args(Aggregate))}, kinds among {', '.join(get_args(Kind))}"
        given = f"the aggregate {metric.aggregate!r}, the kinds {metric.kinds!r} and binary {metric.binary!r}"
        raise MetricError(f"{what} has {given}; valid: {valid}, binary True or False")
    return cast(Metric, metric)
