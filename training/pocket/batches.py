"""Episodes -> rows of tokens: drawn by a mixture that changes over the curriculum, packed so that none sees another."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from training.pocket import arithmetic, extraction, prose, rules
from training.pocket.corpus import Corpus
from training.pocket.pieces import Episode, Piece

TOKENS = 8192  # of a batch
# (row length, share of the batches): long rows hold many demonstrations, short ones cost less attention
LENGTHS = ((256, 0.4), (512, 0.35), (1024, 0.25))
READING = 10_000_000  # tokens of the first stage: meanings alone, in the lower layers alone
CURRICULUM = 3_500_000  # further tokens until the mixture is the final one
LEAST_ROOM = 48
# A label is a token or three, a JSON object twenty: without these the long answers would have all the say.
SAY = {"classify": 1.0, "stream": 1.0, "copy": 1.0, "task": 0.4, "extract": 0.4, "rule": 0.4, "sum": 1.0}
# which letters are blank; the last one stands for all behind it
SPACES = numpy.array([chr(letter).isspace() for letter in range(0x3001)] + [False])


@dataclass(frozen=True)
class Batch:
    """One step's tokens; the first four arrays are (rows, length)."""

    ids: NDArray[numpy.int64]
    weights: NDArray[numpy.float32]  # of predicting the token at this place from those before it
    places: NDArray[numpy.int64]  # position within the episode
    owners: NDArray[numpy.int64]  # which episode of the row; -1 for padding
    read_row: NDArray[numpy.int64]  # (meanings,) where a meaning is to be carried
    read_column: NDArray[numpy.int64]
    meaning: NDArray[numpy.int64]  # (meanings,) which of `vectors` it is
    vectors: NDArray[numpy.float32]  # (different meanings, 384)
    asked: NDArray[numpy.int64]  # (questions, 4): row, column, episode, class of each state that is to find its class
    named: NDArray[numpy.int64]  # (names, 4): the same of each option and answer that it may find


class Code(NamedTuple):
    """An episode's tokens and weights; (place, text) of its meanings; (place, class) of its questions and names."""

    tokens: list[int]
    weights: list[float]
    meanings: list[tuple[int, str]]
    asked: list[tuple[int, int]]
    named: list[tuple[int, int]]


class Mixer:
    """Draws batches. The same seed and number of batches drawn give the same batch."""

    def __init__(self, corpus: Corpus, tokenizer: Any, seed: int = 0, begin: int = READING) -> None:
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.seed = seed
        self.begin = begin  # tokens after which the curriculum starts

    def batch(self, number: int, seen: int) -> Batch:
        """The batch of this number, after `seen` tokens of training."""
        rng = random.Random(f"pocket-{self.seed}-{number}")
        reading = seen < READING
        progress = min(1.0, max(0, seen - self.begin) / CURRICULUM)
        length = LENGTHS[0][0] if reading else rng.choices([n for n, _ in LENGTHS], [share for _, share in LENGTHS])[0]
        rows = TOKENS // length
        ids = numpy.zeros((rows, length), dtype=numpy.int64)
        weights = numpy.zeros((rows, length), dtype=numpy.float32)
        places = numpy.zeros((rows, length), dtype=numpy.int64)
        owners = numpy.full((rows, length), -1, dtype=numpy.int64)
        read: list[tuple[int, int, int]] = []
        asked: list[tuple[int, int, int, int]] = []
        named: list[tuple[int, int, int, int]] = []
        for row in range(rows):
            for owner, (start, code) in enumerate(self._fill(rng, length, progress, reading)):
                end = start + len(code.tokens)
                ids[row, start:end], weights[row, start:end] = code.tokens, code.weights
                places[row, start:end], owners[row, start:end] = numpy.arange(len(code.tokens)), owner
                read += [(row, start + place, self.corpus.rows[text]) for place, text in code.meanings]
                asked += [(row, start + place, owner, which) for place, which in code.asked]
                named += [(row, start + place, owner, which) for place, which in code.named]
        where = numpy.array(read or [(0, 0, 0)], dtype=numpy.int64)
        different, meaning = numpy.unique(where[:, 2], return_inverse=True)
        vectors = self.corpus.vectors[different].astype(numpy.float32)
        found = [numpy.array(rows, dtype=numpy.int64).reshape(-1, 4) for rows in (asked, named)]
        return Batch(ids, weights, places, owners, where[:, 0], where[:, 1], meaning, vectors, *found)

    def _fill(self, rng: random.Random, length: int, progress: float, reading: bool) -> Iterator[tuple[int, Code]]:
        start = misses = 0
        while length - start >= LEAST_ROOM and misses < 4:
            room = length - start
            drawn = self._stream(rng, room) if reading else self.draw(rng, room, progress)
            code = self.encode(drawn)
            if len(code.tokens) > length - start:
                misses += 1
                continue
            yield start, code
            start += len(code.tokens)

    def draw(self, rng: random.Random, room: int, progress: float) -> Episode:
        """An episode that should take at most `room` tokens."""
        early = 1 - progress
        kind = rng.choices(
            ("classify", "stream", "copy", "task", "extract", "rule", "sum"),
            (
                0.44 + 0.06 * progress,
                0.10 * early + 0.06,
                0.30 * early + 0.02,
                0.09 * progress,
                0.04 + 0.11 * progress,
                0.06 + 0.02 * progress,
                0.02 + 0.14 * progress,
            ),
        )[0]
        return [piece._replace(weight=piece.weight * SAY[kind]) for piece in self._draw(rng, kind, room, progress)]

    def _draw(self, rng: random.Random, kind: str, room: int, progress: float) -> Episode:
        if kind == "classify":
            return self.corpus.classifier.episode(rng, room, progress)
        if kind == "stream":
            return self._stream(rng, room)
        if kind == "copy":
            return prose.copying(rng, self.corpus.words, min(room, 200))
        if kind == "task":
            return prose.task(rng, self.corpus.prompted)
        return _ended({"extract": extraction, "rule": rules, "sum": arithmetic}[kind].episode(rng))

    def _stream(self, rng: random.Random, room: int) -> Episode:
        return prose.stream(rng, self.corpus.sentences, min(room - 40, rng.choice((120, 240, 480))))

    def encode(self, episode: Episode) -> Code:
        """Token ids with a start token, and what is to be learnt at which of them.

        The episode is tokenised as one text, as a prompt is; a token takes the weight of the piece its first
        non-blank character lies in.
        """
        text = "".join(piece.text for piece in episode)
        coded = self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
        begin, end = numpy.array(coded.offsets, dtype=numpy.int64).reshape(-1, 2).T
        letters = numpy.frombuffer(text.encode("utf-32-le"), dtype=numpy.uint32)
        first = begin + ((end - begin > 1) & (letters[begin] == ord(" ")))
        ends = numpy.cumsum([len(piece.text) for piece in episode])
        owners = numpy.minimum(numpy.searchsorted(ends, first, side="right"), len(episode) - 1)
        weights = numpy.array([piece.weight for piece in episode])[owners]
        # a blank token behind a text would already be the next piece's business
        solid = numpy.concatenate([[0], numpy.cumsum(~SPACES[numpy.minimum(letters, len(SPACES) - 1)])])
        places = numpy.flatnonzero(solid[end] > solid[begin])
        found = Code([self.tokenizer.bos_token_id, *coded.ids], [0.0, *weights.tolist()], [], [], [])
        for which, piece in enumerate(episode):
            if not piece.means and piece.asks < 0 and piece.names < 0:
                continue
            low, high = numpy.searchsorted(owners[places], (which, which + 1))
            if low == high:
                continue
            begun, last = int(places[low]) + 1, int(places[high - 1]) + 1
            if piece.means in self.corpus.rows:
                found.meanings.append((last, piece.means))
            if piece.asks >= 0:
                found.asked.append((last, piece.asks))
            if piece.names >= 0:  # an option is known at its end; an answer's first token is what a later question copies
                found.named.append((last if piece.means else begun, piece.names))
        return found


def _ended(episode: Episode) -> Episode:
    """The last answer ends the document: its blank line becomes the end token."""
    *rest, last = episode
    return [*rest, Piece(last.text.rstrip("\n"), last.weight), Piece("</s>", 0.3)]
