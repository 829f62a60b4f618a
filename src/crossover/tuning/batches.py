"""Rows of (conversation, answer) -> batches: only the answer is learnt, and the order depends on the seed alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from crossover.errors import TuningError
from crossover.models.base import Tunable
from crossover.types import Message

TrainingRow = tuple[tuple[Message, ...], str]

POOL = 8  # batches that are sorted by length together: more is less padding, less is more random


@dataclass(frozen=True)
class TokenRow:
    """Token ids of prompt, answer and end of turn; the answer begins at `start`."""

    ids: tuple[int, ...]
    start: int


def encode_rows(model: Tunable, rows: Sequence[TrainingRow], what: str, more: int = 0) -> tuple[list[TokenRow], int]:
    """Encoded rows, without those that with `more` tokens exceed the context window, and how many those are.

    Raises `TuningError` when there are no rows or none fits.
    """
    if not rows:
        raise TuningError(f"there are no {what} rows to tune with")
    encoded = [TokenRow(tuple(ids), start) for ids, start in (model.encode(messages, answer) for messages, answer in rows)]
    fitting = [row for row in encoded if len(row.ids) + more <= model.context_window]
    if not fitting:
        longest = max(len(row.ids) for row in encoded)
        raise TuningError(
            f"all {len(rows)} {what} rows exceed the context window of {model.context_window} tokens (the longest has "
            f"{longest}): shorten the prompt, or take a model with a larger window"
        )
    return fitting, len(encoded) - len(fitting)


def shuffled(rows: Sequence[TokenRow], size: int, seed: int, epoch: int) -> list[list[TokenRow]]:
    """One epoch's batches: rows of like length together, in a random order that `seed` and `epoch` fix."""
    draw = random.Random(f"{seed}/{epoch}")
    order = list(rows)
    draw.shuffle(order)
    batches: list[list[TokenRow]] = []
    for first in range(0, len(order), POOL * size):
        near = sorted(order[first : first + POOL * size], key=lambda row: len(row.ids))
        batches += [near[i : i + size] for i in range(0, len(near), size)]
    draw.shuffle(batches)
    return batches


def replayed_rows(general: Sequence[TokenRow], rows: int, share: float, seed: int, epoch: int) -> list[TokenRow]:
    """The general rows of one epoch: as many as make `share` that of them among all, each once before any comes twice;
    another draw in every epoch.
    """
    wanted = round(rows * share / (1 - share))
    draw = random.Random(f"{seed}/{epoch}/replay")
    found: list[TokenRow] = []
    while len(found) < wanted:
        found += draw.sample(general, min(len(general), wanted - len(found)))
    return found


def answer_tokens(rows: Sequence[TokenRow]) -> int:
    """How many tokens of the rows are learnt: the answers and their ends of turn."""
    return sum(len(row.ids) - row.start for row in rows)
