"""Rows whose inputs and outputs are objects, as tools for evaluations export them (LangSmith, Langfuse, OpenAI's Evals)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossover.data.columnnames import ANSWERS, ASKS, is_answer, is_beside, is_group, read
from crossover.data.looks import of_few
from crossover.data.rows import Row
from crossover.data.template import plain as as_text

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


def opened(columns: Mapping[str, list[str]], rows: Sequence[Row]) -> dict[str, list[str]]:
    """The columns with the fields of objects ("data.text") in the place of these, where no column beside says what is asked
    or answered; of objects that tell of a row ("meta") where a field is called an answer and no column may be one."""
    held = {name: found for name in columns if (found := _fields(rows, name))}
    plain = [name for name in columns if name not in held and not (is_beside(name) or is_group(name))]
    if not plain and not any(read(name).role in (*ASKS, *ANSWERS) for name in held):
        chosen = list(held)
    elif len(plain) == 1 and not of_few(columns[plain[0]]) and all(map(is_beside, held)):
        chosen = [name for name, fields in held.items() if any(map(is_answer, fields))]
    else:
        return dict(columns)
    texts: dict[str, list[str]] = {}
    for name, values in columns.items():
        fields = held[name] if name in chosen else []
        texts |= {f"{name}.{field}": [_text(row, name, field) for row in rows] for field in fields} or {name: values}
    return {name: found for name, values in texts.items() if (found := [text for text in values if text.strip()])}


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


def _text(row: Row, column: str, field: str) -> str:
    """A field of an object as text; "" where the row has no object there."""
    value = row.fields.get(column)
    return as_text(value[field]) if isinstance(value, Mapping) else ""
