"""Linear layers with frozen weights and adapters, forwards and backwards in as few products as there can be.

LoRA (Hu et al. 2021, section 4.1): y = x W' + s (x A') B'. PEFT computes it in the adapter's float32, keeping several
copies of x for the backward pass; here the products run in the precision of the frozen weights, the adapter's own values
and gradients stay in float32, and x is kept once. Layers that read the same input share its way down, as thin products are
slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch import Tensor, nn

TOGETHER = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))  # layers that architectures give the same input


class _LowRank(torch.autograd.Function):
    """Some layers' outputs for one `x` (..., inputs). `tensors`, of each layer: `weight` (outputs, inputs) frozen, `bias`
    (outputs,) or None, and in float32 `down` (rank, inputs) and `up` (outputs, rank)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scales: tuple[float, ...], *tensors: Any) -> tuple[Tensor, ...]:
        flat = x.reshape(-1, x.shape[-1])
        weights, biases, downs, ups = (tensors[i::4] for i in range(4))
        down = (downs[0] if len(downs) == 1 else torch.cat(downs)).to(x.dtype)
        ups, ranks = tuple(up.to(x.dtype) for up in ups), [len(of) for of in downs]
        narrow = flat @ down.t()
        found = []
        for weight, bias, up, own, scale in zip(weights, biases, ups, torch.split(narrow, ranks, 1), scales, strict=True):
            wide = nn.functional.linear(flat, weight, bias).addmm_(own, up.t(), alpha=scale)
            found.append(wide.view(*x.shape[:-1], -1))
        ctx.save_for_backward(flat, down, narrow, *weights, *ups)
        ctx.scales, ctx.shape, ctx.ranks = scales, x.shape, ranks
        return tuple(found)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        flat, down, narrow, *both = ctx.saved_tensors
        layers, backs, into_x = len(grads), [], None
        into_ups = []
        for i, own in enumerate(torch.split(narrow, ctx.ranks, 1)):
            grad, weight, up = grads[i].reshape(-1, grads[i].shape[-1]), both[i], both[layers + i]
            if ctx.needs_input_grad[0]:
                into_x = grad @ weight if into_x is None else into_x.addmm_(grad, weight)
            backs.append((grad @ up).mul_(ctx.scales[i]))
            into_ups.append((grad.t() @ own).mul_(ctx.scales[i]).float())
        back = backs[0] if layers == 1 else torch.cat(backs, 1)
        if into_x is not None:
            into_x = into_x.addmm_(back, down).view(ctx.shape)
        into_downs = (back.t() @ flat).float().split(ctx.ranks)
        of_layers = (part for pair in zip(into_downs, into_ups, strict=True) for part in (None, None, *pair))
        return into_x, None, *of_layers


class _Fused(LoraLinear):  # type: ignore[misc]
    """PEFT's layer with another road to the same output, where the adapter in use is a plain one."""

    siblings: _Siblings | None = None

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        names, base = self.active_adapters, self.get_base_layer()
        if self.disable_adapters and not self.merged:
            return torch.as_tensor(base(x))
        if kwargs or self.merged or len(names) != 1 or not self.plain(names[0]):
            return torch.as_tensor(super().forward(x, *args, **kwargs))
        if self.siblings is not None and self.siblings.agree(names[0]):
            return self.siblings.output(self, x, names[0])
        return low_rank([self], x, names[0])[0]

    def plain(self, name: str) -> bool:
        """Whether the adapter of that name is nothing but two matrices, here and now."""
        if name not in self.lora_A or name in self.lora_variant or self.lora_bias[name]:
            return False
        return not self.training or isinstance(self.lora_dropout[name], nn.Identity)


class _Siblings:
    """Layers that read the same input: the first that is asked computes the outputs of all."""

    def __init__(self, layers: list[_Fused]) -> None:
        self._layers = layers
        self._input: Tensor | None = None
        self._ready: dict[int, Tensor] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_layers": self._layers, "_input": None, "_ready": {}}  # activations cannot be copied

    def agree(self, name: str) -> bool:
        """Whether all can go together with the adapter of that name."""
        return all(of.active_adapters == [name] and not of.merged and of.plain(name) for of in self._layers)

    def output(self, layer: _Fused, x: Tensor, name: str) -> Tensor:
        place = next(i for i, of in enumerate(self._layers) if of is layer)
        if self._input is not x or place not in self._ready:
            self._input, self._ready = x, dict(enumerate(low_rank(self._layers, x, name)))
        found = self._ready.pop(place)
        if not self._ready:
            self._input = None
        return found


def low_rank(layers: Sequence[_Fused], x: Tensor, name: str) -> tuple[Tensor, ...]:
    """The outputs of layers for one input, with the adapter of that name."""
    tensors: list[Tensor | None] = []
    for layer in layers:
        base = layer.get_base_layer()
        tensors += [base.weight, base.bias, layer.lora_A[name].weight, layer.lora_B[name].weight]
    scales = tuple(layer.scaling[name] for layer in layers)
    return tuple(_LowRank.apply(x, scales, *tensors))  # type: ignore[no-untyped-call]


def fuse(module: nn.Module) -> None:
    """Let the adapter layers of a module take the short road, but for those on other than plain frozen linear layers."""
    layers: list[Any] = [layer for layer in module.modules() if type(layer) is LoraLinear]
    for layer in layers:
        base = layer.get_base_layer()
        if type(base) is nn.Linear and not base.weight.requires_grad and base.weight.is_floating_point():
            layer.__class__ = _Fused
    for parent in list(module.modules()):
        for names in TOGETHER:
            found = [getattr(parent, name, None) for name in names]
            members = [of for of in found if isinstance(of, _Fused) and of.siblings is None]
            if len(members) > 1:
                for member in members:
                    member.siblings = _Siblings(members) if member is members[0] else members[0].siblings
