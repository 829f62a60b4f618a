"""A row of a data file, before it is known which of its columns is the input and which the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One data row: its 1-based number (for JSONL: the line), its fields by column, and how to name it to a person.

    `system`: the system message of a row in OpenAI's chat format; None where there is none.
    """

    number: int
    fields: dict[str, Any]
    source: str  # "train.csv, row 12"
    system: str | None = None


def without_nulls(value: Any) -> Any:
    """A value without the null fields of its objects.

    For Parquet and Hugging Face: there every object of a column has the same fields, and null is how one is absent.
    """
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
