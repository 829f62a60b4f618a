"""Prompts by name and version, in plain files: `crossover.prompts.get("support@production").messages("Where is it?")`.

Imports nothing heavy. `Registry` keeps, labels, compares and restores them, as `crossover prompts` does.
"""

from __future__ import annotations

from pathlib import Path

from crossover.prompts.record import Figure, Version
from crossover.prompts.store import Change, Registry

__all__ = ["Change", "Figure", "Registry", "Version", "get"]


def get(which: str, folder: Path | str | None = None) -> Version:
    """The version that `NAME`, `NAME@VERSION` or `NAME@LABEL` means.

    `folder`: where the prompts lie; else CROSSOVER_PROMPTS, or the nearest `prompts` in the current folder or above it.
    Raises `PromptError`, in one sentence.
    """
    return Registry(folder).get(which)
