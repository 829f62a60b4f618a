"""Which texts are alike: by their words (TF-IDF), or by their meaning (sentence embeddings)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

from crossover.data.text import comparable
from crossover.data.words import words
from crossover.errors import OptionError
from crossover.models.embedding import Embedder, need_embedder

WORDS = "words"
BLOCK = 1 << 22  # similarities that are held at once


class Index(Protocol):
    """Some texts, to be ordered by their likeness to others."""

    def order(self, text: str) -> list[int]:
        """The indices of the texts, the most similar to `text` first; ties go to the earlier one."""
        ...

    def orders(self, texts: Sequence[str], most: int) -> Iterator[list[int]]:
        """The first `most` of each text's order, found for many at once."""
        ...


@lru_cache(maxsize=4)  # prompts that show more or fewer of the same pool share its index
def index_by(likeness: str, texts: tuple[str, ...]) -> Index:
    """An index by "words", or by the embedding model of that name. Raises `MissingExtra`, or `OptionError`."""
    if likeness == WORDS:
        return WordIndex(texts)
    embedder = need_embedder("nearest demonstrations by meaning")
    if embedder.name != likeness:
        raise OptionError(
            f"the demonstrations were picked by the embedding model '{likeness}', and here is '{embedder.name}'"
        )
    return MeaningIndex(texts, embedder)


class WordIndex:
    """TF-IDF vectors over words of any script, and pairs of them. Texts without one word are compared by their characters.

    Texts are taken as duplicates are: composed, without invisible marks, in any case.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer: Any = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, preprocessor=comparable, tokenizer=words, token_pattern=None
        )
        try:
            self.matrix: Any = self._vectorizer.fit_transform(texts)
        except ValueError:
            self._vectorizer = TfidfVectorizer(analyzer="char", preprocessor=comparable)
            self.matrix = self._vectorizer.fit_transform(texts)

    def order(self, text: str) -> list[int]:
        (found,) = self.orders([text], self.matrix.shape[0])
        return found

    def orders(self, texts: Sequence[str], most: int) -> Iterator[list[int]]:
        step = max(1, BLOCK // self.matrix.shape[0])
        for first in range(0, len(texts), step):
            alike = (self.matrix @ self._vectorizer.transform(texts[first : first + step]).T).toarray()
            for column in alike.T:
                yield _first_best(column, 9)[:most]


class MeaningIndex:
    """Vectors of a sentence embedding model."""

    def __init__(self, texts: Sequence[str], embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors = self._embedder.encode(texts)
        self._known: dict[str, Any] = {}  # vectors of what was asked: prompts with more or fewer demonstrations ask alike

    def order(self, text: str) -> list[int]:
        (found,) = self.orders([text], len(self._vectors))
        return found

    def orders(self, texts: Sequence[str], most: int) -> Iterator[list[int]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(new, self._embedder.encode(new) if new else (), strict=True)
        for text in texts:
            yield _first_best(self._vectors @ self._known[text], 5)[:most]


def _first_best(similarity: Any, digits: int) -> list[int]:
    """Rounded, so that a tie is a tie on every machine."""
    import numpy

    return [int(i) for i in numpy.argsort(-similarity.round(digits), kind="stable")]
