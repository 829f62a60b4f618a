"""Objects of Python's in the place of what a task file can only name: models of LangChain's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from crossover.models.langchain import hold


def with_objects(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of a task in which each chat model or runnable under `model` or `models` is the name that it is held by."""
    found = dict(keys)
    if "model" in found:
        found["model"] = _spec(found["model"])
    if isinstance(found.get("models"), Mapping):
        found["models"] = {name: _spec(value) for name, value in found["models"].items()}
    return found


def _spec(value: Any) -> Any:
    if isinstance(value, Mapping) and "spec" in value:
        return {**value, "spec": _spec(value["spec"])}
    core = sys.modules.get("langchain_core.runnables")  # who has an object of it has loaded it
    return hold(value) if core is not None and isinstance(value, core.Runnable) else value
