"""The mean over labels of each label's F1: every label counts the same, however rare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.data.text import caseless
from crossover.metrics.base import Aggregate
from crossover.types import Counts, Kind, Score


@dataclass(frozen=True)
class MacroF1:
    """Per label, from the summed counts; labels are compared after trimming, composing (NFC) and case-folding.

    `binary` is False although each value is 0 or 1: the aggregate is not their mean, so McNemar's test does not apply.
    An empty answer names no label: it is a miss of the gold label, and a false positive of none.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("classify",)
    aggregate: ClassVar[Aggregate] = "macro_f1"
    binary: ClassVar[bool] = False

    def score(self, gold: str, answer: str) -> Score:
        """1 when both are the same label, else 0; `counts` by label."""
        right, given = caseless(gold), caseless(answer)
        if right == given:
            return Score(1.0, {right: Counts(tp=1)})
        counts = {right: Counts(fn=1)}
        if given:
            counts[given] = Counts(fp=1)
        return Score(0.0, counts)
