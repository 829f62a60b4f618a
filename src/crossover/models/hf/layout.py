"""Where the rows of a packed sequence lie, what each token sees, and where keys and values of earlier tokens are kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

ALIGNED = 8  # numbers: where a card's fused attention wants the rows of a mask to begin


def put(of: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device; a card is not waited for: an ordinary copy would wait for all that it was given before."""
    if device.type == "cuda" and of.device.type == "cpu":
        return of.pin_memory().to(device, non_blocking=True)
    return of.to(device)


Layer = tuple[Tensor, Tensor]  # keys and values, each (1, key heads, tokens, width)


class KeyValues(Protocol):
    """Keeps keys and values of rows."""

    def write(self, layer: int, key: Tensor, value: Tensor) -> Layer:
        """Keep what is new of each row; what its tokens see of it."""
        ...


class KeyValueCache:
    """Keys and values of rows that are being written: (rows, key heads, size, width) a layer, filled in place."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self.here: Tensor | None = None  # (1,): where the next token goes, on a device where steps are recorded
        self._layers: dict[int, Layer] = {}

    def write(self, layer: int, key: Tensor, value: Tensor) -> Layer:
        """Append, and return everything so far; with `here` everything there will be. `advance` moves on once all layers
        have written."""
        if layer not in self._layers:
            shape = (*key.shape[:2], self.size, key.shape[3])
            self._layers[layer] = (key.new_zeros(shape), value.new_zeros((*shape[:3], value.shape[3])))
        keys, values = self._layers[layer]
        if self.here is not None:
            return keys.index_copy_(2, self.here, key), values.index_copy_(2, self.here, value)
        stop = self.used + key.shape[2]
        keys[:, :, self.used : stop] = key
        values[:, :, self.used : stop] = value
        return keys[:, :, :stop], values[:, :, :stop]

    def advance(self, tokens: int) -> None:
        self.used += tokens

    def select(self, rows: Tensor) -> None:
        """Keep only these rows."""
        self._layers = {layer: (k[rows], v[rows]) for layer, (k, v) in self._layers.items()}


@dataclass(frozen=True)
class Layout:
    """Where the rows of a packed sequence lie, and what each token sees.

    `rows` (rows, longest): the indices of each row's tokens in the sequence, filled up with any. `back` (tokens behind
    the inner beginning,): where each of them stands in `rows`, flattened. `visible` (rows, longest, places): which places
    of its own row a token sees; None: those up to itself. `inner`: how many first tokens of the sequence are the shared
    beginning; or `shared` has its keys and values, layer by layer. `memory` holds the rows' earlier tokens; `record`
    collects the keys and values of a single row, `windows` how far each layer looks back.

    For layers that look back no further than a window: `at` (rows, longest) is the position of each token in its text,
    `places` (rows, places) that of each place in `memory`; None: those of `at`. `span`: the lowest and the highest of `at`.
    """

    rows: Tensor
    back: Tensor
    at: Tensor
    span: tuple[int, int]
    visible: Tensor | None = None
    inner: int = 0
    shared: tuple[Layer, ...] = ()
    memory: KeyValues | None = None
    places: Tensor | None = None
    record: list[Layer] | None = None
    windows: list[int | None] | None = None
    _masks: dict[tuple[object, ...], Tensor] = field(default_factory=dict, compare=False)

    def to(self, device: torch.device) -> Layout:
        """The same with its indices on a device."""
        if self.rows.device == device:
            return self
        moved: dict[str, Any] = {name: put(of, device) for name, of in vars(self).items() if isinstance(of, Tensor)}
        return replace(self, **moved, _masks={})

    @cached_property
    def plain(self) -> bool:
        """Whether the sequence is one row without padding: nothing has to be gathered."""
        return len(self.rows) == 1 and not self.inner

    @cached_property
    def single(self) -> bool:
        """Whether each row has one token, in their order: nothing has to be gathered either."""
        return self.rows.shape[1] == 1 and len(self.rows) == len(self.back) and not self.inner

    @property
    def chains(self) -> bool:
        """Whether the sequence holds all there is: rows without trees behind an inner beginning."""
        return self.visible is None and self.memory is None and not self.shared

    def mask(self, groups: int, dtype: torch.dtype, window: int | None = None) -> Tensor | None:
        """`visible` as (rows, 1, groups * longest, places), to be added to scores; made once for all layers of a kind."""
        if self.visible is None:
            return None
        key = (groups, dtype, window)
        if key not in self._masks:
            seen = self.visible
            if window is not None:
                places = self.at if self.places is None else self.places
                seen = seen & (self.at[:, :, None] - places[:, None, : seen.shape[2]] < window)
            self._masks[key] = added(seen.repeat(1, groups, 1), dtype)[:, None]
        return self._masks[key]

    def places_of(self, heads: int) -> Tensor:
        """Where each token behind the inner beginning stands among the rows of all heads, one head after the other.

        (tokens * heads,), the heads of a token side by side.
        """
        key = ("places", heads)
        if key not in self._masks:
            size = self.rows.numel()
            self._masks[key] = (self.back[:, None] + size * torch.arange(heads, device=self.back.device)).flatten()
        return self._masks[key]

    def causal(self, tokens: int, groups: int, dtype: torch.dtype, window: int | None) -> Tensor:
        """Each of `tokens` sees those up to itself: (1, tokens * groups, tokens), the groups of a token side by side."""
        key = ("causal", tokens, groups, dtype, window)
        if key not in self._masks:
            place = torch.arange(tokens, device=self.rows.device)
            away = place[:, None] - place
            seen = (away >= 0) if window is None else (away >= 0) & (away < window)
            self._masks[key] = added(seen, dtype).repeat_interleave(groups, 0)[None]
        return self._masks[key]

    def above(self, tokens: int, groups: int, dtype: torch.dtype, window: int | None) -> Tensor | None:
        """What rows of `tokens` see of the inner beginning: (1, tokens * groups, inner), laid out as in `causal`.

        None: all of it.
        """
        if window is None or self.inner + tokens <= window:
            return None
        key = ("inner", tokens, groups, dtype, window)
        if key not in self._masks:
            place = torch.arange(self.inner + tokens, device=self.rows.device)
            away = place[self.inner :, None] - place[: self.inner]
            self._masks[key] = added(away < window, dtype).repeat_interleave(groups, 0)[None]
        return self._masks[key]

    def first_seen(self, window: int | None) -> int:
        """The first token of the shared beginning that any token behind it sees."""
        return 0 if window is None else max(0, self.span[0] - window + 1)

    def mask_above(self, groups: int, dtype: torch.dtype, known: int, window: int | None) -> Tensor | None:
        """What is seen of the shared beginning of `known` tokens from `first_seen` on: (1, 1, groups * tokens, seen).

        None: all of it.
        """
        first = self.first_seen(window)
        if window is None or self.span[1] - window < first:
            return None
        key = ("above", groups, dtype, window)
        if key not in self._masks:
            away = self.at.flatten()[self.back][:, None] - torch.arange(first, known, device=self.at.device)
            self._masks[key] = added((away < window).repeat(groups, 1), dtype)[None, None]
        return self._masks[key]


@dataclass(frozen=True)
class Beside:
    """Sequences one behind the other, each with its number of tokens; those of one see nothing of another's."""

    parts: tuple[tuple[int, Layout], ...]

    def to(self, device: torch.device) -> Beside:
        return Beside(tuple((size, layout.to(device)) for size, layout in self.parts))


def added(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask to be added to scores: 0 where `seen`, elsewhere a number that leaves nothing, and that kernels can scale."""
    wide = -(-seen.shape[-1] // ALIGNED) * ALIGNED if seen.is_cuda else seen.shape[-1]
    room = torch.zeros(*seen.shape[:-1], wide, dtype=dtype, device=seen.device)[..., : seen.shape[-1]]
    return room.masked_fill_(~seen, torch.finfo(dtype).min / 2)
