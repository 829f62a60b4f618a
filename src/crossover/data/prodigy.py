"""Rows that somebody judged in Prodigy: only what was accepted is gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crossover.data.rows import Row
from crossover.errors import NoRows

HASHES = ("_input_hash", "_task_hash")
ANSWER, ACCEPT, REJECT, IGNORE = "answer", "accept", "reject", "ignore"


def is_prodigy(rows: Sequence[Row]) -> bool:
    """Whether each row was accepted, rejected or ignored, and says of what it was made or among which options."""
    answers = [row.fields.get(ANSWER) for row in rows]
    known = all(isinstance(answer, str) and answer in (ACCEPT, REJECT, IGNORE) for answer in answers)
    return known and any(any(name in row.fields for name in HASHES) or _chosen(row) is not None for row in rows)


def accepted(rows: Sequence[Row]) -> list[Row]:
    """The rows that are gold, without `answer`: a choice among options is the column `label`.

    Where all rows have one label, which was accepted or rejected, the answer is the output, and only what was ignored is
    left out. Raises `NoRows` where nothing is left.
    """
    labels = {row.fields["label"] for row in rows if isinstance(row.fields.get("label"), str)}
    one = labels.pop() if len(labels) == 1 and any(row.fields[ANSWER] == REJECT for row in rows) else None
    valid = (ACCEPT, REJECT) if one is not None else (ACCEPT,)
    kept = [row for row in rows if row.fields[ANSWER] in valid]
    if not kept:
        raise NoRows(f"no row is gold: the answers of Prodigy are all others than {' or '.join(map(repr, valid))}")
    said = [f"the label '{one}' was accepted or rejected in Prodigy: the column '{ANSWER}' says which"] if one else []
    if left := len(rows) - len(kept):
        others = "'ignore'" if one is not None else "'reject' or 'ignore'"
        said.append(f"{left} of {len(rows)} rows are left out, whose answer in Prodigy is {others}: they are no gold")
    return [replace(row, fields=_fields(row, one is not None), remarks=(*row.remarks, *said)) for row in kept]


def _fields(row: Row, judged: bool) -> dict[str, Any]:
    if judged:
        return {name: value for name, value in row.fields.items() if name != "label"}
    fields = {name: value for name, value in row.fields.items() if name != ANSWER}
    if (chosen := _chosen(row)) is not None:
        fields["label"] = chosen
        del fields[ACCEPT]
    return fields


def _chosen(row: Row) -> list[Any] | None:
    """What was chosen among options; None where there were none."""
    found = row.fields.get(ACCEPT)
    return found if isinstance(found, list) and "options" in row.fields else None
