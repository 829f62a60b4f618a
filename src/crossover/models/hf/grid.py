"""Packed rows of one length, while weights are tuned on a card: few shapes, so that one recording serves many batches.

The rows are filled up at their ends, where a causal model does not look. Their attention is PyTorch's own fused kernel,
with the shared beginning's keys and values laid before each row's: on a card copies cost less than products of many kinds.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from crossover.models.hf.layout import Layout, added

KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]  # cuDNN plans anew for each shape
ALIGNED = 16  # numbers: the fused kernels want rows of a mask to begin at multiples of it


class Grid(Layout):
    """A layout whose rows are all of one length and lie in order behind the inner beginning."""

    def seen(self, queries: int, keys: int, window: int | None, dtype: torch.dtype) -> Tensor:
        """(queries, keys), to be added to scores: each of the last `queries` tokens sees those up to itself."""
        key = ("seen", queries, keys, window, dtype)
        if key not in self._masks:
            wide = -(-keys // ALIGNED) * ALIGNED
            away = torch.arange(keys - queries, keys, device=self.rows.device)[:, None]
            away = away - torch.arange(wide, device=self.rows.device)
            seen = (away >= 0) if window is None else (away >= 0) & (away < window)
            self._masks[key] = added(seen, dtype)[:, :keys]
        return self._masks[key]


def lay_grid(rows: int, length: int, inner: int, device: torch.device) -> tuple[Tensor, Grid]:
    """The positions (tokens,) and the layout of `rows` of `length` tokens behind an inner beginning."""
    places = torch.arange(rows * length, device=device)
    own = inner + torch.arange(length, device=device).expand(rows, length)
    positions = torch.cat([torch.arange(inner, device=device), own.flatten()])
    span = (inner, inner + length - 1)
    return positions, Grid((inner + places).view(rows, length), places, own, span, inner=inner)


def attend_grid(
    query: Tensor, key: Tensor, value: Tensor, layout: Grid, window: int | None, scale: float, dropout: float
) -> Tensor:
    """`query` (1, heads, tokens, width), `key` and `value` (1, key heads, tokens, width) -> (tokens, heads, width)."""
    inner, shape = layout.inner, layout.rows.shape
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = (of[:, :, None].expand(-1, -1, groups, -1, -1).flatten(1, 2) for of in (key, value))
    q, k, v = (of[0, :, inner:].reshape(of.shape[1], *shape, -1).transpose(0, 1) for of in (query, key, value))
    begun: list[Tensor] = []
    if inner:
        q_in, k_in, v_in = (of[:, :, :inner] for of in (query, key, value))
        begun.append(_fused(q_in, k_in, v_in, layout, window, scale, dropout)[0].transpose(0, 1))
        k, v = (torch.cat([of.expand(len(q), -1, -1, -1), own], 2) for of, own in ((k_in, k), (v_in, v)))
    own = _fused(q, k, v, layout, window, scale, dropout).transpose(1, 2).flatten(0, 1)
    return torch.cat([*begun, own]) if begun else own


def _fused(q: Tensor, k: Tensor, v: Tensor, layout: Grid, window: int | None, scale: float, dropout: float) -> Tensor:
    queries, keys = q.shape[2], k.shape[2]
    square = queries == keys and (window is None or keys <= window)
    mask = None if square else layout.seen(queries, keys, window, q.dtype)
    with sdpa_kernel(KERNELS) if q.is_cuda else nullcontext():
        return scaled_dot_product_attention(q, k, v, mask, dropout, is_causal=square, scale=scale)
