"""Batches in few shapes, for a card: every pass is a grid of rows, so that the kernels of one shape are recorded once.

A pass is one tensor of whole numbers: tokens of the step that are learnt, token ids, places whose logits are wanted, their
targets. A batch's rows are filled up to a length from a short list, a smaller batch to the usual number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from crossover.tuning.batches import TokenRow
from crossover.tuning.loss import IGNORED, AnswerLoss

LEAST = 8  # tokens: shorter rows are as quick
STEPS = 4  # lengths between a power of two and the next: at most a quarter is filled up
SMALL, WASTE = 2048, 1.5  # tokens, below which a card does not feel what is filled up; how many times the real ones may be


@dataclass(frozen=True)
class Shape:
    """`rows` of `length` tokens behind `inner` shared ones; of each at most `answer` tokens are learnt."""

    inner: int
    rows: int
    length: int
    answer: int

    @property
    def tokens(self) -> int:
        return self.inner + self.rows * self.length

    @property
    def sizes(self) -> list[int]:
        """Of the parts of a pass's numbers."""
        return [1, self.tokens, self.rows * self.answer, self.rows * self.answer]


def rounded(length: int) -> int:
    """The next of the lengths that rows are filled up to."""
    step = max(LEAST, (1 << max(0, length.bit_length() - 1)) // STEPS)
    return -(-length // step) * step


def shape_of(rows: Sequence[TokenRow], known: int, seats: int = 0) -> Shape:
    """The shape that rows are laid out in, with room for `seats` of them; all begin with the same `known` tokens."""
    length = max(len(row.ids) for row in rows) - 1 - known  # the last token predicts nothing
    answer = max(len(row.ids) - row.start for row in rows)
    return Shape(known, max(seats, len(rows)), rounded(length), rounded(answer))


def grids(rows: Sequence[TokenRow], known: int, most: int, dear: float) -> list[list[TokenRow]]:
    """The rows in parts that take no more memory than `most` tokens, or of one row; a learnt token costs `dear` more.

    Rows of very different lengths are parted, where filling up would cost more than a pass of its own.
    """
    parts: list[list[TokenRow]] = [[]]
    for row in sorted(rows, key=lambda row: len(row.ids)):
        part = [*parts[-1], row]
        shape = shape_of(part, known)
        filled, real = shape.rows * shape.length, sum(len(of.ids) - known for of in part)
        wasted = filled > SMALL and filled > WASTE * real
        if parts[-1] and (wasted or filled + dear * shape.rows * shape.answer > most):
            parts.append([row])
        else:
            parts[-1] = part
    return parts


def numbers(rows: Sequence[TokenRow], shape: Shape, learnt: int) -> list[int]:
    """The rows in that shape, as one list; `learnt`: how many tokens the whole step learns."""
    inner, ids = shape.inner, list(rows[0].ids[: shape.inner])
    keep: list[int] = []
    targets: list[int] = []
    for seat in range(shape.rows):
        row = rows[seat] if seat < len(rows) else TokenRow((), 0)
        own, answer = row.ids[inner:-1], row.ids[row.start :]
        ids += [*own, *[0] * (shape.length - len(own))]
        first, begins = inner + seat * shape.length, max(0, row.start - 1 - inner)
        keep += [first + (begins + place) % shape.length for place in range(shape.answer)]
        targets += [*answer, *[IGNORED] * (shape.answer - len(answer))]
    return [learnt, *ids, *keep, *targets]


class Seats:
    """A shape's place on a device: its layout, and the tensor that a pass's numbers are copied into."""

    def __init__(self, shape: Shape, device: torch.device, loss: AnswerLoss) -> None:
        self.numbers = torch.zeros(sum(shape.sizes), dtype=torch.long, device=device)
        self._sizes = shape.sizes
        self._loss = loss
        self._grid = loss.kernels.grid(shape.rows, shape.length, shape.inner, device)

    @cached_property
    def parts(self) -> tuple[Tensor, ...]:
        """Tokens learnt (1,), ids (tokens,), places (kept,), targets (kept,): views of the numbers."""
        return torch.split(self.numbers, self._sizes)

    def loss(self, module: Any) -> Tensor:
        """The rows' summed loss over the number of tokens that the step learns."""
        kernels, (learnt, ids, places, targets) = self._loss.kernels, self.parts
        with self._loss.precision(self.numbers.device):
            logits = kernels.grid_logits(kernels.asked(module), self._grid, ids, places)
        return cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="sum") / learnt[0]
