"""Tuned weights on disk: written with the fingerprint of the model that they are bound to, and checked against it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from crossover.errors import ModelError
from crossover.models.hf.folder import sha256
from crossover.models.hf.gguf import SOURCE
from crossover.types import Weights

ORIGIN = "crossover.json"  # beside tuned weights: the fingerprint of the model that they were made from


def save(module: torch.nn.Module, folder: Path, source: Path, target: str, fingerprint: str) -> Weights:
    """Write an adapter, or all weights with what else lies in `source`, the base model's folder. `target`: its name."""
    from peft import PeftModel

    saved: Any = module
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(module, PeftModel):
        saved.peft_config["default"].base_model_name_or_path = target
        saved.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty form
        path = folder / "adapter_model.safetensors"
    else:
        saved.save_pretrained(folder, max_shard_size="1000GB")  # one file, so that one hash names it
        for other in source.iterdir():
            beside = other.suffix in (".json", ".jinja", ".txt", ".model") and ".safetensors" not in other.name
            if beside and other.name != SOURCE and not (folder / other.name).exists():
                shutil.copyfile(other, folder / other.name)
        path = folder / "model.safetensors"
    (folder / ORIGIN).write_text(json.dumps({"base": fingerprint}), encoding="utf-8")
    return Weights("adapter" if isinstance(module, PeftModel) else "full", sha256(path), str(folder))


def check(weights: Weights, target: str, fingerprint: str) -> None:
    """Raise `ModelError` where weights are not whole, or were made for another model than the one that is named so."""
    name = "adapter_model.safetensors" if weights.kind == "adapter" else "model.safetensors"
    path, origin = Path(weights.path) / name, Path(weights.path) / ORIGIN
    if not path.is_file() or not origin.is_file():
        missing = name if not path.is_file() else ORIGIN
        raise ModelError(f"the tuned weights in '{weights.path}' lack {missing}: moved, or not saved by Crossover")
    try:
        base = json.loads(origin.read_text(encoding="utf-8"))["base"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{origin} is damaged: it should name the base model's fingerprint") from error
    if base != fingerprint:
        raise ModelError(
            f"the tuned weights in '{weights.path}' were made for another model ({base}), not for '{target}' "
            f"({fingerprint})"
        )
    if sha256(path) != weights.sha256:
        raise ModelError(f"{path} was changed: its SHA-256 is no longer {weights.sha256[:16]}…")
