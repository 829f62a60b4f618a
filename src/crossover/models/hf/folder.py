"""A model folder: whether it can be used, and its fingerprint.

Only safetensors are read, and no code that comes with a model is ever run.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import transformers
from safetensors import safe_open
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from crossover.errors import ModelError

POCKET = Path(__file__).parent.parent / "pocket"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
LARGE = 256 << 20  # files above this are fingerprinted by their size and both ends
END = 16 << 20


def check(folder: Path) -> Any:
    """The folder's configuration, once it is clear that a causal language model can be loaded from it.

    Raises `ModelError`, one sentence, for each way in which it cannot.
    """
    config = _read_config(folder)
    check_architecture(folder, config)
    _check_weights(folder)
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise ModelError(f"{folder} has no tokenizer: one of {', '.join(TOKENIZER_FILES)} is needed")
    try:
        return transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever a broken configuration makes transformers raise
        raise ModelError(f"{folder}/config.json is not a valid configuration: {first_line(error)}") from error


def check_architecture(source: Path, config: dict[str, Any]) -> None:
    """Raise `ModelError` where a configuration's model is none that transformers can load and that writes text."""
    kind, architectures = config["model_type"], config.get("architectures") or []
    if kind not in CONFIG_MAPPING_NAMES:
        if config.get("auto_map"):
            raise ModelError(f"{source} needs code of its own (trust_remote_code), which Crossover never runs")
        raise ModelError(f"{source}: transformers {transformers.__version__} does not know the architecture '{kind}'")
    causal: set[str] = set()
    for names in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values():
        causal.update((names,) if isinstance(names, str) else names)
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES or (architectures and not causal.intersection(architectures)):
        name = ", ".join(architectures) or kind
        raise ModelError(f"{source} is not a causal language model (it is {name}), so it cannot write text")


def load_tokenizer(folder: Path) -> Any:
    """The folder's tokenizer. Raises `ModelError`."""
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # each tokenizer library raises its own
        raise ModelError(f"the tokenizer in {folder} does not load: {first_line(error)}") from error


def fingerprint(folder: Path) -> str:
    """16 hex digits of a SHA-256 over configuration, tokenizer, chat template and weights.

    Weight files over 256 MB count with their size and their first and last 16 MB.
    """
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        # what Crossover or a person adds beside a model does not change its answers
        if path.suffix in (".json", ".jinja", ".safetensors", ".model", ".txt") and path.name != "crossover.json":
            total.update(f"{path.name}\0{digest(path)}\n".encode())
    return total.hexdigest()[:16]


def sha256(path: Path) -> str:
    """The SHA-256 of a whole file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).split("\n") if line.strip()]
    if len(lines) > 1 and lines[0].endswith(":"):  # it only announces
        return " ".join(lines[:2])
    return lines[0] if lines else type(error).__name__


def digest(path: Path) -> str:
    """A file's SHA-256, in hex; of one over 256 MB that of its size and its first and last 16 MB."""
    seen = path.stat()
    whole = seen.st_size <= LARGE
    return _digest(path.resolve(), seen.st_size, whole, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)


@cache  # a model is opened again and again, by each study of a process
def _digest(path: Path, size: int, whole: bool, *_change: int) -> str:
    """`_change`: what tells one from a file that stood there before."""
    if whole:
        return sha256(path)
    with path.open("rb") as file:
        first = file.read(END)
        file.seek(size - END)
        return hashlib.sha256(str(size).encode() + first + file.read()).hexdigest()


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        if (folder / "adapter_config.json").is_file():
            raise ModelError(f"{folder} is an adapter, not a model: name the model that it was made for")
        raise ModelError(f"{folder} has no config.json: a folder saved by transformers has one")
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("model_type"), str):
        raise ModelError(f"{path} names no model_type")
    return body


def _check_weights(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            files = [folder / name for name in sorted(set(json.loads(index.read_text())["weight_map"].values()))]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{index} is not an index of weights: {first_line(error)}") from error
    else:
        files = [folder / "model.safetensors"]
    missing = [path.name for path in files if not path.is_file()]
    if missing and any(folder.glob("*.bin")):
        raise ModelError(f"{folder} has its weights as .bin (pickle) only: convert them to safetensors")
    if missing:
        raise ModelError(f"{folder} lacks its weights: {', '.join(missing)}")
    for path in files:
        try:
            with safe_open(path, framework="pt") as tensors:
                tensors.keys()
        except Exception as error:  # safetensors raises an error type that differs between releases
            raise ModelError(f"{path} is not a valid safetensors file: {first_line(error)}") from error
