"""The share of answers that equal the gold text, up to case, punctuation, articles, spaces and number format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.data.text import comparable
from crossover.metrics._text import normal, other_currency
from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score


@dataclass(frozen=True)
class ExactMatch:
    """Equality after SQuAD's normalisation (Rajpurkar et al. 2016), with numbers compared by value.

    "2,950", "2950" and "$2,950.00" agree; "3.5" and "35", "3-5" and "35", "C++" and "C", "$5" and "€5" do not. A decimal
    comma ("2.950,00") is not understood. Texts that are nothing but punctuation are compared as they are.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("classify", "generate")
    aggregate: ClassVar[Aggregate] = "mean"
    binary: ClassVar[bool] = True

    def score(self, gold: str, answer: str) -> Score:
        """1 when the normalised texts are equal, else 0."""
        right, given = normal(gold), normal(answer)
        if other_currency(gold, answer):
            return Score(0.0)
        return Score(float(right == given if right or given else comparable(gold) == comparable(answer)))
