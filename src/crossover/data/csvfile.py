"""Rows from delimited text: CSV with comma, semicolon or tab, and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from crossover.data.rows import Row
from crossover.data.textfile import read_text
from crossover.errors import DataError

DELIMITERS = (",", ";", "\t")


def read_csv(path: Path, delimiter: str | None = None) -> list[Row]:
    """The rows under the header, as text. The delimiter is the one that gives the header the most columns.

    A column without a name (a spreadsheet's row index) is left out. An empty line between rows is a row with empty
    fields, so that the checks can report it; empty lines at the end are not rows. Raises `DataError`.
    """
    text = read_text(path, lambda prefix: _row_after(prefix, delimiter))
    records = _records(path, text, delimiter or sniff(text))
    header = [name.strip() for name in next(records)[1]]
    _check_header(path, header)
    rows: list[Row] = []
    empty: list[Row] = []
    for number, record in records:
        if record and len(record) != len(header):
            raise DataError(
                f"{path}, row {number}: {_fields(len(record))}, the header has {len(header)}; "
                "put a field that holds the delimiter or a line break in double quotes"
            )
        fields = dict(zip(header, record or [""] * len(header), strict=True))
        fields.pop("", None)
        row = Row(number, fields, f"{path.name}, row {number}")
        if record:
            rows += [*empty, row]
            empty = []
        else:
            empty.append(row)
    if not rows:
        raise DataError(f"{path} has a header and no rows")
    return rows


def sniff(text: str) -> str:
    """The delimiter that splits the first record into the most columns; a comma when none does."""
    return max(DELIMITERS, key=lambda d: len(next(csv.reader(io.StringIO(text, newline=""), delimiter=d), [])))


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered records: 0 is the header. Strict, because a lenient reader takes half a file for one open quote."""
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            place = f"row {number}" if number else "the header"
            raise DataError(f"{path}, {place}: {_explain(str(problem))}") from problem
        number += 1


def _explain(problem: str) -> str:
    if "field larger than" in problem:
        return f"a field is longer than {csv.field_size_limit()} characters; shorten it, or use JSONL"
    if "unexpected end of data" in problem:
        return "a double quote is opened and never closed"
    if "expected after" in problem:
        return "text follows a closing double quote; write a double quote inside a field as two"
    return problem


def _check_header(path: Path, header: list[str]) -> None:
    if not any(header):
        raise DataError(f"{path}: the first row is empty; valid is a row of column names")
    for name in header:
        if name and header.count(name) > 1:
            raise DataError(f"{path}: the header names the column '{name}' twice; every column needs its own name")


def _row_after(prefix: str, delimiter: str | None) -> str:
    """The data row in which a file that starts with `prefix` goes on."""
    text = prefix.lstrip("\r\n") + "x"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or sniff(text))
    try:
        number = sum(1 for _ in reader) - 1
    except csv.Error:
        number = text.count("\n")
    return f"row {number}" if number else "the header"


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
