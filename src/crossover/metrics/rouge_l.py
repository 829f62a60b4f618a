"""The longest common subsequence of words, as F1 (ROUGE-L): shared content in shared order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rouge_score.rouge_scorer import RougeScorer

from crossover.data.text import comparable, folded
from crossover.data.words import words
from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score


class _Words:
    """Words of any script, with their marks. The package's own tokenizer drops all but a-z and 0-9."""

    def tokenize(self, text: str) -> list[str]:
        return words(folded(folded(text).lower()))


_WORDS = _Words()
_SCORER = RougeScorer(["rougeL"], tokenizer=_WORDS)


@dataclass(frozen=True)
class RougeL:
    """ROUGE-L F1 (Lin 2004) of the package rouge-score, without stemming; the same as there for plain English."""

    kinds: ClassVar[tuple[Kind, ...]] = ("generate",)
    aggregate: ClassVar[Aggregate] = "mean"
    binary: ClassVar[bool] = False

    def score(self, gold: str, answer: str) -> Score:
        """F1 of the longest common subsequence; without any word in either: equality when trimmed."""
        if not _WORDS.tokenize(gold) and not _WORDS.tokenize(answer):
            return Score(float(comparable(gold) == comparable(answer)))
        return Score(float(_SCORER.score(gold, answer)["rougeL"].fmeasure))
