"""What a metric is: it scores one answer. How scores become one number over a split is `evaluation/aggregate.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from crossover.errors import MetricError, shown
from crossover.types import Counts, Kind, Reply, Request, Score

Aggregate = Literal["mean", "micro_f1", "macro_f1"]


@runtime_checkable
class Metric(Protocol):
    """A frozen dataclass in `crossover/metrics/NAME.py`, or behind an entry point of group `crossover.metrics`.

    `aggregate` names how per-example scores become one number: the mean of `Score.value`, or an F1 over the summed
    `Score.counts` (micro: all classes or fields together; macro: the mean over classes). `kinds`: the tasks it suits.
    `binary`: True when `value` is only ever 0 or 1, so that the exact McNemar test applies.
    """

    kinds: ClassVar[tuple[Kind, ...]]
    aggregate: ClassVar[Aggregate]
    binary: ClassVar[bool]

    def score(self, gold: str, answer: str) -> Score:
        """Score one answer against the gold output. Pure: the same arguments give the same score."""
        ...


@runtime_checkable
class Judging(Metric, Protocol):
    """A metric whose scores are a model's replies; `score` is not asked. `evaluation/judging.py` asks, all at once.

    `model`: the model that judges, as in a task file; empty for the task's own. `grades`: the worst first. What one is
    worth, beside grades by hand, is what `verdict` makes of the bare grade; of a judge that does not read it, each step is
    the same.
    """

    model: str
    grades: tuple[str, ...]

    def request(self, question: str, gold: str, answer: str, answer_first: bool = False) -> Request:
        """What the model is asked about one answer. `answer_first`: the answer stands before the gold output."""
        ...

    def verdict(self, reply: Reply) -> Score | None:
        """The score in a reply; None where it states none."""
        ...


def score_of(metric: Metric, gold: str, answer: str) -> Score:
    """A metric's score of one answer, as `promised`, which for an F1 has counts. Raises `MetricError`."""
    found = promised(metric, metric.score(gold, answer), on_pair(gold, answer))
    # an F1 over no counts is 1, so a wrong answer has some, but for what cannot be read where gold has none either
    counted = bool(found.counts) or found.value == 1
    if metric.aggregate != "mean" and not counted and (found.valid or metric.score(gold, gold).counts):
        raise MetricError(
            f"{_called(metric)} gave a Score without counts{on_pair(gold, answer)}; valid is {_with_counts(metric)}"
        )
    return found


def promised(metric: Metric, found: object, where: str = "") -> Score:
    """What a metric gave, its value a float. Raises `MetricError` for what is no score, and for one that its own word
    excludes: part of a point where it is right-or-wrong, or counts that cannot be summed. `where`: on what it gave that."""
    if not isinstance(found, Score) or not is_share(found.value):
        given = f"a Score of {shown(found.value)}" if isinstance(found, Score) else shown(found)
        mean = getattr(metric, "takes", "a Score with a value from 0 to 1")
        valid = mean if metric.aggregate == "mean" or isinstance(found, Score) else _with_counts(metric)
        raise MetricError(f"{_called(metric)} gave {given}{where}; valid is {valid}")
    if metric.binary and found.value not in (0, 1):
        valid = "0 or 1, as its binary (of a function: its return type) says"
        raise MetricError(f"{_called(metric)} gave {shown(found.value)}{where}; valid is {valid}")
    if metric.aggregate != "mean" and not _can_be_summed(found.counts):
        raise MetricError(
            f"{_called(metric)} gave a Score with the counts {shown(found.counts)}{where}; valid are Counts of whole"
            " numbers by the names of classes or fields"
        )
    return replace(found, value=float(found.value))


def is_share(value: object) -> bool:
    """Whether a value is a number from 0 to 1."""
    try:
        return not isinstance(value, (str, bytes, bytearray)) and 0 <= float(value) <= 1  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError, ArithmeticError):  # nothing, an array or a tensor, or beyond any float
        return False


def on_pair(gold: str, answer: str) -> str:
    """Behind what a metric did: on what."""
    return f", on the gold output {shown(gold)} and the answer {shown(answer)}"


def _called(metric: Metric) -> str:
    return f"the metric {getattr(metric, 'name', '') or type(metric).__name__}"


def _with_counts(metric: Metric) -> str:
    return f"a Score with counts, as its aggregate {metric.aggregate} needs"


def _can_be_summed(counts: object) -> bool:
    return isinstance(counts, Mapping) and all(
        isinstance(one, Counts) and all(map(_is_count, (one.tp, one.fp, one.fn))) for one in counts.values()
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and int(value) >= 0  # also one of numpy's
