"""Attention for packed sequences: rows side by side that share a beginning, without a square mask over everything.

Each row's tokens see their own row (padded to the longest row of the batch: the rows are of like length) and, by a second
product over all rows at once, the beginning that they share; the two are merged by their normalisers (cascade inference,
Ye et al. 2024, FlashInfer, section 3.2; the merge is that of Dao et al. 2022, FlashAttention, section 3.1). The shared
keys and values are read where they lie, never copied a row. Registered with transformers under the name `packed`; without
a `Layout` it is transformers' own attention.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from crossover.models.hf.softmax import attend

NAME = "packed"
UNKNOWN = ("softcap", "s_aux", "sliding_window", "position_bias", "cache")  # attention of another kind

Layer = tuple[Tensor, Tensor]  # keys and values, each (1, key heads, tokens, width)


class Memory:
    """Keys and values of rows that are being written: (rows, key heads, size, width) a layer, filled in place."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self._layers: dict[int, Layer] = {}

    def write(self, layer: int, key: Tensor, value: Tensor) -> Layer:
        """Append, and return everything so far. `advance` moves on once all layers have written."""
        if layer not in self._layers:
            shape = (*key.shape[:2], self.size, key.shape[3])
            self._layers[layer] = (key.new_zeros(shape), value.new_zeros((*shape[:3], value.shape[3])))
        stop = self.used + key.shape[2]
        keys, values = self._layers[layer]
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
    collects the keys and values of a single row.
    """

    rows: Tensor
    back: Tensor
    visible: Tensor | None = None
    inner: int = 0
    shared: tuple[Layer, ...] = ()
    memory: Memory | None = None
    record: list[Layer] | None = None
    _masks: dict[tuple[int, torch.dtype], Tensor] = field(default_factory=dict, compare=False)

    def to(self, device: torch.device) -> Layout:
        """The same with its indices on a device."""
        if self.rows.device == device:
            return self
        visible = None if self.visible is None else self.visible.to(device)
        return replace(self, rows=self.rows.to(device), back=self.back.to(device), visible=visible, _masks={})

    @cached_property
    def plain(self) -> bool:
        """Whether the sequence is one row without padding: nothing has to be gathered."""
        return len(self.rows) == 1 and not self.inner

    def mask(self, groups: int, dtype: torch.dtype) -> Tensor | None:
        """`visible` as (rows, 1, groups * longest, places), to be added to scores; made once for all layers."""
        if self.visible is None:
            return None
        if (groups, dtype) not in self._masks:
            added = torch.zeros(self.visible.shape, dtype=dtype, device=self.visible.device)
            added.masked_fill_(~self.visible, torch.finfo(dtype).min)
            self._masks[groups, dtype] = added.repeat(1, groups, 1)[:, None]
        return self._masks[groups, dtype]


def packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """`query` (1, heads, tokens, width), `key` and `value` (1, key heads, tokens, width) -> (1, tokens, heads, width).

    Raises `NotImplementedError` for attention with soft caps, sinks or windows.
    """
    layout: Layout | None = kwargs.pop("layout", None)
    if layout is None:
        found, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
        return cast(Tensor, found), None
    if any(kwargs.get(name) is not None for name in UNKNOWN):
        raise NotImplementedError("this attention has windows, sinks or soft caps, which packed rows do not know")
    query, key = query.to(value.dtype), key.to(value.dtype)  # in mixed precision rotations leave float32
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    if layout.record is not None:
        layout.record.append((key, value))
    inner = layout.inner
    own, own_sum = _rows(module, query, key, value, layout, scale, dropout)
    shared = (key[:, :, :inner], value[:, :, :inner]) if inner else None
    if layout.shared:
        shared = layout.shared[module.layer_idx]
    if shared is not None:
        behind = query[:, :, inner:]
        heads, tokens, width = behind.shape[1:]
        folded = behind.reshape(1, key.shape[1], -1, width)  # heads of one group lie side by side
        above, above_sum = attend(folded, *shared, None, False, scale, dropout)
        above = above.reshape(heads, tokens, -1).transpose(0, 1)
        share = torch.sigmoid(above_sum.reshape(heads, tokens).t() - own_sum)
        own = torch.lerp(own, above, share[..., None].to(own.dtype))
    if inner:
        first, _ = _causal(query[:, :, :inner], key[:, :, :inner], value[:, :, :inner], scale, dropout)
        own = torch.cat([first[0].transpose(0, 1), own])
    return own[None], None


def _rows(
    module: Any, query: Tensor, key: Tensor, value: Tensor, layout: Layout, scale: float, dropout: float
) -> tuple[Tensor, Tensor]:
    """What the tokens see in their own rows: (tokens, heads, width), and the logarithms of the sums: (tokens, heads)."""
    heads, groups = query.shape[1], query.shape[1] // key.shape[1]
    if layout.plain:
        q, k, v = query, key, value
    else:
        q, k, v = (of[0].transpose(0, 1)[layout.rows].transpose(1, 2) for of in (query, key, value))
    rows, longest, width = q.shape[0], q.shape[2], q.shape[3]
    if layout.memory is not None:
        k, v = layout.memory.write(module.layer_idx, k, v)
    mask = layout.mask(groups, q.dtype)
    if mask is None:
        found, sums = _causal(q, k, v, scale, dropout)
    else:
        folded = q.reshape(rows, heads // groups, groups * longest, width)
        found, sums = attend(folded, k, v, mask, False, scale, dropout)
        found, sums = found.reshape(rows, heads, longest, -1), sums.reshape(rows, heads, longest)
    found, sums = found.transpose(1, 2), sums.transpose(1, 2)
    if layout.plain:
        return found[0], sums[0]
    return found.reshape(rows * longest, heads, -1)[layout.back], sums.reshape(rows * longest, heads)[layout.back]


def _causal(q: Tensor, k: Tensor, v: Tensor, scale: float, dropout: float) -> tuple[Tensor, Tensor]:
    groups = q.shape[1] // k.shape[1]
    if groups > 1:
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    return attend(q, k, v, None, True, scale, dropout)


ALL_ATTENTION_FUNCTIONS.register(NAME, packed_attention)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
