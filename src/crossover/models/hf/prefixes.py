"""What prompts begin with, computed once: keys and values kept across batches, calls and candidates.

A beginning is computed whole and found again by its very tokens, never put together from others: so the numbers of a call
depend on its requests alone, and a study that was killed ends as one that was not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from crossover.models.hf.packing import NO_PREFIX, Prefix, read

LIMIT = 256 << 20  # bytes
WORTH = 4  # tokens: fewer are not worth a pass of their own


class Prefixes:
    """The most recently used beginnings, in at most `LIMIT` bytes; `weights` names the weights that computed them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, tuple[int, ...]], Prefix] = OrderedDict()

    def get(self, model: Any, weights: str, tokens: Sequence[int]) -> Prefix:
        """The keys and values of `tokens`."""
        if len(tokens) < WORTH:
            return NO_PREFIX
        key = (weights, tuple(tokens))
        if key not in self._kept:
            self._kept[key] = read(model, tokens)
            self._trim()
        self._kept.move_to_end(key)
        return self._kept[key]

    def _trim(self) -> None:
        total = sum(map(_size, self._kept.values()))
        while total > LIMIT and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            total -= _size(dropped)


def _size(prefix: Prefix) -> int:
    return sum(of.numel() * of.element_size() for layer in prefix.layers for of in layer)
