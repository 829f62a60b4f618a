"""Fields into text: the task file's `input` (a column or a template), dotted names, and values as plain text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from crossover.data.text import folded

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
MISSING = object()


def columns_of(text: str) -> list[str]:
    """The columns that an `input` names: itself, or a template's placeholders. Raises `ValueError` for a broken one."""
    names = []
    for match in _TOKEN.finditer(text):
        if match[0] in ("{", "}") or match[0] == "{}":
            raise ValueError(f"'{match[0]}' is not a placeholder; write {{column}}, and a brace itself as {{{{ or }}}}")
        if match[1] is not None:
            names.append(match[1].strip())
    return names or [_TOKEN.sub(lambda match: match[0][0], text)]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The input's text for the values of its columns; empty when all of them are blank.

    White space alone between a blank value at the end and what precedes it is dropped. A text without placeholders is a
    column's name. `{{` and `}}` are braces.
    """
    if not any(value.strip() for value in values.values()):
        return ""
    if all(match[1] is None for match in _TOKEN.finditer(text)):
        return next(iter(values.values()))
    *_, last = _TOKEN.finditer(text)
    while last.end() == len(text) and last[1] is not None and not values[last[1].strip()].strip():
        head = text[: last.start()].rstrip()
        before = [*_TOKEN.finditer(head)][-1:]
        if not before or before[0].end() != len(head):
            break
        text, [last] = head, before
    return _TOKEN.sub(lambda match: match[0][0] if match[1] is None else values[match[1].strip()], text)


def lookup(fields: Mapping[str, Any], name: str) -> Any:
    """The field `name`, or for "a.b" the field b inside a; `MISSING` where there is none."""
    if name in fields:
        return fields[name]
    same = [key for key in fields if folded(key) == folded(name)]  # a name in another Unicode form
    if len(same) == 1:
        return fields[same[0]]
    value: Any = fields
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return MISSING
        value = value[part]
    return value


def plain(value: Any) -> str:
    """A value as text: null is empty, true and false as in JSON, objects and lists as canonical JSON.

    Raises `ValueError` for bytes and other values that have no plain text, and for text that UTF-8 cannot hold.
    """
    text = _plain(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text with half a surrogate pair, which is not valid Unicode") from None
    return text


def canonical(value: Any) -> str:
    """Canonical JSON: sorted keys, characters as they are."""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError as error:
        if "JSON compliant" not in str(error):
            raise
        raise ValueError("a number without an end (an infinity, or NaN) inside an object or a list") from None


def _plain(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, (Mapping, list, tuple)):
        return canonical(value)
    raise ValueError(f"a value of type {type(value).__name__}; valid are text, numbers, true, false and JSON")
