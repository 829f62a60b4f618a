"""Regular expressions that are compiled when they are first used: a reply's hundred were a twentieth of every start."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, cast


class _Later:
    """Stands for a pattern until it is asked for anything."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(*self._given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by a copy, before there is anything to look up
            raise AttributeError(name)
        return getattr(self._compiled, name)


def later(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """`re.compile`, at the first use. What is wrong with the pattern is told only then."""
    return cast("re.Pattern[str]", _Later(pattern, flags))
