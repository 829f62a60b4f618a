"""What a task file may write as `metric`: a name, a name with its options, or FILE.py:NAME in the user's own code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover.data.textfile import from_home


def is_file(reference: str) -> bool:
    """Whether a metric's name is `FILE.py:NAME`, or was meant to be."""
    return ".py:" in reference or reference.endswith(".py")


def located(reference: str, base: Path) -> tuple[Path, str]:
    """The file, relative to `base`, and the name in it. Raises `ValueError` with a sentence."""
    file, _, name = reference.rpartition(":")
    if not file or not name.isidentifier():
        raise ValueError(f"'{reference}' names no metric; valid is FILE.py:NAME, a function or class in a Python file")
    path = base / from_home(file)
    if not os.path.isfile(path):  # also where the name is too long for one
        raise ValueError(f"there is no file {path} with a metric '{name}'; valid is a Python file beside the task file")
    return path.resolve(), name


def apart(metric: Any) -> tuple[Any, Any]:
    """`{name: {option: value}}` as name and options; anything else as it is, with no options.

    Raises `ValueError` for several names.
    """
    if not isinstance(metric, Mapping):
        return metric, {}
    if len(metric) != 1:
        names = ", ".join(map(str, metric))
        raise ValueError(f"metric: received a mapping with the keys {names}; valid is a name, or one name with its options")
    [(name, options)] = metric.items()
    return name, {} if options is None else options
