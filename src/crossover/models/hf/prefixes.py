"""What prompts begin with, computed once: keys and values kept across batches, calls and candidates."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from crossover.models.hf.packing import NO_PREFIX, Prefix, extend, shared_prefix

LIMIT = 256 << 20  # bytes
WORTH = 4  # tokens: a gain of fewer is not worth a pass of its own


class Prefixes:
    """The most recently used beginnings, in at most `LIMIT` bytes; `weights` names the weights that computed them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, tuple[int, ...]], Prefix] = OrderedDict()
        self._last: dict[str, tuple[int, ...]] = {}

    def shared(self, model: Any, weights: str, prompts: Sequence[Sequence[int]]) -> Prefix:
        """The beginning that all `prompts` share, computed; at least one token of each is left.

        A prompt that comes alone is compared with the one before it: a server's requests share their instruction.
        """
        first = tuple(prompts[0])
        if len(prompts) > 1:
            known = shared_prefix(prompts)
        else:
            known = max(shared_prefix([first, self._last.get(weights, ())]), self._longest(weights, first[:-1])[1])
        self._last[weights] = first
        wanted = first[:known]
        found, common = self._longest(weights, wanted)
        if known - common < WORTH:
            return found.first(common)
        grown = extend(model, found.first(common), wanted[common:])
        if common == len(found.tokens):  # the longer one serves wherever the shorter did
            self._kept.pop((weights, found.tokens), None)
        self._kept[weights, grown.tokens] = grown
        self._trim()
        return grown

    def _longest(self, weights: str, tokens: tuple[int, ...]) -> tuple[Prefix, int]:
        """The kept beginning that has most first tokens in common with `tokens`, and how many; it counts as used."""
        best, common = NO_PREFIX, 0
        for (owner, kept), prefix in self._kept.items():
            if owner == weights:
                limit = min(len(kept), len(tokens))
                count = next((i for i in range(limit) if kept[i] != tokens[i]), limit)
                if count > common:
                    best, common = prefix, count
        if best.tokens:
            self._kept.move_to_end((weights, best.tokens))
        return best, common

    def _trim(self) -> None:
        total = sum(map(_size, self._kept.values()))
        while total > LIMIT and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            total -= _size(dropped)


def _size(prefix: Prefix) -> int:
    return sum(of.numel() * of.element_size() for layer in prefix.layers for of in layer)
