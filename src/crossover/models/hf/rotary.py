"""Rotary positions (Su et al. 2021) with a backward pass of its own, the rotation back: autograd's takes twice as long."""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

NAME = "apply_rotary_pos_emb"  # what attention layers of transformers call it, in their modules


class _Rotation(torch.autograd.Function):
    """`x` (..., width), whose first and second half are the planes' two axes; `cos` and `sin` broadcast to it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _turned(x, cos, sin, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        cos, sin = ctx.saved_tensors
        return _turned(grad, cos, sin, -1), None, None


def _turned(x: Tensor, cos: Tensor, sin: Tensor, way: int) -> Tensor:
    half = x.shape[-1] // 2
    found = x * cos
    found[..., :half].addcmul_(x[..., half:], sin[..., :half] if way > 0 else sin[..., half:], value=-way)
    found[..., half:].addcmul_(x[..., :half], sin[..., half:] if way > 0 else sin[..., :half], value=way)
    return found


def quicken_rotary(module: nn.Module) -> None:
    """Let the attention layers of a module turn queries and keys by this, where a trial shows that it is their function."""
    for layer in module.modules():
        kind: Any = type(layer)
        layer.__class__ = _quick(kind)


@cache
def _quick(kind: Any) -> Any:
    """The class with another function under that name in its `forward`; the class itself where that is none of its own."""
    forward: Any = kind.forward
    own = getattr(forward, "__globals__", {}).get(NAME)
    if own is None or getattr(kind, "turned", False) or NAME not in forward.__code__.co_names or not _is_rotation(own):
        return kind

    def turn(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, *more: Any, **options: Any) -> tuple[Tensor, Tensor]:
        if more or options or q.shape[-1] != cos.shape[-1] or not q.dtype == k.dtype == cos.dtype:
            found: tuple[Tensor, Tensor] = own(q, k, cos, sin, *more, **options)
            return found
        cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
        return _Rotation.apply(q, cos, sin), _Rotation.apply(k, cos, sin)  # type: ignore[no-untyped-call]

    names = {**forward.__globals__, NAME: turn}
    with_it = types.FunctionType(forward.__code__, names, forward.__name__, forward.__defaults__, forward.__closure__)
    with_it.__kwdefaults__ = forward.__kwdefaults__
    return type(kind.__name__, (kind,), {"forward": with_it, "turned": True})


def _is_rotation(own: Callable[..., Any]) -> bool:
    q, k = (torch.linspace(-1, 2, 2 * heads * 3 * 8).reshape(2, heads, 3, 8) for heads in (4, 2))
    cos, sin = torch.linspace(0.2, 0.9, 48).reshape(2, 3, 8), torch.linspace(-0.5, 0.7, 48).reshape(2, 3, 8)
    try:
        found = own(q, k, cos, sin)
        right = [_turned(of, cos.unsqueeze(1), sin.unsqueeze(1), 1) for of in (q, k)]
        return all(torch.allclose(one, other, atol=1e-6) for one, other in zip(found, right, strict=True))
    except (RuntimeError, TypeError, ValueError, IndexError):
        return False  # it takes other things
