"""Attention of packed rows while weights are tuned, with backward passes of its own.

Autograd's way through gathers, masks and the merge of two softmaxes takes several times as long as the products. Here the
heads that share keys lie side by side, a row and the beginning meet in one softmax, and rows are laid out and taken apart
by one permutation. Beyond `KEPT` weights a layer, they are computed again in the backward pass (Chen et al. 2016).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from crossover.models.hf.grid import Grid, attend_grid
from crossover.models.hf.layout import Layout

KEPT = 1 << 22


def attend_packed(
    query: Tensor, key: Tensor, value: Tensor, layout: Layout, window: int | None, scale: float, dropout: float
) -> Tensor:
    """`query` (1, heads, tokens, width), `key` and `value` (1, key heads, tokens, width) -> (tokens, heads, width).

    For layouts whose rows are chains behind an inner beginning: no trees, no earlier tokens.
    """
    if isinstance(layout, Grid):
        return attend_grid(query, key, value, layout, window, scale, dropout)
    q, k, v = (of[0].transpose(0, 1) for of in (query, key, value))
    heads, inner, groups = key.shape[1], layout.inner, query.shape[1] // key.shape[1]
    rows, longest = layout.rows.shape
    places, size = layout.places_of(heads), heads * rows * longest
    begun: list[Tensor] = []
    above: tuple[Tensor | None, Tensor | None] = (None, None)
    above_mask = None
    if inner:
        (q_in, q), (k_in, k), (v_in, v) = (torch.split(of, [inner, len(of) - inner]) for of in (q, k, v))
        shaped = [of.reshape(inner, heads, -1).transpose(0, 1).reshape(heads, -1, of.shape[2]) for of in (q_in, k_in, v_in)]
        mask = layout.causal(inner, groups, q.dtype, window)
        found = _Attend.apply(*shaped, None, None, mask, None, scale, dropout)  # type: ignore[no-untyped-call]
        begun.append(found.view(heads, inner, groups, -1).transpose(0, 1).reshape(inner, heads * groups, -1))
        above, above_mask = (shaped[1], shaped[2]), layout.above(longest, groups, q.dtype, window)
    laid = _Lay.apply(q.reshape(-1, groups * q.shape[2]), places, size).view(heads, -1, q.shape[2])  # type: ignore[no-untyped-call]
    keys, values = (_Lay.apply(of.reshape(-1, of.shape[2]), places, size).view(-1, longest, of.shape[2]) for of in (k, v))  # type: ignore[no-untyped-call]
    mask = layout.causal(longest, groups, q.dtype, window)
    found = _Attend.apply(laid, keys, values, *above, mask, above_mask, scale, dropout)  # type: ignore[no-untyped-call]
    apart = _Take.apply(found.view(size, -1), places).view(len(q), heads * groups, -1)  # type: ignore[no-untyped-call]
    return torch.cat([*begun, apart]) if begun else torch.as_tensor(apart)


class _Lay(torch.autograd.Function):
    """Rows of `x` (n, width) go to `places` (n,) of `size` rows; the others are zero."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(places)
        return x.new_zeros(size, x.shape[1]).index_put_((places,), x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return grad.index_select(0, ctx.saved_tensors[0]), None, None


class _Take(torch.autograd.Function):
    """The way back from `_Lay`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.size = len(x)
        return x.index_select(0, places)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return grad.new_zeros(ctx.size, grad.shape[1]).index_put_((ctx.saved_tensors[0],), grad), None


class _Attend(torch.autograd.Function):
    """`q` (heads, rows * queries, width); `k`, `v` (heads * rows, keys, width), of a row's own; `k_above`, `v_above`
    (heads, more, width), which all rows see; masks are added to the scores of each: (1, queries, keys)."""

    @staticmethod
    def forward(
        ctx: Any,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        k_above: Tensor | None,
        v_above: Tensor | None,
        mask: Tensor,
        mask_above: Tensor | None,
        scale: float,
        dropout: float,
    ) -> Tensor:
        weights = _weights(q, k, k_above, mask, mask_above, scale)
        drop = torch.empty_like(weights).bernoulli_(1 - dropout).div_(1 - dropout) if dropout else None
        used = weights if drop is None else weights * drop
        own = used[..., used.shape[2] - k.shape[1] :].reshape(len(k), -1, k.shape[1])
        out = torch.bmm(own, v).view(len(q), q.shape[1], -1)
        if v_above is not None:
            out = out.baddbmm_(used[..., : v_above.shape[1]], v_above)
        ctx.save_for_backward(
            q, k, v, k_above, v_above, mask, mask_above, drop, weights if weights.numel() <= KEPT else None
        )
        ctx.scale = scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, k_above, v_above, mask, mask_above, drop, weights = ctx.saved_tensors
        if weights is None:
            weights = _weights(q, k, k_above, mask, mask_above, ctx.scale)
        used = weights if drop is None else weights * drop
        more, each = used.shape[2] - k.shape[1], (len(k), -1, k.shape[1])
        rowwise = grad.reshape(len(k), -1, grad.shape[2])
        wanted = torch.bmm(rowwise, v.transpose(1, 2)).view(len(q), q.shape[1], -1)
        if v_above is not None:
            wanted = torch.cat([torch.bmm(grad, v_above.transpose(1, 2)), wanted], -1)
        if drop is not None:
            wanted = wanted * drop
        scores = torch._softmax_backward_data(wanted, weights, -1, weights.dtype).mul_(ctx.scale)
        own = scores[..., more:].reshape(each)
        into_q = torch.bmm(own, k).view(q.shape)
        into_k = torch.bmm(own.transpose(1, 2), q.view(len(k), -1, q.shape[2]))
        into_v = torch.bmm(used[..., more:].reshape(each).transpose(1, 2), rowwise)
        into_above: tuple[Tensor | None, Tensor | None] = (None, None)
        if k_above is not None:
            above = scores[..., :more]
            into_q.baddbmm_(above, k_above)
            into_above = torch.bmm(above.transpose(1, 2), q), torch.bmm(used[..., :more].transpose(1, 2), grad)
        return into_q, into_k, into_v, *into_above, None, None, None, None


def _weights(q: Tensor, k: Tensor, k_above: Tensor | None, mask: Tensor, mask_above: Tensor | None, scale: float) -> Tensor:
    """(heads, rows * queries, more + keys): what each query gives to the beginning and to its own row."""
    asked = q * scale
    scores = torch.baddbmm(mask, asked.view(len(k), -1, q.shape[2]), k.transpose(1, 2)).view(len(q), q.shape[1], -1)
    if k_above is not None:
        above = torch.bmm(asked, k_above.transpose(1, 2))
        if mask_above is not None:
            rows = len(k) // len(q)
            above = (above.view(len(q), rows, *mask_above.shape[1:]) + mask_above).view(above.shape)
        scores = torch.cat([above, scores], -1)
    return torch.softmax(scores, -1)
