"""A fresh LoRA adapter (Hu et al. 2021) on a module: on which layers, of which kind, beginning as what.

DoRA (Liu et al. 2024) learns the norm of each output apart from its direction; rsLoRA (Kalajdzievski 2023) divides by the
root of the rank, not by the rank.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers.pytorch_utils import Conv1D

from crossover.errors import TuningError, nearest
from crossover.tuning import principal
from crossover.types import LoraRecipe

warnings.filterwarnings("ignore", message="fan_in_fan_out is set")  # PEFT mends it by itself, for GPT-2's layers

EVERY, ATTENTION = "all-linear", "attention"


def attach(module: Any, recipe: LoraRecipe) -> Any:
    """A PEFT model with the recipe's adapter, which the recipe's seed alone fixes. Raises `TuningError`."""
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets(module, recipe.targets),
        use_dora=recipe.dora,
        use_rslora=recipe.rslora,
    )
    if recipe.pissa:
        config = principal.doubled(config)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        module = get_peft_model(module, config)
        if recipe.pissa:
            principal.begin(module, None if recipe.pissa is True else recipe.pissa)
    return module


def targets(module: Any, wanted: str | tuple[str, ...]) -> str | list[str]:
    """What PEFT takes as the modules of an adapter. Names match the end of a module's path, as PEFT matches them.

    Raises `TuningError` for a name that no linear layer but the output layer has, with the valid ones.
    """
    if wanted == EVERY:
        return EVERY
    paths = _linear(module)
    if wanted == ATTENTION:
        found = sorted({".".join(path.split(".")[-2:]) for path in paths if "attn" in path or "attention" in path})
        if not found:
            raise TuningError(f"targets: the model has no layers named as attention; valid: {EVERY}, {_names(paths)}")
        return found
    names = (wanted,) if isinstance(wanted, str) else wanted
    for name in names:
        if not any(path == name or path.endswith(f".{name}") for path in paths):
            valid = [EVERY, ATTENTION, *_names(paths).split(", ")]
            raise TuningError(f"targets: the model has no linear layer '{name}'; {nearest(name, valid)}")
    return list(names)


def _linear(module: Any) -> list[str]:
    """The paths of the linear layers, the output layer left out: also those in four bits, which are linear layers too."""
    output = module.get_output_embeddings()
    return [n for n, part in module.named_modules() if isinstance(part, (nn.Linear, Conv1D)) and part is not output]


def _names(paths: list[str]) -> str:
    return ", ".join(sorted({path.rpartition(".")[2] for path in paths}))
