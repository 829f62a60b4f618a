"""Soft prompts (Lester et al. 2021): learnt vectors in front of every prompt, as further rows of the embedding table.

On disk they are PEFT's prompt tuning. Here each vector has a token id behind the vocabulary's, so that packing, shared
beginnings, label trees and generation meet them as tokens like any other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

if TYPE_CHECKING:
    from peft import PeftModel

KIND = "PROMPT_TUNING"
KEY = "prompt_embeddings"


class SoftTable(nn.Module):
    """An embedding table with `vectors` (number, width) behind its own rows."""

    def __init__(self, table: Any) -> None:
        super().__init__()
        self.table = table
        self.vectors: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        return torch.as_tensor(self.table.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """(any shape) -> (any shape, width)."""
        if self.vectors is None:
            return torch.as_tensor(self.table(ids))
        size = self.weight.shape[0]
        soft = ids >= size
        found = self.table(ids.masked_fill(soft, 0))
        chosen = self.vectors[(ids - size).clamp(min=0)].to(found.dtype)
        return torch.where(soft[..., None], chosen, found)


def put(model: Any, vectors: Tensor | None) -> None:
    """Let a model's prompts begin with these vectors, or with none."""
    table = model.get_input_embeddings()
    if not isinstance(table, SoftTable):
        if vectors is None:
            return
        table = SoftTable(table)
        model.set_input_embeddings(table)
    table.vectors = vectors


def lead(rows: int, number: int) -> tuple[int, ...]:
    """The ids of `number` vectors behind a table of `rows`."""
    return tuple(range(rows, rows + number))


def number_in(folder: Path) -> int:
    """How many vectors an adapter's folder holds; 0 for adapters of another kind."""
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    return int(config["num_virtual_tokens"]) if config.get("peft_type") == KIND else 0


def read(folder: Path) -> Tensor:
    """The vectors of an adapter's folder: (number, width)."""
    vectors: Tensor = load_file(folder / "adapter_model.safetensors")[KEY]
    return vectors


def begin(model: Any, ids: list[int]) -> PeftModel:
    """A model with as many trainable vectors as `ids`, which begin as the embeddings of those tokens."""
    from peft import PromptTuningConfig, get_peft_model

    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=len(ids))
    first = model.get_input_embeddings().weight[ids].detach().float().clone()
    module: PeftModel = get_peft_model(model, config)
    with torch.no_grad():
        trained(module).copy_(first)
    return module


def is_soft(module: Any) -> bool:
    """Whether a module is a model with trainable vectors."""
    from peft import PeftModel

    return isinstance(module, PeftModel) and module.active_peft_config.peft_type == KIND


def trained(module: Any) -> nn.Parameter:
    """The vectors that are trained."""
    found: nn.Parameter = module.prompt_encoder[module.active_adapter].embedding.weight
    return found
