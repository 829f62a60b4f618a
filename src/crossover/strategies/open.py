"""A name in a task file -> a strategy: one rung, or a sequence joined by `+`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossover import registry
from crossover.strategies.base import Strategy


def open_strategy(name: str, options: Mapping[str, Any] | None = None) -> Strategy:
    """The strategy behind a name. Raises `OptionError` for an unknown name or option."""
    if "+" in name:
        options = {"steps": tuple(name.split("+")), "options": dict(options or {})}
        name = "then"
    strategy: Strategy = registry.create("strategies", name, options)
    return strategy
