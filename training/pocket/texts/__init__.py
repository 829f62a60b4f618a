"""Word lists and texts that the generators draw from: files beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


def lines(name: str) -> list[str]:
    """The lines of a text file."""
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


def words_in(name: str) -> list[str]:
    """The words of a text file, with blanks between them."""
    return (FOLDER / name).read_text(encoding="utf-8").split()


def table(name: str) -> Any:
    """What a YAML file holds."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
