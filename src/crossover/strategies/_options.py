"""Checks of a strategy's options that its fields' types cannot say."""

from __future__ import annotations

from typing import Any

from crossover.errors import OptionError, shown


def check(name: str, strategy: Any, *rules: tuple[str, str, bool]) -> None:
    """Raise `OptionError` for the first rule (option, what is valid, whether it holds) that does not hold."""
    for option, valid, right in rules:
        if not right:
            given = shown(getattr(strategy, option))
            raise OptionError(f"strategy '{name}', option '{option}': received {given}, valid is {valid}")
