"""What a metric is: it scores one answer. How scores become one number over a split is `evaluation/aggregate.py`."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, runtime_checkable

from crossover.errors import MetricError, shown
from crossover.types import Kind, Reply, Request, Score

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

    `model`: the model that judges, as in a task file; empty for the task's own.
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
    """A metric's score of one answer. Raises `MetricError` for what is no score, and for one that its own word excludes:
    part of a point where it is right-or-wrong, or no counts where its aggregate is an F1 over them."""
    found: object = metric.score(gold, answer)
    what = f"the metric {getattr(metric, 'name', '') or type(metric).__name__}"
    if not isinstance(found, Score) or not _from_0_to_1(found.value):
        given = f"a Score of {shown(found.value)}" if isinstance(found, Score) else shown(found)
        raise MetricError(f"{what} gave {given}; valid is a Score with a value from 0 to 1")
    if metric.binary and found.value not in (0, 1):
        raise MetricError(f"{what} gave {shown(found.value)}; valid is 0 or 1, as its binary says")
    # an F1 over no counts is 1, so a wrong answer has some, but for what cannot be read where gold has none either
    counted = bool(found.counts) or found.value == 1
    if metric.aggregate != "mean" and not counted and (found.valid or metric.score(gold, gold).counts):
        raise MetricError(
            f"{what} gave a Score without counts; valid is one with them, as its aggregate {metric.aggregate} needs"
        )
    return found


def _from_0_to_1(value: object) -> bool:
    try:
        return bool(0 <= value <= 1)  # type: ignore[operator]
    except (TypeError, ValueError):  # a text, nothing, or an array of several
        return False
