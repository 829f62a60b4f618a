"""Relevance, shown beside every task metric: how similar an answer is to the gold output, whatever the metric says.

Semantic with an embedding model, lexical without; the scorer's name says which, so that no number passes for the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any, Protocol

from crossover.data.text import comparable
from crossover.data.words import words
from crossover.models.embedding import Embedder, find_embedder, need_embedder

FEW = 64  # texts whose vectors are kept


class Relevance(Protocol):
    """A similarity of gold and answer."""

    @property
    def name(self) -> str:
        """What is measured, for the report: "lexical relevance (...)" or "semantic relevance (MODEL)"."""
        ...

    def score(self, gold: Sequence[str], answers: Sequence[str]) -> list[float]:
        """One number in [0, 1] per pair; identical texts give exactly 1, an empty answer to a non-empty gold 0."""
        ...


def relevance_scorer(embedding: bool | None = None) -> Relevance:
    """The scorer to use. `embedding`: True for semantic, False for lexical, None for semantic where it is available.

    Semantic needs the extra `embeddings` and a local model (`models/embedding.py`). Raises `MissingExtra` or `OptionError`
    when semantic is asked for and cannot be had.
    """
    what = "semantic relevance"
    found = None if embedding is False else need_embedder(what) if embedding else find_embedder(what)
    return Semantic(found) if found else Lexical()


@dataclass(frozen=True)
class Lexical:
    """The mean of two cosines: of word counts, and of counts of character trigrams. Case and spacing do not matter."""

    name: str = "lexical relevance (word and character n-gram cosine)"

    def score(self, gold: Sequence[str], answers: Sequence[str]) -> list[float]:
        """One number in [0, 1] per pair."""
        return [_lexical(right, given) for right, given in zip(gold, answers, strict=True)]


@dataclass(frozen=True)
class Semantic:
    """The cosine of two sentence embeddings, not below 0."""

    embedder: Embedder

    @property
    def name(self) -> str:
        return f"semantic relevance ({self.embedder.name})"

    def score(self, gold: Sequence[str], answers: Sequence[str]) -> list[float]:
        """One number in [0, 1] per pair. Raises `OptionError` when the model does not load."""
        pairs = [(right.strip(), given.strip()) for right, given in zip(gold, answers, strict=True)]
        texts = sorted({text for right, given in pairs if right != given for text in (right, given) if text})
        vectors = _again(self.embedder, tuple(texts)) if len(texts) <= FEW else self.embedder.encode(texts)
        found = dict(zip(texts, vectors, strict=True))
        return [
            1.0 if right == given else _bounded(float(found[right] @ found[given])) if right and given else 0.0
            for right, given in pairs
        ]


@lru_cache(maxsize=1 << 9)  # labels come again in every run; by all that is encoded together, so that no bit differs
def _again(embedder: Embedder, texts: tuple[str, ...]) -> Any:
    return embedder.encode(texts) if texts else []


@lru_cache(maxsize=1 << 12)  # labels come in few pairs
def _lexical(gold: str, answer: str) -> float:
    right, given = comparable(gold), comparable(answer)
    if right == given:
        return 1.0
    parts = [_cosine(_trigrams(right), _trigrams(given))]
    spoken = Counter(words(right)), Counter(words(given))
    if any(spoken):
        parts.append(_cosine(*spoken))
    return sum(parts) / len(parts)


def _trigrams(text: str) -> Counter[str]:
    padded = f" {text} "
    return Counter(padded[i : i + 3] for i in range(len(padded) - 2))


def _cosine(a: Counter[str], b: Counter[str]) -> float:
    if not a or not b:
        return 0.0
    dot = sum(count * b[key] for key, count in a.items())
    return _bounded(dot / sqrt(sum(c * c for c in a.values()) * sum(c * c for c in b.values())))


def _bounded(value: float) -> float:
    return min(1.0, max(0.0, value))
