"""RMS normalisation (Zhang and Sennrich 2019) with a backward pass of its own: autograd's takes several times as long."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class _RmsNorm(torch.autograd.Function):
    """`x` (..., width) / its root mean square * (`shift` + `weight` (width,)); squares are summed in float32."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, shift: float, eps: float) -> Tensor:
        wide = x.float()
        root = wide.square().mean(-1, keepdim=True).add_(eps).rsqrt_()
        level = (wide * root).to(x.dtype)
        factor = weight + shift if shift else weight
        ctx.save_for_backward(level, root.to(x.dtype), factor)
        return factor * level

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        level, root, factor = ctx.saved_tensors
        into_weight = (grad * level).flatten(0, -2).sum(0) if ctx.needs_input_grad[1] else None
        ahead = grad * factor
        along = (ahead * level).mean(-1, keepdim=True)
        return torch.addcmul(ahead, level, along, value=-1).mul_(root), into_weight, None, None


def quicken(module: nn.Module) -> None:
    """Let the layers of a module that are such a normalisation, as a trial shows, take the short road."""
    tried: dict[Hashable, type[nn.Module]] = {}  # layers of one kind are one function
    for layer in list(module.modules()):
        if "RMSNorm" in type(layer).__name__ and not isinstance(layer, _Quick):
            own, weight = type(layer), getattr(layer, "weight", None)
            kind = (own, _eps(layer), weight is not None and (weight.shape, weight.dtype))
            if kind not in tried:
                shift = _shift(layer)
                tried[kind] = own if shift is None else type(own.__name__, (_Quick, own), {"shift": shift})
            layer.__class__ = tried[kind]


class _Quick(nn.Module):
    """Goes before a layer's own class."""

    shift = 0.0

    def forward(self, x: Tensor) -> Tensor:
        weight: Any = self.weight
        if x.is_cuda and x.dtype == weight.dtype:  # there one kernel does it, forwards and backwards
            return nn.functional.rms_norm(x, weight.shape, weight + self.shift if self.shift else weight, _eps(self))
        found = _RmsNorm.apply(x, weight, self.shift, _eps(self))  # type: ignore[no-untyped-call]
        return torch.as_tensor(found)


def _shift(layer: Any) -> float | None:
    """What the layer adds to its weights; None where it is another function."""
    if getattr(layer, "weight", None) is None or layer.weight.dim() != 1 or _eps(layer) is None:
        return None
    trial, width = copy.deepcopy(layer), len(layer.weight)
    with torch.no_grad():
        trial.weight.copy_(torch.linspace(0.3, 0.7, width))
        x = torch.linspace(-3, 2, 3 * width).reshape(3, width).to(trial.weight)
        right = trial(x)
        for shift in (0.0, 1.0):  # Gemma's weights are what is added to 1
            found = _RmsNorm.apply(x, trial.weight, shift, _eps(layer))  # type: ignore[no-untyped-call]
            if torch.allclose(found, right, rtol=4 * torch.finfo(x.dtype).eps, atol=1e-6):
                return shift
    return None


def _eps(layer: Any) -> Any:
    return getattr(layer, "variance_epsilon", getattr(layer, "eps", None))
