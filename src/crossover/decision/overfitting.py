"""Whether tuning taught a candidate its training rows by heart: it gained more on them than on others, beyond chance.

That a tuned candidate is better on its training rows than elsewhere is normal, and so is a test split that is harder than
train: what counts is how much more tuning gained there than it gained here, on the same rows, over the same prompt untuned.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossover.data.clusters import clusters
from crossover.decision.numbers import difference, percent
from crossover.evaluation.paired import contrast
from crossover.metrics.base import Metric
from crossover.types import Run


@dataclass(frozen=True)
class Sides:
    """A candidate's runs: on training rows, and on rows that it was not tuned on (test, or else dev)."""

    train: Run
    other: Run


def overfitted(name: str, tuned: Sides, untuned: Sides, metric: Metric, margin: float, seed: int) -> str | None:
    """What is said where the gain on training rows exceeds that on others by more than the margin, with its whole 95 %
    interval; else None. Each split's two runs are of the same rows.
    """
    here, there = (
        (
            [record.score for record in one.records],
            [record.score for record in other.records],
            clusters([record.example for record in one.records]),
        )
        for one, other in ((tuned.train, untuned.train), (tuned.other, untuned.other))
    )
    found = contrast(here, there, metric.aggregate, seed)
    if found is None or found.low <= margin or found.here <= 0:
        return None
    on_train = _moved(untuned.train, tuned.train, "its training rows")
    other = tuned.other.split
    on_other = _moved(untuned.other, tuned.other, other)
    fell = "but it fell " if found.there < 0 else "and "
    return (
        f"{name} overfits: tuning took it {on_train}, {fell}{on_other}; that is"
        f" {difference(found.difference, found.low, found.high)} points more where it had seen the answers"
        + ("; what to expect of it is what it reaches on test" if other == "test" else "")  # dev chose it
    )


def _moved(before: Run, after: Run, rows: str) -> str:
    return f"from {percent(before.estimate.value)} to {percent(after.estimate.value)} on {rows}"
