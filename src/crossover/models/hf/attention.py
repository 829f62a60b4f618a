"""Attention for packed sequences: rows side by side that share a beginning, without a square mask over everything.

Each row's tokens see their own row (padded to the longest row of the batch: the rows are of like length) and, by a second
product over all rows at once, the beginning that they share; the two are merged by their normalisers (cascade inference,
Ye et al. 2024, FlashInfer, section 3.2; the merge is that of Dao et al. 2022, FlashAttention, section 3.1). The shared
keys and values are read where they lie, never copied a row. Registered with transformers under the name `packed`; without
a `Layout` it is transformers' own attention.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from crossover.models.hf.gradient import attend_packed
from crossover.models.hf.layout import Beside, Layout, added
from crossover.models.hf.softmax import attend

NAME = "packed"
UNKNOWN = ("softcap", "s_aux", "position_bias", "cache")  # attention of another kind


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

    Raises `NotImplementedError` for attention with soft caps or sinks.
    """
    layout: Layout | Beside | None = kwargs.pop("layout", None)
    if isinstance(layout, Beside):
        found, first = [], 0
        for size, part in layout.parts:
            q, k, v = (of[:, :, first : first + size] for of in (query, key, value))
            found.append(packed_attention(module, q, k, v, attention_mask, dropout, scaling, layout=part, **kwargs)[0])
            first += size
        return torch.cat(found, 1), None
    if layout is None:
        usual, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
        return cast(Tensor, usual), None
    if any(kwargs.get(name) is not None for name in UNKNOWN):
        raise NotImplementedError("this attention has sinks or soft caps, which packed rows do not know")
    query, key = query.to(value.dtype), key.to(value.dtype)  # in mixed precision rotations leave float32
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    window: int | None = kwargs.get("sliding_window")
    if layout.record is not None:
        layout.record.append((key, value))
    if layout.windows is not None:
        layout.windows.append(window)
    if torch.is_grad_enabled() and layout.chains:
        with torch.autocast(query.device.type, enabled=False):
            return attend_packed(query, key, value, layout, window, scale, dropout)[None], None
    inner = layout.inner
    own, own_sum = _rows(module, query, key, value, layout, window, scale)
    shared = layout.shared[module.layer_idx] if layout.shared else (key[:, :, :inner], value[:, :, :inner])
    first = layout.first_seen(window)
    if first < shared[0].shape[2]:
        behind = query[:, :, inner:]
        heads, tokens, width = behind.shape[1:]
        folded = behind.reshape(1, key.shape[1], -1, width)  # heads of one group lie side by side
        mask = layout.mask_above(heads // key.shape[1], query.dtype, shared[0].shape[2], window)
        above, above_sum = attend(folded, shared[0][:, :, first:], shared[1][:, :, first:], mask, False, scale)
        above = above.reshape(heads, tokens, -1).transpose(0, 1)
        share = torch.sigmoid(above_sum.reshape(heads, tokens).t() - own_sum)
        own = torch.lerp(own, above, share[..., None].to(own.dtype))
    if inner:
        begun, _ = _causal(query[:, :, :inner], key[:, :, :inner], value[:, :, :inner], window, scale)
        own = torch.cat([begun[0].transpose(0, 1), own])
    return own[None], None


def _rows(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    layout: Layout,
    window: int | None,
    scale: float,
) -> tuple[Tensor, Tensor]:
    """What the tokens see in their own rows: (tokens, heads, width), and the logarithms of the sums: (tokens, heads)."""
    heads, groups = query.shape[1], query.shape[1] // key.shape[1]
    if layout.plain:
        q, k, v = query, key, value
    elif layout.single:
        q, k, v = (of[0].transpose(0, 1).unsqueeze(2) for of in (query, key, value))
    else:
        q, k, v = (of[0].transpose(0, 1)[layout.rows].transpose(1, 2) for of in (query, key, value))
    rows, longest, width = q.shape[0], q.shape[2], q.shape[3]
    if layout.memory is not None:
        k, v = layout.memory.write(module.layer_idx, k, v)
    mask = layout.mask(groups, q.dtype, window)
    if mask is None:
        found, sums = _causal(q, k, v, window, scale)
    else:
        folded = q.reshape(rows, heads // groups, groups * longest, width)
        found, sums = attend(folded, k, v, mask, False, scale)
        found, sums = found.reshape(rows, heads, longest, -1), sums.reshape(rows, heads, longest)
    found, sums = found.transpose(1, 2), sums.transpose(1, 2)
    if layout.plain:
        return found[0], sums[0]
    if layout.single:
        return found[:, 0], sums[:, 0]
    return found.reshape(rows * longest, heads, -1)[layout.back], sums.reshape(rows * longest, heads)[layout.back]


def _causal(q: Tensor, k: Tensor, v: Tensor, window: int | None, scale: float) -> tuple[Tensor, Tensor]:
    groups = q.shape[1] // k.shape[1]
    if groups > 1:
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    if window is not None and q.shape[2] > window:
        place = torch.arange(q.shape[2], device=q.device)
        away = place[:, None] - place
        return attend(q, k, v, added((away >= 0) & (away < window), q.dtype)[None, None], False, scale)
    return attend(q, k, v, None, True, scale)


ALL_ATTENTION_FUNCTIONS.register(NAME, packed_attention)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
