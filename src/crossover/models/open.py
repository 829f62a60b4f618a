"""Model specification -> model: the one place that reads what a task file calls `model`."""

from __future__ import annotations

import re
from pathlib import Path

from crossover import registry
from crossover.errors import CrossoverError, ModelError
from crossover.models.base import Model


def open_model(spec: str, base: Path | None = None) -> Model:
    """Open a model. `base` is the folder that relative paths are looked up in first: the task file's.

    A specification is, in this order: `pocket`, the bundled model; `NAME` or `NAME:TARGET` of a model plug-in; an
    existing folder; a Hugging Face hub id `org/name`. Raises `ModelError` in one sentence for anything else and for a
    model that cannot be used. Each call opens anew: the caller keeps the model while it is in use.
    """
    spec = spec.strip()
    if spec == "pocket":
        return _create("hf", "pocket")
    name, _, target = spec.partition(":")
    if name in registry.names("models"):
        folder = _folder(target, base) if name == "hf" else None
        return _create(name, str(folder) if folder else target)
    folder = _folder(spec, base)
    if folder:
        return _create("hf", str(folder))
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", spec):
        return _create("hf", spec)
    plugins = ", ".join(registry.names("models"))
    raise ModelError(
        f"there is no model '{spec}'; valid: pocket, an existing folder, a hub id such as org/name, "
        f"or NAME:TARGET with NAME one of {plugins}"
    )


def _create(name: str, target: str) -> Model:
    try:
        model: Model = registry.create("models", name, {"target": target})
    except ModelError:
        raise
    except CrossoverError as error:
        raise ModelError(str(error)) from error
    return model


def _folder(text: str, base: Path | None) -> Path | None:
    """The existing folder that a text names, relative to `base` first, then to the working directory."""
    if not text or text == "pocket":
        return None
    for place in (base, Path()):
        if place is not None and (place / Path(text).expanduser()).is_dir():
            return (place / Path(text).expanduser()).resolve()
    return None
