"""A quicker start for a command that answers and ends: what it will not use of torch is not imported."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"


class _Later(ModuleType):
    """Stands for the compiler while transformers is imported, which marks functions for it; whatever else is asked of it
    brings in the real one."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by every import
            raise AttributeError(name)
        _leave(self)
        return getattr(importlib.import_module(COMPILER), name)


def answers_only() -> bool:
    """Whether this process answers on one machine, compiles nothing and trains nothing."""
    return isinstance(sys.modules.get(COMPILER), _Later)


@contextmanager
def answering() -> Iterator[None]:
    """Within it, importing transformers imports neither torch's compiler nor what trains on many machines: a quarter of the
    start. Not for a process of a user's own, whose compiler would not see the marks."""
    found = None if COMPILER in sys.modules else importlib.util.find_spec("torch")
    if found is None or not found.submodule_search_locations:
        yield
        return
    stand_in = _Later(COMPILER)
    stand_in.__path__ = [f"{place}/_dynamo" for place in found.submodule_search_locations]  # its parts can be imported
    for mark in ("disable", "assume_constant_result", "allow_in_graph"):
        setattr(stand_in, mark, _unmarked)
    sys.modules[COMPILER] = stand_in
    try:
        yield
    finally:
        _leave(stand_in)


def _unmarked(function: Callable[..., Any] | None = None, *given: Any, **named: Any) -> Any:
    return (lambda marked: marked) if function is None else function


def _leave(stand_in: ModuleType) -> None:
    if sys.modules.get(COMPILER) is stand_in:
        del sys.modules[COMPILER]
    torch = sys.modules.get("torch")
    if torch is not None and torch.__dict__.get("_dynamo") is stand_in:
        del torch._dynamo
