"""A model of the Hugging Face hub as a local folder, or one sentence on why it cannot be had. Loads no torch."""

from __future__ import annotations

import re
from pathlib import Path

from crossover.data.hub import Refusal, refusal
from crossover.errors import ModelError
from crossover.models._hosted import hosted

NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# what is fetched from the hub: no pickles, no code
PATTERNS = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]
_KNOWN: dict[str, Path] = {}  # what this process has fetched


def need_fetched(name: str) -> Path:
    """The folder of a hub id. Raises `ModelError`, within seconds, where the hub and its cache do not give it."""
    found = fetched(name)
    if isinstance(found, Path):
        return found
    said = hosted(name) if found.kind == "absent" else None
    raise ModelError(f"there is no model {said}" if said else f"there is no folder '{name}', and {found.clause}")


def fetched(name: str) -> Path | Refusal:
    """A model's folder from the hub, or of an earlier time; or why there is none."""
    from huggingface_hub import snapshot_download

    if name in _KNOWN and _KNOWN[name].is_dir():
        return _KNOWN[name]
    refused = refusal(name)
    try:
        folder = Path(snapshot_download(name, allow_patterns=PATTERNS, local_files_only=refused is not None))
    except Exception as error:  # noqa: BLE001  the hub's client raises its own, its HTTP library's and the system's errors
        return refused or Refusal("other", f"the hub did not give all of it ({_why(error)})")
    if refused is None:
        _KNOWN[name] = folder
    return folder


def _why(error: Exception) -> str:
    """The first clause: the client's advice that follows is about its own arguments."""
    lines = [line.strip() for line in str(error).split("\n") if line.strip()] or [""]
    clause = re.split(r"[.;,:](?:\s|$)|\sand\s", lines[0])[0]
    return f"{type(error).__name__}: {clause}"
