"""The names of classes that a data set of the package `datasets` keeps as numbers (its feature ClassLabel)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Decode = Callable[[Any], Any]


def decoders(features: Mapping[str, Any]) -> dict[str, Decode]:
    """Column -> what turns a value's class numbers into names, for the columns that hold some.

    `features`: as `datasets.Features.to_dict()` has them. A negative number is no class: None; of a number without a name
    they raise `ValueError`.
    """
    found = {column: _decoder(feature) for column, feature in features.items()}
    return {column: decode for column, decode in found.items() if decode}


def stored(metadata: Mapping[bytes, bytes] | None) -> dict[str, Decode]:
    """The same for the schema of a Parquet file that `datasets` wrote; nothing for others."""
    try:
        features = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return decoders(features)
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _decoder(feature: Any) -> Decode | None:
    if isinstance(feature, list) and len(feature) == 1:
        return _each(_decoder(feature[0]))
    if not isinstance(feature, Mapping):
        return None
    kind = feature.get("_type")
    if kind == "ClassLabel":
        names = feature.get("names")
        return _named(tuple(names)) if names else None
    if kind in ("Sequence", "List", "LargeList"):
        inner = feature.get("feature")
        if kind == "Sequence" and isinstance(inner, Mapping) and not isinstance(inner.get("_type"), str):
            return _fields({name: _each(_decoder(part)) for name, part in inner.items()})  # kept as a dict of lists
        return _each(_decoder(inner))
    if isinstance(kind, str):
        return None
    return _fields({name: _decoder(part) for name, part in feature.items()})


def _named(names: tuple[str, ...]) -> Decode:
    def decode(value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            return value
        if value >= len(names):
            raise ValueError(f"received the class {value}; valid: 0 to {len(names) - 1}, the names that the file has")
        return names[value] if value >= 0 else None

    return decode


def _each(decode: Decode | None) -> Decode | None:
    return (lambda value: [decode(item) for item in value] if isinstance(value, list) else value) if decode else None


def _fields(parts: dict[str, Decode | None]) -> Decode | None:
    known = {name: decode for name, decode in parts.items() if decode}
    if not known:
        return None

    def decode(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: known[name](item) if name in known else item for name, item in value.items()}

    return decode
