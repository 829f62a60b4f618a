"""A model as files that transformers, and with it other servers, load: what exports are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from crossover.models.base import Model
from crossover.models.hf import soft
from crossover.models.hf.chat import Chat
from crossover.types import Weights

SCRIPT = "crossover.serve.standalone"


@dataclass(frozen=True)
class ModelFiles:
    """A folder, and the name by which transformers loads what is in it.

    `bundled`: transformers cannot load it by that name, so an export takes the folder along. `precision`: in which the
    model answers; `window`: tokens, of prompt and answer together. `source`: the GGUF file that the folder was made from.
    """

    target: str
    folder: Path
    bundled: bool
    chat: Chat
    precision: str
    window: int
    source: Path | None = None


@runtime_checkable
class Loadable(Model, Protocol):
    """A model that transformers, and with it other servers, load from files."""

    def files(self) -> ModelFiles:
        """Where it lies, and how a conversation becomes its tokens."""
        ...

    def vectors(self, weights: Weights | None) -> int:
        """How many learnt vectors stand before every prompt with these weights: a soft prompt's, else 0."""
        ...

    def merge(self, adapter: Weights, folder: Path) -> None:
        """Write the model with an adapter merged into it as a folder of its own."""
        ...


def vectors_in(weights: Weights | None) -> int:
    """The vectors of a soft prompt; 0 for other weights, and for those that are not there."""
    if weights is None or weights.kind != "adapter":
        return 0
    path = Path(weights.path)
    return soft.number_in(path) if (path / "adapter_config.json").is_file() else 0


def needs_of(weights: Weights | None, schema: str) -> tuple[str, ...]:
    """The packages that predict.py imports, beside those that find demonstrations."""
    adapter = weights is not None and weights.kind == "adapter"
    return ("torch", "transformers", *(["peft"] if adapter else []), *(["llguidance"] if schema else []))


def settings_of(files: ModelFiles) -> Mapping[str, Any]:
    """What predict.py must know of the model beside its files."""
    turn = {
        field.name: getattr(files.chat, field.name) for field in dataclasses.fields(files.chat) if field.name != "tokenizer"
    }
    return {"base": files.target, "precision": files.precision, "window": files.window, "turn": turn}
