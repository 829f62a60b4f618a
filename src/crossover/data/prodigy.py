"""Rows that somebody judged in Prodigy: only what was accepted is gold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossover.data.rows import Row
from crossover.errors import NoRows

HASHES = ("_input_hash", "_task_hash")
ANSWER, ACCEPT, REJECT, IGNORE = "answer", "accept", "reject", "ignore"


def gold(tables: Mapping[str, Sequence[Row]], output: str) -> dict[str, list[Row]]:
    """The rows that are gold, by split; other tables stay. `output`: the task's.

    Where that is `answer`, what was accepted or rejected is; else what was accepted, without `answer`, and a choice among
    options is the column `label`. Raises `NoRows` where nothing is left.
    """
    every = [row for rows in tables.values() for row in rows]
    if not _is_prodigy(every):
        return {split: list(rows) for split, rows in tables.items()}
    valid = (ACCEPT, REJECT) if output == ANSWER else (ACCEPT,)
    kept = {split: [row for row in rows if row.fields[ANSWER] in valid] for split, rows in tables.items()}
    if not all(kept.values()):
        raise NoRows(f"no row is gold: the answers of Prodigy are all others than {' or '.join(map(repr, valid))}")
    left, others = len(every) - sum(map(len, kept.values())), "'ignore'" if output == ANSWER else "'reject' or 'ignore'"
    said = (f"{left} of {len(every)} rows are left out, whose answer in Prodigy is {others}: they are no gold",) * bool(
        left
    )

    def read(row: Row) -> Row:
        fields = row.fields if output == ANSWER else _fields(row)
        return replace(row, fields=fields, remarks=(*row.remarks, *said))

    return {split: [read(row) for row in rows] for split, rows in kept.items()}


def judged(rows: Sequence[Row]) -> str | None:
    """The one label that all rows have, where some were rejected: then the answer is the output. Else None."""
    if not _is_prodigy(rows) or all(row.fields[ANSWER] != REJECT for row in rows):
        return None
    labels = {str(row.fields.get("label") or "") for row in rows}
    return (labels.pop() or None) if len(labels) == 1 else None


def _is_prodigy(rows: Sequence[Row]) -> bool:
    """Whether each row was accepted, rejected or ignored, and says of what it was made or among which options; exports that
    were cleaned still have a text with its label or its spans beside the answer."""
    answers = [row.fields.get(ANSWER) for row in rows]
    known = all(isinstance(answer, str) and answer in (ACCEPT, REJECT, IGNORE) for answer in answers)
    return known and any(
        any(name in row.fields for name in HASHES)
        or _chosen(row) is not None
        or ("text" in row.fields and ("label" in row.fields or isinstance(row.fields.get("spans"), (list, dict))))
        for row in rows
    )


def _fields(row: Row) -> dict[str, Any]:
    fields = {name: value for name, value in row.fields.items() if name != ANSWER}
    if (chosen := _chosen(row)) is not None:
        fields["label"] = chosen
        del fields[ACCEPT]
    return fields


def _chosen(row: Row) -> list[Any] | None:
    """What was chosen among options; None where there were none."""
    found = row.fields.get(ACCEPT)
    return found if isinstance(found, list) and "options" in row.fields else None
