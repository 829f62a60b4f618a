"""The longest common subsequence of words, as F1 (ROUGE-L): shared content in shared order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from rouge_score.rouge_scorer import RougeScorer

from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score

_HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_HAN}]|(?:(?![{_HAN}])[^\\W_])+")


class _Words:
    """Words of any script; Chinese and Japanese by character. The package's own tokenizer drops all but a-z and 0-9."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.lower())


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
            return Score(float(gold.strip() == answer.strip()))
        return Score(float(_SCORER.score(gold, answer)["rougeL"].fmeasure))
