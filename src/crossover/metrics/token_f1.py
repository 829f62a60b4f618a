"""How many words gold and answer share: the F1 of their bags of words, as in SQuAD."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from crossover.data.text import comparable
from crossover.metrics._text import tokens
from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score


@dataclass(frozen=True)
class TokenF1:
    """SQuAD's token F1 (Rajpurkar et al. 2016) over words as in `exact_match`; in Chinese or Thai over letters."""

    kinds: ClassVar[tuple[Kind, ...]] = ("generate",)
    aggregate: ClassVar[Aggregate] = "mean"
    binary: ClassVar[bool] = False

    def score(self, gold: str, answer: str) -> Score:
        """2 x shared words / (words of gold + words of answer); without any word in either: equality when trimmed."""
        right, given = tokens(gold), tokens(answer)
        if not right and not given:
            return Score(float(comparable(gold) == comparable(answer)))
        shared = (Counter(right) & Counter(given)).total()
        return Score(2 * shared / (len(right) + len(given)))
