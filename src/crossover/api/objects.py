"""Objects of Python's in the place of what a task file has: models of LangChain's, tuples, numpy's numbers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from crossover.models.langchain import hold


def with_objects(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of a task in which each chat model or runnable under `model` or `models` is the name that it is held by."""
    found = {name: plain(value) for name, value in keys.items()}
    if "model" in found:
        found["model"] = _spec(found["model"])
    if isinstance(found.get("models"), Mapping):
        found["models"] = {name: _spec(value) for name, value in found["models"].items()}
    return found


def plain(value: Any) -> Any:
    """A value as a task file would have it: a list for a tuple, a number for a scalar of numpy's."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return [plain(one) for one in value]
    return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0 else value


def _spec(value: Any) -> Any:
    if isinstance(value, Mapping) and "spec" in value:
        return {**value, "spec": _spec(value["spec"])}
    core = sys.modules.get("langchain_core.runnables")  # who has an object of it has loaded it
    return hold(value) if core is not None and isinstance(value, core.Runnable) else value
