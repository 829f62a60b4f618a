"""What is trained: an adapter, vectors in front of the prompt, or everything."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from crossover.errors import TuningError
from crossover.models.base import Tunable
from crossover.models.hf import room, soft
from crossover.models.hf.low_rank import fuse
from crossover.models.hf.norm import quicken
from crossover.models.hf.rotary import quicken_rotary
from crossover.tuning import adapter
from crossover.tuning.loss import TOKENS
from crossover.types import Message, Recipe, Weights

SHARE = 0.5  # of the free memory that activations may take


def prepare(model: Tunable, recipe: Recipe, start: Weights | None, hint: str = "") -> torch.nn.Module:
    """A trainable module: LoRA (Hu et al. 2021) or the whole model, continuing from `start`.

    A continued adapter keeps its own rank and alpha. A full tune that starts from an adapter merges it in first. The
    weights under an adapter come in the model's own precision, unless the adapter will be merged into them. A soft prompt
    begins as the embeddings of `hint`; it goes on from no other weights, nor others from it: `TuningError`.

    `bits` 4: under a new or a continued adapter lie frozen weights in four bits (QLoRA, Dettmers et al. 2023), while it
    is trained: what is saved is an adapter for the plain base, and that is what its dev score measures.
    """
    if (recipe.method == "soft_prompt" and start is not None) or (start is not None and _soft(start)):
        raise TuningError(f"{recipe.method} cannot go on from tuned weights where one of the two is a soft prompt")
    merged = start is not None and start.kind == "full"
    if recipe.bits and merged:
        raise TuningError("bits: 4 cannot go on from a fully tuned model, into which the adapter would be merged")
    fewer = {"bits": recipe.bits} if recipe.bits else {}  # a model from elsewhere need not know of it
    module: Any = model.module(start, frozen=recipe.method != "full" and not merged, **fewer)
    if recipe.method == "full":
        if isinstance(module, PeftModel):
            module = module.merge_and_unload()
        module.requires_grad_(True)
    elif recipe.method == "soft_prompt":
        module = soft.begin(module, _first_tokens(model, hint, recipe.tokens))
        soft.put(module.get_base_model(), soft.trained(module))
    elif not isinstance(module, PeftModel):
        module = adapter.attach(module, recipe)
    fuse(module)
    quicken(module)
    quicken_rotary(module)
    if room.states_per_token(module, 4) * TOKENS > SHARE * room.free_bytes(module.device):
        module.gradient_checkpointing_enable({"use_reentrant": False})  # computed twice, kept once (Chen et al. 2016)
    trained: torch.nn.Module = module
    return trained


def lead(module: Any) -> tuple[int, ...]:
    """The ids that every row begins with: those of a soft prompt's vectors."""
    if not soft.is_soft(module):
        return ()
    rows = module.get_base_model().get_input_embeddings().weight.shape[0]
    return soft.lead(rows, len(soft.trained(module)))


def trainable(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """The parameters that are trained, by name, in a fixed order."""
    return {name: p for name, p in sorted(module.named_parameters()) if p.requires_grad}


def save(model: Tunable, module: torch.nn.Module, start: Weights | None, folder: Path) -> Weights:
    """Save a tuned module. An adapter trained on full weights is merged into them: an adapter needs the plain base."""
    saved: Any = module
    if isinstance(module, PeftModel) and start is not None and start.kind == "full":
        saved = copy.deepcopy(saved).merge_and_unload()
    return model.save(saved, folder)


def _soft(weights: Weights) -> bool:
    return weights.kind == "adapter" and soft.number_in(Path(weights.path)) > 0


def _first_tokens(model: Tunable, hint: str, number: int) -> list[int]:
    """`number` tokens of a text, from its beginning, again and again where it is short."""
    ids, _ = model.encode([Message("user", hint or "Answer the question.")], "")
    return [ids[i % len(ids)] for i in range(number)]
