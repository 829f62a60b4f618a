"""The heart of attention: softmax-weighted values, with the logarithm of each softmax's sum so that parts can be merged."""

from __future__ import annotations

import torch
from torch import Tensor

MANY = 1 << 17  # attention weights of a head from which products by blocks are quicker than the fused kernel
BLOCK = 256  # queries for each thread: their weights stay in its cache
FITS = 1 << 22  # attention weights of a whole batch up to which plain products are quicker than the fused kernel
SMALLEST = 1e-30  # a sum below has lost its terms


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    """(rows, heads, queries, width) of each -> weighted values of `q`'s shape, and the logarithms of the sums.

    `mask` (rows, 1, queries, keys) is added to the scores; `causal`: a query sees the keys up to its own place.
    """
    if q.device.type == "cpu" and not torch.is_grad_enabled():
        if q.dtype == torch.bfloat16 and not causal:
            found = None
            if mask is None and q.shape[2] * k.shape[2] >= MANY:
                found = _unshifted(q, k, v, scale)
            elif q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2] <= FITS:
                found = _batched(q, k, v, mask, scale)
            if found is not None:
                return found
        out, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            q, k, v, 0.0, causal, attn_mask=mask, scale=scale
        )
        return out, sums
    if q.device.type == "cuda" and not torch.is_grad_enabled() and q.shape[3] % 8 == 0 and v.shape[3] == q.shape[3]:
        return _fused(q, k, v, mask, causal, scale)
    return _products(q, k, v, mask, causal, scale)


def _fused(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    """The same by a card's own kernels, which never write the scores: flash attention, or with a mask or in float32 the
    memory-efficient one (Dao et al. 2022; Rabe and Staats 2021)."""
    if mask is None and q.dtype != torch.float32:
        out, sums, *_ = torch.ops.aten._scaled_dot_product_flash_attention(q, k, v, 0.0, causal, False, scale=scale)
    else:
        if mask is not None:
            mask = mask.expand(q.shape[0], q.shape[1], *mask.shape[2:])
        out, sums, *_ = torch.ops.aten._scaled_dot_product_efficient_attention(
            q, k, v, mask, True, 0.0, causal, scale=scale
        )
    return out, sums[..., : q.shape[2]]  # the kernels fill their last block up


def _products(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    """The same by plain products."""
    scores = torch.matmul(q * scale, k.transpose(-1, -2))
    if causal:
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
        scores = scores.masked_fill(ahead, torch.finfo(scores.dtype).min)
    elif mask is not None:
        scores = scores + mask
    scores = scores.float()
    sums = scores.logsumexp(-1)
    weights = torch.exp(scores - sums[..., None])
    return torch.matmul(weights.to(v.dtype), v), sums


def _unshifted(q: Tensor, k: Tensor, v: Tensor, scale: float) -> tuple[Tensor, Tensor] | None:
    """The same without taking the largest score away first; None where a sum leaves the numbers' range.

    The weights of a block of queries are met twice, for the exponential and for their sum, while they lie in the cache.
    """
    heads, asked, block = q.shape[1], q * scale, BLOCK * torch.get_num_threads()
    out, sums = torch.empty_like(asked), q.new_empty(q.shape[:3])
    for row in range(q.shape[0]):
        for head in range(heads):
            keys, values = k[row, head].t(), v[row, head]
            for first in range(0, q.shape[2], block):
                part = slice(first, first + block)
                weights = torch.mm(asked[row, head, part], keys).exp_()
                torch.sum(weights, -1, out=sums[row, head, part])
                torch.mm(weights, values, out=out[row, head, part])
    if not _in_range(sums):
        return None
    return out / sums[..., None], sums.float().log()


def _batched(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float) -> tuple[Tensor, Tensor] | None:
    """As `_unshifted`, all rows and heads in one product: for few weights, which stay in the caches between its steps."""
    weights = torch.matmul(q * scale, k.transpose(-1, -2))
    if mask is not None:
        weights += mask
    sums = weights.exp_().sum(-1, dtype=torch.float32)
    if not _in_range(sums):
        return None
    return torch.matmul(weights, v) / sums[..., None].to(q.dtype), sums.log()


def _in_range(sums: Tensor) -> bool:
    return bool(sums.isfinite().all() and sums.min() > SMALLEST)
