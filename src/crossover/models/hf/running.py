"""A running batch: rows of free text that join when they come and leave at their end (Orca, Yu et al. 2022, section 3.1).

Each row's keys and values begin at the left of its own place, so no row is moved when another joins or grows; the last one
is moved into the place of one that leaves. What all rows begin with is read where it lies, as in `generation.py`, whose
draws and grammars these are.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from crossover.models.hf.generation import Draft, Job, chances_of, choose, no_numbers
from crossover.models.hf.layout import Layer, Layout, put
from crossover.models.hf.packing import Packed, Prefix, beside, forward, pack
from crossover.models.serving import Asked

ROOM = 64  # places, and rows by fours, that the memory grows by

Ended = Callable[[Sequence[int]], bool]


@dataclass(eq=False)
class ActiveRequest:
    """A request under way. `written`: its tokens behind the beginning whose keys are kept; `seconds`: its share of them."""

    asked: Asked
    draft: Draft
    written: int = 0
    seconds: float = 0.0
    cache: Any = None  # of an architecture that cannot pack


@dataclass(frozen=True)
class Part:
    """A part of a pass, the places in it that logits are wanted for, and whose they are."""

    packed: Packed
    keep: Tensor
    rows: Sequence[ActiveRequest]


def most_of(job: Job, known: int) -> int:
    """Tokens that a row's keys and values can come to, without the `known` first that all rows share."""
    return len(job.prompt) - known + job.limit


class Running:
    """The rows of one set of weights whose prompts begin with `prefix`; `advance` writes them on."""

    def __init__(self, prefix: Prefix) -> None:
        self.rows: list[ActiveRequest] = []
        self._prefix, self._memory = prefix, Places()

    def kept(self, more: Sequence[Job] = ()) -> int:
        """Tokens for which there must be memory, with some more rows."""
        jobs, known = [*(row.draft.job for row in self.rows), *more], len(self._prefix.tokens)
        return len(jobs) * max((most_of(job, known) for job in jobs), default=0)

    def begin(self, rows: Sequence[ActiveRequest]) -> Part:
        """The prompts of more rows."""
        chains = [row.draft.job.prompt[len(self._prefix.tokens) :] for row in rows]
        used = max((row.written for row in self.rows), default=0)
        memory = self._memory.beginning(len(self.rows), [len(chain) for chain in chains], used)
        packed = pack(chains, prefix=self._prefix, memory=memory)
        for row, chain in zip(rows, chains, strict=True):
            row.written = len(chain)
        self.rows += rows
        last = [start + row.written - 1 for start, row in zip(packed.starts, rows, strict=True)]
        return Part(packed, torch.tensor(last), rows)

    def go_on(self, device: torch.device) -> Part:
        """The latest token of each row."""
        rows, known = list(self.rows), len(self._prefix.tokens)
        at = torch.tensor([row.written for row in rows])
        each, upto = torch.arange(len(rows)), int(at.max()) + 1
        place = torch.arange(upto)
        layout = Layout(
            each[:, None],
            each,
            known + at[:, None],
            (known + int(at.min()), known + int(at.max())),
            (place <= at[:, None])[:, None],
            shared=self._prefix.layers,
            memory=self._memory.going_on(put(each, device), put(at, device), upto),
            places=(known + place).expand(len(rows), -1),
        )
        for row in rows:
            row.written += 1
        latest = torch.tensor([row.draft.answer[-1] for row in rows])
        return Part(Packed(latest, known + at, layout, ()), each, rows)

    def leave(self, leaving: Sequence[ActiveRequest]) -> None:
        """Let some rows go; the last ones take their places."""
        for row in leaving:
            place, last = self.rows.index(row), len(self.rows) - 1
            if place < last:
                self._memory.move(last, place, self.rows[last].written)
                self.rows[place] = self.rows[last]
            self.rows.pop()
        if leaving and not self.rows:
            self._memory = Places()


def advance(model: Any, batches: Sequence[tuple[Running, Sequence[ActiveRequest]]], ended: Ended) -> list[ActiveRequest]:
    """Write one more token of each row of running batches, and the first of those that join each, in a single pass.

    What is returned are the rows that are finished by it; they have left.
    """
    began, parts = time.perf_counter(), list[Part]()
    for running, joining in batches:
        running.leave([row for row in running.rows if row.asked.gone()])
        if running.rows:
            parts.append(running.go_on(model.device))
        if joining:
            parts.append(running.begin(joining))
    if not parts:
        return []
    whole = beside([part.packed for part in parts])
    before = itertools.accumulate((len(part.packed.ids) for part in parts), initial=0)
    keep = torch.cat([start + part.keep for start, part in zip(before, parts, strict=False)])
    rows = [row for part in parts for row in part.rows]
    take(forward(model, whole, keep), rows, ended)
    for row in rows:
        row.seconds += (time.perf_counter() - began) / len(rows)
    for running, _ in batches:
        running.leave([row for row in running.rows if not row.draft.going])
    return [row for row in rows if not row.draft.going]


class RunningPlain:
    """As `Running`, each row by itself with the architecture's own cache, for those that cannot pack."""

    def __init__(self) -> None:
        self.rows: list[ActiveRequest] = []

    def kept(self, more: Sequence[Job] = ()) -> int:
        return sum(most_of(job, 0) for job in [*(row.draft.job for row in self.rows), *more])

    def advance(self, model: Any, joining: Sequence[ActiveRequest], ended: Ended) -> list[ActiveRequest]:
        self.rows = [*(row for row in self.rows if not row.asked.gone()), *joining]
        for row in self.rows:
            began = time.perf_counter()
            ids = [*row.draft.job.prompt, *row.draft.answer] if row.cache is None else row.draft.answer[-1:]
            output = model(input_ids=put(torch.tensor([ids]), model.device), past_key_values=row.cache, use_cache=True)
            row.cache = getattr(output, "past_key_values", None)
            take(output.logits[:, -1], [row], ended)
            row.seconds += time.perf_counter() - began
        finished = [row for row in self.rows if not row.draft.going]
        self.rows = [row for row in self.rows if row.draft.going]
        return finished


def take(logits: Tensor, rows: Sequence[ActiveRequest], ended: Ended) -> None:
    """The next token of each row, by (rows, vocabulary) logits."""
    drafts = [row.draft for row in rows]
    tokens = choose(logits, drafts)
    chances = chances_of(logits, tokens, drafts)
    lost = no_numbers(logits).tolist()
    for i, (draft, token, no) in enumerate(zip(drafts, tokens.tolist(), lost, strict=True)):
        draft.take(token, ended, chances.get(i), no)


class Places:
    """Keys and values of rows that come and go: (rows, key heads, places, width) a layer, grown as it is needed.

    It never has twice what that is: one long row behind many short ones would take the memory of as many long ones.
    """

    def __init__(self) -> None:
        self.layers: dict[int, Layer] = {}
        self._rows = self._size = 0  # that there is memory for

    def beginning(self, first: int, lengths: Sequence[int], used: int) -> Beginning:
        """What keeps the beginnings of rows from `first` on; those before have `used` tokens at the most."""
        self._make_room(first + len(lengths), max(used, *lengths) + 1)
        return Beginning(self, slice(first, first + len(lengths)))

    def going_on(self, each: Tensor, at: Tensor, upto: int) -> GoingOn:
        """What keeps a token of each row, at its place `at`, of which the last is before `upto`."""
        self._make_room(len(each), upto)
        return GoingOn(self, each, at, upto)

    def of(self, layer: int, key: Tensor, value: Tensor) -> Layer:
        """A layer's memory, made for keys and values like these."""
        if layer not in self.layers:
            self.layers[layer] = (self._zeros(key), self._zeros(value))
        return self.layers[layer]

    def move(self, here: int, there: int, tokens: int) -> None:
        """A row to another place."""
        for layer in self.layers.values():
            for of in layer:
                of[there, :, :tokens] = of[here, :, :tokens]

    def _zeros(self, like: Tensor) -> Tensor:
        return like.new_zeros((self._rows, like.shape[1], self._size, like.shape[3]))  # a mask adds to what is there

    def _make_room(self, rows: int, size: int) -> None:
        if rows <= self._rows and size <= self._size:
            return
        before, needed = (self._rows, self._size), (-(-rows // 4) * 4, -(-size // ROOM) * ROOM)
        self._rows, self._size = max(self._rows, needed[0]), max(self._size, needed[1])
        if self._rows * self._size > 2 * needed[0] * needed[1]:
            self._rows, self._size = needed
        kept = min(before[0], self._rows), min(before[1], self._size)
        for number, layer in self.layers.items():
            fresh = self._zeros(layer[0]), self._zeros(layer[1])
            for new, old in zip(fresh, layer, strict=True):
                new[: kept[0], :, : kept[1]] = old[: kept[0], :, : kept[1]]
            self.layers[number] = fresh


@dataclass(frozen=True)
class Beginning:
    """Keeps the beginnings of some rows, which see themselves alone."""

    places: Places
    rows: slice

    def write(self, layer: int, key: Tensor, value: Tensor) -> Layer:
        keys, values = self.places.of(layer, key, value)
        keys[self.rows, :, : key.shape[2]], values[self.rows, :, : key.shape[2]] = key, value
        return key, value


@dataclass(frozen=True)
class GoingOn:
    """Keeps a token of each row, which sees all that was kept of it."""

    places: Places
    each: Tensor
    at: Tensor
    upto: int

    def write(self, layer: int, key: Tensor, value: Tensor) -> Layer:
        keys, values = self.places.of(layer, key, value)
        keys[self.each, :, self.at], values[self.each, :, self.at] = key[:, :, 0], value[:, :, 0]
        return keys[: len(key), :, : self.upto], values[: len(key), :, : self.upto]
