"""Rows whose inputs and outputs are objects, as tools for evaluations export them (LangSmith, Langfuse, OpenAI's Evals)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossover.data.columnnames import ASKS, is_answer, read
from crossover.data.rows import Row

ASKED = ("inputs", "input")
REPLIED = ("outputs", "reference_outputs", "expected_output", "expectedoutput", "expected_outputs", "expectations", "ideal")
WHOLE = ("item", "translation")  # holds both


def roles_in(rows: Sequence[Row]) -> tuple[str, str] | None:
    """The input, or its template, and the output, where objects hold them; None where none does.

    An object of one text is that text; of several, an input is all of them, and an output stays the object.
    """
    named = {name.lower(): name for row in rows for name in reversed(row.fields)}
    for one in WHOLE:
        if one in named and (found := _both(named[one], _fields(rows, named[one]))):
            return found
    asked = next((named[name] for name in ASKED if name in named and _fields(rows, named[name])), None)
    replied = next((named[name] for name in REPLIED if name in named), None)
    if replied is None or (asked is None and not _fields(rows, replied)):
        return None
    source = (
        _lines(asked, _fields(rows, asked))
        if asked
        else _sole(n for n in named.values() if n != replied and read(n).role in ASKS)
    )
    held = _fields(rows, replied)
    return (source, f"{replied}.{held[0]}" if len(held) == 1 else replied) if source else None


def _both(column: str, fields: Sequence[str]) -> tuple[str, str] | None:
    output = _sole(filter(is_answer, fields)) or (fields[-1] if len(fields) == 2 else None)
    rest = [name for name in fields if name != output]
    if output is None or not rest:
        return None
    source = _sole(name for name in rest if read(name).role in ASKS)
    return _lines(column, [source] if source else rest), f"{column}.{output}"


def _sole(names: Iterable[str]) -> str | None:
    found = list(names)
    return found[0] if len(found) == 1 else None


def _lines(column: str, fields: Sequence[str]) -> str:
    names = [f"{column}.{field}" for field in fields]
    return names[0] if len(names) == 1 else "\n".join(f"{{{name}}}" for name in names)


def _fields(rows: Sequence[Row], column: str) -> list[str]:
    """The names in the objects of a column, where all have the same and hold plain values; else none."""
    values = [row.fields.get(column) for row in rows]
    found: list[Any] = [value for value in values if value not in (None, "")]
    if not found or not all(isinstance(value, Mapping) for value in found):
        return []
    names = list(dict.fromkeys(name for value in found for name in value))
    whole = all(value.keys() == found[0].keys() for value in found) and not any("." in name for name in names)
    plain = not any(isinstance(held, (Mapping, list)) for value in found for held in value.values())
    return names if whole and plain else []
