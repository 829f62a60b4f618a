"""A row of a data file, before it is known which of its columns is the input and which the output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from crossover.errors import DataError


@dataclass(frozen=True)
class Row:
    """One data row: its 1-based number (for JSONL: the line), its fields by column, and how to name it to a person.

    `system`: the system message of a row in a chat format; None where there is none. `remarks`: what was read otherwise
    than it is written, a sentence each. `layout`: the known
    one that it had, a conversation or a pair of a chosen and a rejected answer. `index`: what a data frame has beside its
    columns, which is not read: the names of its index, "" for one without.
    """

    number: int
    fields: dict[str, Any]
    source: str  # "train.csv, line 13", of a table that is no text "train.parquet, row 12"
    system: str | None = None
    remarks: tuple[str, ...] = ()
    layout: Literal["", "chat", "pair"] = ""
    index: tuple[str, ...] = ()


def without_nulls(value: Any) -> Any:
    """A value without the null fields of its objects.

    For Parquet and Hugging Face: there every object of a column has the same fields, and null is how one is absent.
    """
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def rows_of(records: Iterable[Mapping[str, Any]], decode: Mapping[str, Callable[[Any], Any]], name: str) -> list[Row]:
    """The rows of a typed table: without nulls inside objects, and with `decode` applied to the columns it names.

    Raises `DataError` where that raises `ValueError`.
    """
    remarks = tuple(f"the column '{column}' holds numbers of classes: read by their names" for column in decode)

    def read(key: str, value: Any, source: str) -> Any:
        try:
            return without_nulls(decode[key](value) if key in decode else value)
        except ValueError as problem:
            raise DataError(f"{source}, column '{key}': {problem}") from problem

    rows = []
    for n, record in enumerate(records, start=1):
        source = f"{name}, row {n}"
        rows.append(Row(n, {key: read(key, value, source) for key, value in record.items()}, source, remarks=remarks))
    return rows
