"""What is trained: an adapter, vectors in front of the prompt, or everything."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer

from crossover.errors import TuningError
from crossover.models.base import Tunable
from crossover.models.kernels import Kernels
from crossover.tuning import adapter
from crossover.tuning.loss import TOKENS
from crossover.tuning.plain import kernels_of
from crossover.types import FullRecipe, LoraRecipe, Message, Recipe, SoftPromptRecipe, Weights

SHARE = 0.5  # of the free memory that activations may take


def prepare(model: Tunable, recipe: Recipe, start: Weights | None, hint: str = "") -> torch.nn.Module:
    """A trainable module: LoRA (Hu et al. 2021) or the whole model, continuing from `start`.

    A continued adapter keeps its own rank and alpha. A full tune that starts from an adapter merges it in first. The
    weights under an adapter come in the model's own precision, unless the adapter will be merged into them. A soft prompt
    begins as the embeddings of `hint`; it goes on from no other weights, nor others from it: `TuningError`.

    `bits` 4: under a new or a continued adapter lie frozen weights in four bits (QLoRA, Dettmers et al. 2023), while it
    is trained: what is saved is an adapter for the plain base, and that is what its dev score measures.
    """
    kernels = kernels_of(model)
    bits = recipe.bits if isinstance(recipe, LoraRecipe) else None
    if start is not None and (isinstance(recipe, SoftPromptRecipe) or kernels.is_soft(start)):
        raise TuningError(f"{recipe.method} cannot go on from tuned weights where one of the two is a soft prompt")
    merged = start is not None and start.kind == "full"
    if bits and merged:
        raise TuningError("bits: 4 cannot go on from a fully tuned model, into which the adapter would be merged")
    fewer = {"bits": bits} if bits else {}  # a model from elsewhere need not know of it
    module: Any = model.module(start, frozen=not isinstance(recipe, FullRecipe) and not merged, **fewer)
    if isinstance(recipe, FullRecipe):
        if isinstance(module, PeftModel):
            module = module.merge_and_unload()
        module.requires_grad_(True)
    elif isinstance(recipe, SoftPromptRecipe):
        module = kernels.soften(module, _first_tokens(model, hint, recipe.tokens))
    elif not isinstance(module, PeftModel):
        module = adapter.attach(module, recipe)
    kernels.quicken(module)
    spare(module, kernels)
    trained: torch.nn.Module = module
    return trained


def spare(module: Any, kernels: Kernels, twice: bool = False) -> None:
    """Keep few activations and compute them twice (Chen et al. 2016), where memory is short, or `twice` says so."""
    cramped = kernels.bytes_per_token(module) * TOKENS > SHARE * kernels.free_bytes(module.device)
    if (twice or cramped) and not module.is_gradient_checkpointing:
        module.gradient_checkpointing_enable({"use_reentrant": False})


def trainable(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """The parameters that are trained, by name, in a fixed order."""
    return {name: p for name, p in sorted(module.named_parameters()) if p.requires_grad}


def save(model: Tunable, module: torch.nn.Module, start: Weights | None, folder: Path, *, spent: bool = False) -> Weights:
    """Save a tuned module. An adapter trained on full weights is merged into them: an adapter needs the plain base.
    `spent`: nobody needs the module any more, so that this is done in it."""
    saved: Any = module
    if isinstance(module, PeftModel) and start is not None and start.kind == "full":
        saved = _merged(saved if spent else copy.deepcopy(saved))
    return model.save(saved, folder)


@torch.no_grad()
def _merged(module: Any) -> Any:
    """The module under an adapter with that in its weights, written where these lie, layer by layer."""
    for part in module.modules():
        if isinstance(part, BaseTunerLayer):
            base: Any = part.get_base_layer()
            place = base.weight.data
            part.merge()
            if base.weight.data_ptr() != place.data_ptr():  # DoRA's is made anew
                base.weight.data = place.copy_(base.weight.data)
    return module.unload()


def _first_tokens(model: Tunable, hint: str, number: int) -> list[int]:
    """`number` tokens of a text, from its beginning, again and again where it is short."""
    ids, _ = model.encode([Message("user", hint or "Answer the question.")], "")
    return [ids[i % len(ids)] for i in range(number)]
