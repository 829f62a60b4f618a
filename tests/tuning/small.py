"""A small task with three labels that follow from a word in the text, and short ways to tune on it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crossover.models.hf import Hf
from crossover.tuning.batches import TrainingRow
from crossover.tuning.sft import fit
from crossover.types import Decoding, Message, Recipe, Request, Weights

WORDS = {
    "fruit": ("apple", "pear"),
    "tool": ("hammer", "drill"),
    "animal": ("horse", "rabbit"),
}
LABELS = tuple(WORDS)
FRAMES = (
    "I saw a {} today.",
    "Where is the {}?",
    "She wants one more {}.",
    "The {} is behind the house.",
    "No {} for me.",
    "My {}!",
    "Who gave you that {}?",
    "We have a {} at home, and it is old.",
    "{}, please.",
    "Look at this {}.",
    "A {} costs more than I thought.",
    "They talked about the {} all evening.",
    "He lost his {} on the way to the market.",
)


def rows(count: int, seed: int) -> list[TrainingRow]:
    draw = random.Random(seed)
    every = [(frame.format(word), label) for label, words in WORDS.items() for word in words for frame in FRAMES]
    chosen = draw.sample(every, count)
    return [((Message("system", "Name the kind."), Message("user", text)), label) for text, label in chosen]


TRAIN, DEV = rows(75, 1)[:60], rows(75, 1)[60:]


def accuracy(model: Hf, weights: Weights | None, wanted: Sequence[TrainingRow] = DEV) -> float:
    replies = model.complete([Request(messages, Decoding(labels=LABELS), weights) for messages, _ in wanted])
    assert all(reply.error is None for reply in replies), replies
    return sum(reply.text == row[1] for reply, row in zip(replies, wanted, strict=True)) / len(wanted)


def tune(model: Hf, folder: Path, recipe: Recipe, **more: Any) -> Weights:
    more.setdefault("evaluate", lambda weights: accuracy(model, weights))
    return fit(model, more.pop("rows", TRAIN), more.pop("dev", DEV), recipe, folder, **more)
