"""Dataclasses as plain JSON values, and the hash of those that identities are made of."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from crossover.scores import LabelScores

LATER = {"later": True}  # of a field that came later: left out of JSON at its default, so that ids stay what they were


def to_json(value: Any) -> Any:
    """Turn dataclasses, mappings and tuples into plain JSON values."""
    if type(value) is str:  # most of what there is
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(name, later, default, getattr(value, name)) for name, later, default in _fields_of(type(value))]
        return {name: to_json(had) for name, later, default, had in fields if not (later and had == default)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, LabelScores)):
        return [to_json(v) for v in value]
    return value


@cache
def _fields_of(of: type[Any]) -> tuple[tuple[str, bool, Any], ...]:
    """Name, whether it came later, and default of each field of a dataclass."""
    return tuple((f.name, bool(f.metadata.get("later")), f.default) for f in dataclasses.fields(of))


def content_hash(value: Any) -> str:
    """16 hex digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(to_json(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
