"""Default learning rates: wider models want smaller steps (Yang et al. 2022, Tensor Programs V)."""

from __future__ import annotations

from typing import Literal

from crossover.models.base import Model, Tunable

# Chosen so that LoRA gets 2e-3 at hidden size 256 and 1.2e-4 at 4096; full tuning wants steps about a fifth of that.
SCALE = {"lora": 0.5, "full": 0.1}


def default_rate(method: Literal["lora", "full"], model: Model) -> float:
    """The learning rate for a method, to two digits: a scale over the model's hidden size."""
    width = model.width if isinstance(model, Tunable) else 512
    return float(f"{SCALE[method] / width:.2g}")
