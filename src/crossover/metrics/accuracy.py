"""The share of answers that equal the gold label, case, outer white space and invisible marks aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.data.text import caseless
from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score


@dataclass(frozen=True)
class Accuracy:
    """Equality after trimming, composing (NFC) and case-folding; nothing else is forgiven."""

    kinds: ClassVar[tuple[Kind, ...]] = ("classify", "generate")
    aggregate: ClassVar[Aggregate] = "mean"
    binary: ClassVar[bool] = True

    def score(self, gold: str, answer: str) -> Score:
        """1 when both are the same label, else 0."""
        return Score(float(caseless(gold) == caseless(answer)))
