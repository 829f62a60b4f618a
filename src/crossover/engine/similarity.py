"""Which texts are alike: by their words (TF-IDF), or by their meaning (sentence embeddings)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

from crossover.data.text import comparable
from crossover.data.words import words
from crossover.errors import OptionError
from crossover.models.embedding import Embedder, need_embedder

WORDS = "words"
REMEMBERED = 1 << 14  # vectors of what was asked


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
    """TF-IDF vectors over words and pairs of them, and their cosines: an inverted index (Zobel and Moffat 2006).

    A term's weight is (1 + ln count) (1 + ln((1 + texts) / (1 + texts that have it))), vectors have the length 1. Where no
    text has a word, characters are compared, by their count. Texts are taken as duplicates are: composed, in any case.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        import numpy

        self._terms, self._damped = _words_and_pairs, True
        if not any(words(text) for text in texts):
            self._terms, self._damped = _characters, False
        self._known: dict[str, int] = {}
        columns: list[int] = []
        counts: list[int] = []
        lengths: list[int] = []
        for text in texts:
            counted = Counter(self._terms(text))
            columns += [self._known.setdefault(term, len(self._known)) for term in counted]
            counts += counted.values()
            lengths.append(len(counted))
        self._size, column = len(texts), numpy.array(columns, dtype=numpy.int64)
        row, texts_with = (
            numpy.repeat(numpy.arange(self._size), lengths),
            numpy.bincount(column, minlength=len(self._known)),
        )
        self._rarity: Any = numpy.log((1 + self._size) / (1 + texts_with)) + 1
        weight = self._weights(numpy.array(counts, dtype=float), column)
        weight /= numpy.sqrt(numpy.bincount(row, weight**2, minlength=self._size))[row]
        self._ends = numpy.cumsum([0, *lengths])
        self._vectors: tuple[Any, Any] = column, weight
        by_term = numpy.argsort(column, kind="stable")
        self._starts: Any = numpy.cumsum([0, *texts_with])
        self._postings: tuple[Any, Any] = row[by_term], weight[by_term]

    def order(self, text: str) -> list[int]:
        (found,) = self.orders([text], self._size)
        return found

    def orders(self, texts: Sequence[str], most: int) -> Iterator[list[int]]:
        import numpy

        for text in texts:
            counted = Counter(term for term in self._terms(text) if term in self._known)
            column = numpy.array([self._known[term] for term in counted], dtype=numpy.int64)
            weight = self._weights(numpy.array([*counted.values()], dtype=float), column)
            length = numpy.sqrt((weight**2).sum()) or 1.0
            yield largest_first(self._alike(column, weight / length), 9, most)

    def likeness(self, index: int) -> Any:
        """The cosines of all texts with one of them: (texts,)."""
        own = slice(self._ends[index], self._ends[index + 1])
        return self._alike(self._vectors[0][own], self._vectors[1][own])

    def centrality(self) -> Any:
        """The sum of each text's cosines with all: (texts,)."""
        import numpy

        column, weight = self._vectors
        total = numpy.bincount(column, weight, minlength=len(self._known))
        row = numpy.repeat(numpy.arange(self._size), numpy.diff(self._ends))
        return numpy.bincount(row, weight * total[column], minlength=self._size)

    def _weights(self, counts: Any, column: Any) -> Any:
        import numpy

        return (1 + numpy.log(counts) if self._damped else counts) * self._rarity[column]

    def _alike(self, column: Any, weight: Any) -> Any:
        import numpy

        found = numpy.zeros(self._size)
        rows, weights = self._postings
        for term, own in zip(column, weight, strict=True):
            posted = slice(self._starts[term], self._starts[term + 1])
            found[rows[posted]] += own * weights[posted]  # a text stands once in each
        return found


def _words_and_pairs(text: str) -> list[str]:
    found = words(comparable(text))
    return found + [f"{first} {second}" for first, second in pairwise(found)]


def _characters(text: str) -> list[str]:
    return list(comparable(text))


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
        if len(self._known) > REMEMBERED:
            self._known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(new, self._embedder.encode(new) if new else (), strict=True)
        for vector in [self._known[text] for text in texts]:
            yield largest_first(self._vectors @ vector, 5, most)


def largest_first(similarity: Any, digits: int, most: int) -> list[int]:
    """The places of the `most` largest values, the largest first, of equal ones the earlier first. Rounded, so that a tie
    is a tie on every machine; only those that may be among them are sorted."""
    import numpy

    falling = -similarity.round(digits)
    if not 0 < most < len(falling):
        return [int(i) for i in numpy.argsort(falling, kind="stable")[:most]]
    some = numpy.flatnonzero(falling <= numpy.partition(falling, most - 1)[most - 1])
    return [int(i) for i in some[numpy.argsort(falling[some], kind="stable")[:most]]]
