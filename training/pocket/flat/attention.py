"""Attention over a flat sequence of episodes: a kernel that takes their ends where there is one, else a mask."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention.varlen import varlen_attn

from training.pocket.flat.layout import LENGTH

Attend = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def by_ends(q: Tensor, k: Tensor, v: Tensor, ends: Tensor) -> Tensor:
    """(tokens, heads, width) each -> the same; on a GPU alone."""
    found = varlen_attn(q, k, v, ends, ends, LENGTH, LENGTH, window_size=(-1, 0))
    assert isinstance(found, Tensor)
    return found


def by_mask(q: Tensor, k: Tensor, v: Tensor, ends: Tensor) -> Tensor:
    """The same by a mask over each row of LENGTH tokens."""
    rows = len(q) // LENGTH
    places = torch.arange(len(q), device=ends.device, dtype=ends.dtype)
    owners = torch.searchsorted(ends[1:], places, right=True).view(rows, LENGTH)
    causal = torch.ones(LENGTH, LENGTH, dtype=torch.bool, device=ends.device).tril()
    mask = ((owners[:, :, None] == owners[:, None, :]) & causal)[:, None]
    q, k, v = (t.view(rows, LENGTH, *t.shape[1:]).transpose(1, 2) for t in (q, k, v))
    found = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return found.transpose(1, 2).reshape(rows * LENGTH, *found.shape[1:2], found.shape[3])


def attention(device: str) -> Attend:
    """The quickest on this device."""
    return by_ends if device.startswith("cuda") else by_mask
