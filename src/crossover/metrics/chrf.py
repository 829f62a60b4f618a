"""Shared character n-grams (chrF): forgiving of inflection and spelling, for any script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sacrebleu.metrics.chrf import CHRF

from crossover.data.text import folded
from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score

_CHRF = CHRF()


@dataclass(frozen=True)
class Chrf:
    """Sentence chrF (Popović 2015) of sacrebleu with its defaults (n-grams to 6, beta 2), divided by 100."""

    kinds: ClassVar[tuple[Kind, ...]] = ("generate",)
    aggregate: ClassVar[Aggregate] = "mean"
    binary: ClassVar[bool] = False

    def score(self, gold: str, answer: str) -> Score:
        """chrF / 100; two texts without any letter are equal."""
        gold, answer = folded(gold), folded(answer)
        if not gold.strip() and not answer.strip():
            return Score(1.0)
        return Score(min(1.0, float(_CHRF.sentence_score(answer, [gold]).score) / 100))
