"""Whether a macro F1 rests on labels that hardly any test item has: it counts each label alike, however few are there."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from crossover.metrics.base import Aggregate
from crossover.types import Score

FEW = 4  # items; where half of the labels have fewer, intervals held the truth in as few as 87 % (`benchmarks/LOG.md`)


def thin(scores: Sequence[Score | None], aggregate: Aggregate) -> str | None:
    """A clause where half of the labels that occur have fewer than `FEW` of the items, or None.

    Labels that are answered and that no item has count too.
    """
    if aggregate != "macro_f1":
        return None
    items: dict[str, int] = {}
    for score in scores:
        for label, counts in score.counts.items() if score is not None else ():
            items[label] = items.get(label, 0) + counts.tp + counts.fn
    if not items or median(items.values()) >= FEW:
        return None
    few = sum(count < FEW for count in items.values())
    return f"{few} of its {len(items)} labels have fewer than {FEW} items"
