"""A running batch: rows of free text that join when they come and leave at their end (Orca, Yu et al. 2022, section 3.1).

Each row's keys and values begin at the left of its own place, so no row is moved when another joins or grows; the last one
is moved into the place of one that leaves. What all rows begin with is read where it lies, as in `generation.py`, whose
draws and grammars these are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from crossover.models.hf.generation import Draft, Job, chances_of, choose
from crossover.models.hf.layout import Layer, Layout, put
from crossover.models.hf.packing import Packed, Prefix, forward, pack
from crossover.models.serving import Asked

ROOM = 64  # places, and rows by fours, that the memory grows by

Ended = Callable[[Sequence[int]], bool]


@dataclass(eq=False)
class Row:
    """A request under way. `written`: its tokens behind the beginning whose keys are kept; `seconds`: its share of them."""

    asked: Asked
    draft: Draft
    written: int = 0
    seconds: float = 0.0
    cache: Any = None  # of an architecture that cannot pack


def most_of(job: Job, known: int) -> int:
    """Tokens that a row's keys and values can come to, without the `known` first that all rows share."""
    return len(job.prompt) - known + job.limit


class Running:
    """The rows of one set of weights whose prompts begin with `prefix`. The weights must be active at each call."""

    def __init__(self, ended: Ended, prefix: Prefix) -> None:
        self.rows: list[Row] = []
        self._ended, self._prefix, self._memory = ended, prefix, Places()

    def kept(self, more: Sequence[Job] = ()) -> int:
        """Tokens for which there must be memory, with some more rows."""
        jobs, known = [*(row.draft.job for row in self.rows), *more], len(self._prefix.tokens)
        return len(jobs) * max((most_of(job, known) for job in jobs), default=0)

    def join(self, model: Any, rows: Sequence[Row]) -> list[Row]:
        """Read the prompts of more rows, together, and write the first token of each; those that are finished by it."""
        began, known = time.perf_counter(), len(self._prefix.tokens)
        chains = [row.draft.job.prompt[known:] for row in rows]
        self._memory.begin(len(self.rows), [len(chain) for chain in chains])
        packed = pack(chains, prefix=self._prefix, memory=self._memory)
        last = [start + len(chain) - 1 for start, chain in zip(packed.starts, chains, strict=True)]
        logits = forward(model, packed, torch.tensor(last))
        for row, chain in zip(rows, chains, strict=True):
            row.written = len(chain)
        self.rows += rows
        return self._taken(logits, rows, began)

    def step(self, model: Any) -> list[Row]:
        """Write one more token of each row; those that are finished by it."""
        began = time.perf_counter()
        self._leave([row for row in self.rows if row.asked.gone()])
        rows, known = list(self.rows), len(self._prefix.tokens)
        if not rows:
            return []
        at = torch.tensor([row.written for row in rows])
        each, upto = torch.arange(len(rows)), int(at.max()) + 1
        self._memory.go_on(put(each, model.device), put(at, model.device), upto)
        place = torch.arange(upto)
        layout = Layout(
            each[:, None],
            each,
            known + at[:, None],
            (known + int(at.min()), known + int(at.max())),
            (place <= at[:, None])[:, None],
            shared=self._prefix.layers,
            memory=self._memory,
            places=(known + place).expand(len(rows), -1),
        )
        latest = torch.tensor([row.draft.answer[-1] for row in rows])
        logits = forward(model, Packed(latest, known + at, layout, ()), each)
        for row in rows:
            row.written += 1
        return self._taken(logits, rows, began)

    def _taken(self, logits: Tensor, rows: Sequence[Row], began: float) -> list[Row]:
        take(logits, rows, self._ended)
        for row in rows:
            row.seconds += (time.perf_counter() - began) / len(rows)
        finished = [row for row in rows if not row.draft.going]
        self._leave(finished)
        return finished

    def _leave(self, leaving: Sequence[Row]) -> None:
        for row in leaving:
            place, last = self.rows.index(row), len(self.rows) - 1
            if place < last:
                self._memory.move(last, place, self.rows[last].written)
                self.rows[place] = self.rows[last]
            self.rows.pop()
        if leaving and not self.rows:
            self._memory = Places()


class RunningPlain:
    """As `Running`, each row by itself with the architecture's own cache, for those that cannot pack."""

    def __init__(self, ended: Ended) -> None:
        self.rows: list[Row] = []
        self._ended = ended

    def kept(self, more: Sequence[Job] = ()) -> int:
        return sum(most_of(job, 0) for job in [*(row.draft.job for row in self.rows), *more])

    def join(self, model: Any, rows: Sequence[Row]) -> list[Row]:
        self.rows += rows
        return self._go_on(model, rows)

    def step(self, model: Any) -> list[Row]:
        self.rows = [row for row in self.rows if not row.asked.gone()]
        return self._go_on(model, self.rows)

    def _go_on(self, model: Any, rows: Sequence[Row]) -> list[Row]:
        for row in rows:
            began = time.perf_counter()
            ids = [*row.draft.job.prompt, *row.draft.answer] if row.cache is None else row.draft.answer[-1:]
            output = model(input_ids=put(torch.tensor([ids]), model.device), past_key_values=row.cache, use_cache=True)
            row.cache = getattr(output, "past_key_values", None)
            take(output.logits[:, -1], [row], self._ended)
            row.seconds += time.perf_counter() - began
        finished = [row for row in rows if not row.draft.going]
        self.rows = [row for row in self.rows if row.draft.going]
        return finished


def take(logits: Tensor, rows: Sequence[Row], ended: Ended) -> None:
    """The next token of each row, by (rows, vocabulary) logits."""
    drafts = [row.draft for row in rows]
    tokens = choose(logits, drafts)
    chances = chances_of(logits, tokens, drafts)
    for i, (draft, token) in enumerate(zip(drafts, tokens.tolist(), strict=True)):
        draft.take(token, ended, chances.get(i))


class Places:
    """Keys and values of rows that come and go: (rows, key heads, places, width) a layer, grown as it is needed."""

    def __init__(self) -> None:
        self._layers: dict[int, Layer] = {}
        self._rows = self._size = 0  # that there is memory for
        self._first = 0
        self._each: Tensor | None = None
        self._at = torch.empty(0)
        self._upto = 0

    def begin(self, first: int, lengths: Sequence[int]) -> None:
        """What is written next are the beginnings of rows from `first` on."""
        self._make_room(first + len(lengths), max(lengths) + 1)
        self._first, self._each = first, None

    def go_on(self, each: Tensor, at: Tensor, upto: int) -> None:
        """What is written next is a token of each row, at its place `at`, of which the last is before `upto`."""
        self._make_room(len(each), upto)
        self._each, self._at, self._upto = each, at, upto

    def write(self, layer: int, key: Tensor, value: Tensor) -> Layer:
        """Keep a layer's keys and values; what the rows see in it."""
        if layer not in self._layers:
            self._layers[layer] = (self._zeros(key), self._zeros(value))
        keys, values = self._layers[layer]
        if self._each is None:
            rows, tokens = slice(self._first, self._first + len(key)), key.shape[2]
            keys[rows, :, :tokens], values[rows, :, :tokens] = key, value
            return key, value
        keys[self._each, :, self._at], values[self._each, :, self._at] = key[:, :, 0], value[:, :, 0]
        return keys[: len(key), :, : self._upto], values[: len(key), :, : self._upto]

    def move(self, here: int, there: int, tokens: int) -> None:
        """A row to another place."""
        for layer in self._layers.values():
            for of in layer:
                of[there, :, :tokens] = of[here, :, :tokens]

    def _zeros(self, like: Tensor) -> Tensor:
        return like.new_zeros((self._rows, like.shape[1], self._size, like.shape[3]))  # a mask adds to what is there

    def _make_room(self, rows: int, size: int) -> None:
        if rows <= self._rows and size <= self._size:
            return
        before = (self._rows, self._size)
        self._rows = max(self._rows, -(-rows // 4) * 4)
        self._size = max(self._size, -(-size // ROOM) * ROOM)
        for number, layer in self._layers.items():
            fresh = self._zeros(layer[0]), self._zeros(layer[1])
            for new, old in zip(fresh, layer, strict=True):
                new[: before[0], :, : before[1]] = old
            self._layers[number] = fresh
