"""Running text: streams of sentences whose meaning is learnt, prompted tasks, and repeated word sequences (copying)."""

from __future__ import annotations

import random
from collections.abc import Sequence

from training.pocket.pieces import Episode, Piece
from training.pocket.sources import Prompted
from training.pocket.wording import form

TURNED = 0.35  # share of the copies that are said again in the other case


def stream(rng: random.Random, texts: Sequence[str], room: int) -> Episode:
    """Unrelated sentences one after the other; the state behind each, and at the cue after it, carries its meaning.

    The form is that of demonstrations, but for the answers. Words count a little.
    """
    shape = form(rng)
    words = 0.15 if rng.random() < 0.35 else 0.0
    episode: Episode = []
    size = 0.0
    while size < room:
        text = rng.choice(texts)
        size += len(text) / 4 + 3
        episode += [Piece(shape.before), Piece(text, words, text)]
        if shape.cue and rng.random() < 0.6:
            episode.append(Piece(shape.cue, 0.0, text))
        episode.append(Piece(shape.between))
    return episode


def copying(rng: random.Random, words: Sequence[str], room: int) -> Episode:
    """A random sequence of words, then the same again: what makes looking back for a match worth learning.

    Sometimes one of the two is in capitals.
    """
    count = rng.randint(6, max(8, room // 6))
    first = second = " ".join(rng.choice(words) for _ in range(count))
    if rng.random() < TURNED:
        first, second = (first.upper(), second) if rng.random() < 0.7 else (first, second.upper())
    return [Piece(first + "\n"), Piece(second + "\n", 1.0), Piece("</s>")]


def task(rng: random.Random, pool: Sequence[Prompted]) -> Episode:
    """A prompted task: its completion counts in full, its prompt a little, now and then, as reading practice."""
    chosen = rng.choice(pool)
    cue = rng.choice(("\n\n", "\n", "\nAnswer:", "\n\nAnswer:", "\nA:"))
    glue = " " if cue.endswith(":") else ""
    return [
        Piece(chosen.prompt, 0.1 if rng.random() < 0.3 else 0.0), Piece(cue),
        Piece(glue + chosen.completion, 1.0), Piece("</s>", 0.3),
    ]  # fmt: skip
