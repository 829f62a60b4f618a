"""Plain LoRA adapters (Hu et al. 2021) side by side on a base, for answering: read from PEFT's files, without loading PEFT.

PEFT takes seconds to import, longer than a small model takes to answer. What is more than two matrices beside a linear
layer (DoRA, trained biases, other modules, ranks by layer) is left to it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from crossover.models.hf.low_rank import low_rank

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
# keys of PEFT's configuration under which something other than plain LoRA may stand
OTHERWISE = (
    *("use_dora", "lora_bias", "modules_to_save", "rank_pattern", "alpha_pattern", "layer_replication", "fan_in_fan_out"),
    *("trainable_token_indices", "target_parameters", "use_qalora", "use_bdlora", "alora_invocation_tokens"),
    *("velora_config", "monteclora_config", "megatron_config"),
)


class Adapted(nn.Module):
    """A frozen linear layer. `used`: the adapter in use, if there is one: (rank, inputs), (outputs, rank) and a scale."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.used: tuple[Tensor, Tensor, float] | None = None

    @property
    def weight(self) -> Tensor:
        return self.base.weight

    @property
    def bias(self) -> Tensor | None:
        return self.base.bias

    def forward(self, x: Tensor) -> Tensor:
        if self.used is None:
            return torch.as_tensor(self.base(x))
        return low_rank(x, self.base.weight, self.base.bias, *self.used)


Loaded = dict[str, tuple[Tensor, Tensor, float]]  # by the path of the layer


def read_plain(folder: Path, model: nn.Module) -> Loaded | None:
    """The adapter in a folder, if it is a plain one for plain frozen linear layers of the model, else None.

    Raises `OSError`, `ValueError`, `KeyError` and `safetensors.SafetensorError` for files that are damaged.
    """
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    plain = config.get("peft_type") == "LORA" and config.get("bias", "none") == "none"
    if not plain or any(config.get(key) for key in OTHERWISE):
        return None
    rank = config["r"]
    scale = config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
    tensors = load_file(folder / WEIGHTS)
    found: Loaded = {}
    for key in tensors:
        path = key.removeprefix(PREFIX).removesuffix(DOWN)
        if key != f"{PREFIX}{path}{DOWN}":
            if key.removesuffix(UP) + DOWN in tensors:
                continue
            return None
        layer = _layer(model, path)
        if layer is None:
            return None
        place = layer.weight.device
        found[path] = (tensors[key].float().to(place), tensors[f"{PREFIX}{path}{UP}"].float().to(place), scale)
    return found or None


def use(model: nn.Module, loaded: Loaded | None) -> None:
    """Put one adapter to use, or none; the layers that it needs are wrapped in place, the first time."""
    for module in model.modules():
        if isinstance(module, Adapted):
            module.used = None
    for path, matrices in (loaded or {}).items():
        layer: Any = model.get_submodule(path)
        if not isinstance(layer, Adapted):
            layer = Adapted(layer)
            model.set_submodule(path, layer)
        layer.used = matrices


def unwrap(model: nn.Module) -> None:
    """Take every adapter and its wrapping away again."""
    for path, module in list(model.named_modules()):
        if isinstance(module, Adapted):
            model.set_submodule(path, module.base)


def _layer(model: nn.Module, path: str) -> nn.Linear | None:
    try:
        layer = model.get_submodule(path)
    except AttributeError:
        return None
    layer = layer.base if isinstance(layer, Adapted) else layer
    return layer if type(layer) is nn.Linear and layer.weight.is_floating_point() else None
