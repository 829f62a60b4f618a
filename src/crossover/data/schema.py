"""The JSON schema that a task's answers share, read off its training rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from crossover.data.template import canonical

KINDS: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}


def schema_of(outputs: Sequence[str]) -> str:
    """A JSON schema that every one of these JSON texts fits, as canonical JSON.

    Objects have the fields that were seen, in alphabetical order, and no others; those that always occur are required.
    """
    return canonical(_schema([json.loads(output) for output in outputs]))


def _schema(values: Sequence[Any]) -> dict[str, Any]:
    if not values:
        return {}
    by_kind: dict[str, list[Any]] = {}
    for value in values:
        by_kind.setdefault(KINDS[type(value)], []).append(value)
    if "number" in by_kind:  # 1 among 1.5 is a number too
        by_kind["number"] += by_kind.pop("integer", [])
    found = [_of_kind(kind, by_kind[kind]) for kind in sorted(by_kind)]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _of_kind(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    if kind == "array":
        return {"type": kind, "items": _schema([item for value in values for item in value])}
    if kind == "object":
        names = sorted({name for value in values for name in value})
        return {
            "type": kind,
            "properties": {name: _schema([value[name] for value in values if name in value]) for name in names},
            "required": [name for name in names if all(name in value for value in values)],
            "additionalProperties": False,
        }
    return {"type": kind}
