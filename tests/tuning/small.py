"""A small task with three labels that follow from a word in the text, and short ways to tune on it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from crossover.models.hf import Hf
from crossover.tuning.batches import TrainingRow
from crossover.tuning.sft import fit
from crossover.types import (
    Decoding,
    Epoch,
    FullRecipe,
    LoraRecipe,
    Message,
    Recipe,
    Request,
    SoftPromptRecipe,
    Weights,
)
from tests.device import EXACT

WORDS = {
    "fruit": ("apple", "pear"),
    "tool": ("hammer", "drill"),
    "animal": ("horse", "rabbit"),
}
LABELS = tuple(WORDS)
RECIPE_OF: dict[str, Any] = {"lora": LoraRecipe, "full": FullRecipe, "soft_prompt": SoftPromptRecipe}
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


def alike(found: Weights | None, right: Weights | None) -> bool:
    """Whether two tunes ended with the same weights: to the bit, or on a card, whose sums differ each time, nearly."""
    if EXACT or found is None or right is None or found.kind != right.kind:
        return found == right
    (one, other) = (load_file(next(Path(w.path).glob("*model.safetensors"))) for w in (found, right))
    moved = [name for name in other if right.kind == "full" or "lora_B" in name]  # what an adapter began as is the same
    apart = sum(float((one[name].float() - other[name].float()).square().sum()) for name in moved)
    return one.keys() == other.keys() and apart <= 0.2**2 * sum(float(other[n].float().square().sum()) for n in moved)


def alike_traces(found: Sequence[Epoch], right: Sequence[Epoch]) -> bool:
    """The same of two traces, but for the seconds."""
    if EXACT:
        return [replace(e, seconds=0.0) for e in found] == [replace(e, seconds=0.0) for e in right]
    return [e.epoch for e in found] == [e.epoch for e in right] and all(
        abs(mine.train_loss / other.train_loss - 1) < 0.02 for mine, other in zip(found, right, strict=True)
    )


def tune(model: Hf, folder: Path, recipe: Recipe, **more: Any) -> Weights:
    more.setdefault("evaluate", lambda weights: accuracy(model, weights))
    rows, dev_rows = more.pop("rows", TRAIN), more.pop("dev", DEV)
    return fit(model, rows=rows, dev_rows=dev_rows, recipe=recipe, folder=folder, **more)
