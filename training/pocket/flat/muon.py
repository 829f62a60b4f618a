"""Muon (Jordan et al. 2024) for all matrices of one shape at once: a few launches a step instead of some for each."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

MOMENTUM, DECAY, ROUNDS = 0.95, 0.02, 5


class Muon:
    """As torch.optim.Muon with Nesterov's momentum and adjust_lr_fn="match_rms_adamw"."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        shapes: dict[tuple[int, ...], list[Tensor]] = {}
        for parameter in parameters:
            shapes.setdefault(tuple(parameter.shape), []).append(parameter)
        self.groups = [(same, torch.zeros(len(same), *shape, device=same[0].device)) for shape, same in shapes.items()]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step; every matrix has a gradient."""
        for same, momentum in self.groups:
            gradients = torch.stack([p.grad for p in same if p.grad is not None])
            momentum.lerp_(gradients, 1 - MOMENTUM)
            update = orthogonal(gradients.lerp_(momentum, MOMENTUM)).to(same[0].dtype)
            torch._foreach_mul_(same, 1 - rate * DECAY)
            torch._foreach_add_(same, list(update.unbind(0)), alpha=-rate * 0.2 * math.sqrt(max(same[0].shape)))


def orthogonal(matrices: Tensor) -> Tensor:
    """(matrices, rows, columns) -> nearly orthogonal ones, by Newton and Schulz's iteration in bfloat16."""
    x = matrices.to(torch.bfloat16)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2)
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.transpose(1, 2) if tall else x
