"""Dataclasses as plain JSON values, and the hash of those that identities are made of."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from crossover.scores import LabelScores

LATER = {"later": True}  # of a field that came later: left out of JSON at its default, so that ids stay what they were


def to_json(value: Any) -> Any:
    """Turn dataclasses, mappings and tuples into plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(f, getattr(value, f.name)) for f in dataclasses.fields(value)]
        return {f.name: to_json(had) for f, had in fields if not (f.metadata.get("later") and had == f.default)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, LabelScores)):
        return [to_json(v) for v in value]
    return value


def content_hash(value: Any) -> str:
    """16 hex digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(to_json(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
