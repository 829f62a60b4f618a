"""Episodes -> a flat batch: packed into rows as ever, with a share of bare questions, written as one run of bytes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy

from training.pocket.batches import LEAST_ROOM, LENGTHS, Mixer
from training.pocket.flat.bare import bare
from training.pocket.flat.layout import EPISODES, GROUP, LENGTH, Arrays, empty

BARE = 0.06  # share of the tokens
SHORT, SHARE = LENGTHS[0]  # bare questions stand in short rows alone
Place = tuple[int, int, int]  # place in the batch, episode, class


@dataclass
class _Page:
    """A batch that is being filled."""

    rows: int
    arrays: Arrays
    ends: list[int] = field(default_factory=lambda: [0])
    learnt: list[tuple[int, float]] = field(default_factory=list)
    questions: int = 0
    read: list[tuple[int, int]] = field(default_factory=list)  # of the group of rows that is being filled
    asked: list[Place] = field(default_factory=list)
    named: list[Place] = field(default_factory=list)

    @property
    def episode(self) -> int:
        """The number of the next episode."""
        return len(self.ends) - 1

    def put(self, start: int, tokens: list[int]) -> None:
        """An episode at its place."""
        end = start + len(tokens)
        self.arrays["ids"][start:end] = tokens
        self.arrays["places"][start:end] = numpy.arange(len(tokens))
        self.ends.append(end)

    def close_group(self, group: int) -> None:
        """Write the lists of a group; what goes beyond their length is left out."""
        arrays = self.arrays
        if self.read:
            most, different = arrays["read"].shape[1], arrays["texts"].shape[1]
            where = numpy.array(self.read, dtype=numpy.int64)[:most]
            if len(numpy.unique(where[:, 1])) > different:
                where = where[:different]
            texts, which = numpy.unique(where[:, 1], return_inverse=True)
            arrays["read"][group, : len(where)] = where[:, 0]
            arrays["which"][group, : len(where)] = which
            arrays["texts"][group, : len(texts)] = texts
        for name, found in (("asked", self.asked), ("named", self.named)):
            kept = found[: arrays[name].shape[1]]
            if kept:
                arrays[name][group, : len(kept)] = kept
        self.read, self.asked, self.named = [], [], []


class FlatMixer(Mixer):
    """The mixture behind the curriculum, as flat batches. The same seed and number give the same batch."""

    def flat(self, rng: random.Random, rows: int) -> bytes | None:
        """A batch; None where it has more episodes than there is room for."""
        page = _Page(rows, empty(rows))
        groups = max(1, rows // GROUP)
        for group in range(groups):
            for row in range(group * rows // groups, (group + 1) * rows // groups):
                length = rng.choices([n for n, _ in LENGTHS], [share for _, share in LENGTHS])[0]
                for start in range(row * LENGTH, (row + 1) * LENGTH, length):
                    self._stretch(rng, page, start, start + length)
            page.close_group(group)
        if len(page.ends) > rows * EPISODES + 1:
            return None
        arrays = page.arrays
        arrays["ends"][:] = rows * LENGTH
        arrays["ends"][: len(page.ends)] = page.ends
        learnt = page.learnt[: len(arrays["learnt"])]
        arrays["learnt"][: len(learnt)] = [place - 1 for place, _ in learnt]
        arrays["weights"][: len(learnt)] = [weight for _, weight in learnt]
        return b"".join(part.tobytes() for part in arrays.values())

    def _stretch(self, rng: random.Random, page: _Page, start: int, stop: int) -> None:
        """Fill the places from start to stop; what is left over is an episode of padding."""
        if stop - start == SHORT and rng.random() < BARE / SHARE:
            start = self._questions(rng, page, start, stop)
        if stop - start >= LEAST_ROOM:
            for offset, code in self._fill(rng, stop - start, 1.0, False):
                at = start + offset
                page.learnt += [(at + i, weight) for i, weight in enumerate(code.weights) if weight]
                page.read += [(at + place, self.corpus.rows[text]) for place, text in code.meanings]
                page.asked += [(at + place, page.episode, which) for place, which in code.asked]
                page.named += [(at + place, page.episode, which) for place, which in code.named]
                page.put(at, code.tokens)
        start = max(start, page.ends[-1])
        if start < stop:
            page.put(start, [0] * (stop - start))

    def _questions(self, rng: random.Random, page: _Page, start: int, stop: int) -> int:
        """Bare questions, until one does not fit; returns where they end."""
        while page.questions < page.rows and (drawn := bare(rng, self.corpus.classifier, self.tokenizer)):
            found, right = drawn
            if sum(len(one.tokens) for one in found) > stop - start:
                break
            for number, one in enumerate(found):
                page.arrays["choice"][page.questions, number, : len(one.said)] = [start + place for place in one.said]
                page.put(start, one.tokens)
                start += len(one.tokens)
            page.arrays["right"][page.questions] = right
            page.questions += 1
        return start
