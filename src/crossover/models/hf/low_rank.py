"""A linear layer with frozen weights and an adapter, forwards and backwards in as few products as there can be.

LoRA (Hu et al. 2021, section 4.1): y = x W' + s (x A') B'. PEFT computes it in the adapter's float32, keeping several
copies of x for the backward pass; here the products run in the precision of the frozen weights, the adapter's own values
and gradients stay in float32, and x is kept once.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn


class _LowRank(torch.autograd.Function):
    """`x` (..., inputs), `weight` (outputs, inputs) frozen, `down` (rank, inputs), `up` (outputs, rank) in float32."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, down: Tensor, up: Tensor, scale: float) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        down, up = down.to(x.dtype), up.to(x.dtype)
        narrow = flat @ down.t()
        found = nn.functional.linear(flat, weight, bias).addmm_(narrow, up.t(), alpha=scale)
        ctx.save_for_backward(flat, weight, down, up, narrow)
        ctx.scale, ctx.shape = scale, x.shape
        return found.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        flat, weight, down, up, narrow = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        back = (grad @ up) * ctx.scale
        into_x = (grad @ weight).addmm_(back, down).view(ctx.shape) if ctx.needs_input_grad[0] else None
        into_down = (back.t() @ flat).float()
        into_up = (grad.t() @ narrow).mul_(ctx.scale).float()
        return into_x, None, None, into_down, into_up, None


def low_rank(x: Tensor, weight: Tensor, bias: Tensor | None, down: Tensor, up: Tensor, scale: float) -> Tensor:
    """`weight` x + `bias`, plus `scale` times `up` (outputs, rank) `down` (rank, inputs) x."""
    return torch.as_tensor(_LowRank.apply(x, weight, bias, down, up, scale))  # type: ignore[no-untyped-call]


@functools.cache
def _fused(plain: type[Any]) -> type[Any]:
    """PEFT's layer with another road to the same output, where the adapter in use is a plain one."""

    class Fused(plain):  # type: ignore[misc]
        def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            names, base = self.active_adapters, self.get_base_layer()
            if self.disable_adapters and not self.merged:
                return torch.as_tensor(base(x))
            if kwargs or self.merged or len(names) != 1 or not self._plain(names[0]):
                return torch.as_tensor(super().forward(x, *args, **kwargs))
            down, up = self.lora_A[names[0]].weight, self.lora_B[names[0]].weight
            return low_rank(x, base.weight, base.bias, down, up, self.scaling[names[0]])

        def _plain(self, name: str) -> bool:
            if name not in self.lora_A or name in self.lora_variant or self.lora_bias[name]:
                return False
            return not self.training or isinstance(self.lora_dropout[name], nn.Identity)

    return Fused


def fuse(module: nn.Module) -> None:
    """Let the adapter layers of a module take the short road, but for those on other than plain frozen linear layers."""
    from peft.tuners.lora.layer import Linear as LoraLinear

    layers: list[Any] = [layer for layer in module.modules() if type(layer) is LoraLinear]
    for layer in layers:
        base = layer.get_base_layer()
        if type(base) is nn.Linear and not base.weight.requires_grad and base.weight.is_floating_point():
            layer.__class__ = _fused(LoraLinear)
