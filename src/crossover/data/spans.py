"""Places that somebody marked in a text (Prodigy's `spans`, doccano's and spaCy's lists), as what stands there by label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossover.data.chat import turns_in
from crossover.data.columnnames import is_answer
from crossover.data.looks import ENDS, offsets
from crossover.data.rows import Row

TEXTS = ("text", "data", "content", "sentence")
ANSWER = "answer"  # Prodigy's: what was accepted
SPANS = ("spans", "entities", "ents")  # columns of nothing but places
COLUMNS = ("spans", "entities", "label", "labels", "ents", "annotations")


def marked(rows: Sequence[Row]) -> tuple[str, str] | None:
    """The column with the text and the one with places in it, where no other is named like an output and all rows have
    lists of places with labels; None else."""
    named = dict.fromkeys(name for row in rows for name in row.fields)
    text = next((name for name in TEXTS if name in named), None)
    for column in (name for name in COLUMNS if name in named):
        if text is None or any(map(is_answer, named.keys() - {text, column, ANSWER})):
            continue
        held = [(row.fields.get(text), _listed(row.fields.get(column))) for row in rows]
        filled = [(whole, spans) for whole, spans in held if spans not in (None, "", [])]
        if filled and all(isinstance(spans, list) and offsets(spans) and _within(whole, spans) for whole, spans in filled):
            return text, column
    return None


def from_spans(row: Row, text: str, column: str) -> Row:
    """A row with an object of the marked texts by label in the place of the list, in their order in the text."""
    whole, found = row.fields.get(text), dict[str, list[str]]()
    for start, end, label in sorted(map(_span, _listed(row.fields.get(column)) or []), key=lambda span: span[:2]):
        found.setdefault(label, []).append(str(whole)[start:end])
    return replace(row, fields=row.fields | {column: found}, remarks=(*row.remarks, _said(column)))


def emptied(tables: dict[str, list[Row]], column: str, objects: bool) -> dict[str, list[Row]]:
    """The tables with empty objects for the empty lists of one in which nothing is marked, where another's places were
    read, or the column is known to hold `objects`."""
    read = any(_said(column) in row.remarks for rows in tables.values() for row in rows)
    every = {split: [_listed(row.fields.get(column)) for row in rows] for split, rows in tables.items()}
    bare = [split for split, held in every.items() if [] in held and all(one in (None, []) for one in held)]
    if not (read or (objects and column in COLUMNS)) or not bare:
        return tables
    empty = {
        split: [from_spans(row, "", column) if column in row.fields else row for row in tables[split]] for split in bare
    }
    return tables | empty


def _said(column: str) -> str:
    return f"'{column}' holds places in the text: what stands there is read, by its label"


def _listed(value: Any) -> Any:
    """A list, also one that a table holds as text; any other value as it is."""
    return value if (found := turns_in(value)) is None else found


def _within(whole: Any, spans: list[Any]) -> bool:
    """Whether all places lie in the text, and each has a label."""
    return isinstance(whole, str) and all(
        0 <= start < end <= len(whole) and isinstance(label, str) for start, end, label in map(_span, spans)
    )


def _span(span: Any) -> tuple[int, int, Any]:
    """Where a place begins and ends, and its label (None without one)."""
    if isinstance(span, Mapping):
        first, last = next(ends for ends in ENDS if ends[0] in span and ends[1] in span)
        return span[first], span[last], span.get("label")
    return span[0], span[1], span[2] if len(span) > 2 else None
