"""Records that somebody annotated in Argilla, as it exports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossover.data.rows import Row

_OWN = {"id", "fields", "responses", "metadata", "suggestions", "vectors", "external_id", "status", "_server_id"} | {
    *("inserted_at", "updated_at", "record_id", "prediction", "annotation"),
}
_NOT_GIVEN = ("draft", "discarded", "pending")  # responses


def are_records(rows: Sequence[Row]) -> bool:
    """Whether each row has what was shown and what was answered, as objects of their own, and nothing of another's."""
    return bool(rows) and all(
        row.fields.keys() <= _OWN
        and isinstance(row.fields.get("fields"), Mapping)
        and isinstance(row.fields.get("responses"), (Mapping, list))
        for row in rows
    )


def from_record(row: Row) -> Row:
    """A row with the record's own fields and a column for each question: the first response that was submitted."""
    shown, said = row.fields["fields"], "it is an export of Argilla: the first response of each record is read"
    given = {f"{name}_" if name in shown else name: value for name, value in _given(row.fields["responses"]).items()}
    own = {name: row.fields[name] for name in ("id", "metadata") if row.fields.get(name)}
    return replace(row, fields={**own, **shown, **given}, remarks=(*row.remarks, said))


def _given(responses: Mapping[str, Any] | list[Any]) -> dict[str, Any]:
    """Question -> answer. A record has its responses by question, before version 2 in a list of all questions each."""
    if isinstance(responses, list):
        whole = [one["values"] for one in responses if _is_given(one) and isinstance(one.get("values"), Mapping)]
        first = whole[0] if whole else {}
        return {name: held["value"] for name, held in first.items() if isinstance(held, Mapping) and "value" in held}
    found: dict[str, Any] = {}
    for name, answers in responses.items():
        for answer in reversed(answers if isinstance(answers, list) else []):
            found |= {name: answer["value"]} if _is_given(answer) and "value" in answer else {}
    return found


def _is_given(response: Any) -> bool:
    return isinstance(response, Mapping) and response.get("status") not in _NOT_GIVEN
