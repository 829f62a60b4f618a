"""Rows from delimited text: CSV with comma, semicolon, tab or bar, and TSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from crossover.data.header import check_whole_texts, is_row, told, unnamed
from crossover.data.jsonfile import is_object
from crossover.data.rows import Row
from crossover.data.textfile import read_text
from crossover.errors import DataError, NoRows

DELIMITERS = (",", ";", "\t", "|")
BLANK = " \t\r\n\v\f\u00a0\ufeff"  # around a name
LOOKED_AT, LONGEST_LOOK = 100, 1 << 16  # records, and characters, that show which sign divides fields
LONGEST = 10_000_000  # characters of a field: as long as many a book
STRAY = "a double quote that opens a field and is closed in no field is read as text"

_FORMULA = re.compile(r'\s*="((?:[^"]|"")*)"\s*')
HEADER = "a field is the same as its column's name: is the first line data, or the header repeated?"


def read_csv(path: Path, delimiter: str | None = None) -> list[Row]:
    """The rows under the header, as text. The delimiter is the one that gives all records the same columns, else the
    header the most.

    Where the first line is no header, the columns are called `column_1` and so on, and each row says so.

    A column without a name (a spreadsheet's row index) is left out. An empty line between rows is a row with empty
    fields, so that the checks can report it; empty lines at the end are not rows. A double quote that opens a field and
    is closed in a later row is read as text where fields are divided by tabs, which no text holds. Raises `DataError`.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    text, above, named = _body(read_text(path))
    delimiter = delimiter or named or sniff(text)
    if not text:
        raise DataError(f"{path} has no header below its first line; valid is a row of column names")
    if is_object(text.split("\n", 1)[0]):
        raise DataError(f"{path} holds JSON, an object a line; valid is a name that ends in .jsonl")
    first, *records = _records(path, text, delimiter, above)
    below = [record.fields for record in records if record.fields]
    check_whole_texts(path, below)
    if headless := is_row(first.fields, below):
        header = unnamed(first.fields, below)
        records = [replace(record, number=record.number + 1) for record in [first, *records]]
        return _without_formulas(told(_rows(path, header, records, delimiter), header))
    header = [name.strip(BLANK) for name in first.fields]
    _check_header(path, header)
    if not (rows := _rows(path, header, records, delimiter)):
        raise NoRows(f"{path} has a header and no rows")
    return _without_formulas([_doubted(row, sure=headless is False) for row in rows])


def _rows(path: Path, header: Sequence[str], records: Iterable[_Record], delimiter: str) -> list[Row]:
    """The rows of records. Raises `DataError` for one of another width."""
    rows: list[Row] = []
    empty: list[Row] = []
    for record in records:
        if record.fields and len(record.fields) != len(header):
            above = ", or leave out what stands above the row of column names" * (len(header) == 1)
            raise DataError(
                f"{path}, line {record.line}: {_fields(len(record.fields))}, the header has {len(header)}; "
                f"put a field that holds the delimiter or a line break in double quotes{above}"
            )
        values = [field.strip(" ") if delimiter == "|" else field for field in record.fields]
        if record.number == 1 and delimiter == "|" and all(re.fullmatch(r"(?::?-+:?)?", value) for value in values):
            raise DataError(f"{path}: a table in Markdown; valid is a CSV file, so leave out the line of dashes")
        fields = dict(zip(header, values or [""] * len(header), strict=True))
        fields.pop("", None)
        row = Row(record.number, fields, f"{path.name}, line {record.line}", remarks=(STRAY,) * record.stray)
        if record.fields:
            rows += [*empty, row]
            empty = []
        else:
            empty.append(row)
    return rows


def _body(text: str) -> tuple[str, int, str | None]:
    """A file's text from its header on, the lines above it, and the delimiter that spreadsheets name there ("sep=;")."""
    body = text.lstrip("\r\n")
    told = re.match(r"\"?sep=([^\w\"\r\n])\"?\r?\n", body, re.I)
    body = body[told.end() :] if told else body
    return body, len(re.findall(r"\r\n?|\n", text[: len(text) - len(body)])), told[1] if told else None


def sniff(text: str) -> str:
    """The delimiter that splits the first records into the same columns, the most; else the first one alone; a comma when
    none does."""
    if best := divided_by(text):
        return best

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))
        except csv.Error:  # a field without end
            return text.split("\n", 1)[0].count(delimiter)

    return max(DELIMITERS, key=columns)


def divided_by(text: str) -> str | None:
    """The delimiter that splits the first records into the same columns, the most; None when none does."""
    looked = text if len(text) <= LONGEST_LOOK else text[:LONGEST_LOOK].rpartition("\n")[0]
    widths = {delimiter: _width(looked, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: widths[delimiter])
    return best if widths[best] > 1 else None


def _width(text: str, delimiter: str) -> int:
    """How many fields each of the first records has; 0 where that differs. Between tabs, where a double quote may be one of
    a text, lines that are alike are enough."""
    if (
        delimiter == "\t"
        and len(alike := {line.count(delimiter) for line in text.splitlines()[:LOOKED_AT] if line.strip()}) == 1
    ):
        return alike.pop() + 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        found = {len(fields) for fields in islice(reader, LOOKED_AT) if fields}
    except csv.Error:
        return 0
    return found.pop() if len(found) == 1 else 0


@dataclass(frozen=True)
class _Record:
    """A record: number 0 is the header. `line`: the file's, on which it begins. `stray`: a double quote in it was read as
    text."""

    number: int
    line: int
    fields: list[str]
    stray: bool = False


class _Lines:
    """The lines of a text with their ends, and a way back to those that a record took."""

    def __init__(self, text: str, above: int) -> None:
        self._lines = io.StringIO(text, newline="")
        self._returned: list[str] = []
        self.taken: list[str] = []
        self.number = above  # of the last line that was taken

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else next(self._lines)
        self.taken.append(line)
        self.number += 1
        return line

    def back(self) -> None:
        """Give back all that were taken but the first."""
        self._returned += reversed(self.taken[1:])
        self.number -= len(self.taken) - 1


def _records(path: Path, text: str, delimiter: str, above: int) -> Iterator[_Record]:
    """The records. Strict, because a lenient reader takes half a file for one open quote."""
    lines = _Lines(text, above)
    # where the names stand behind spaces ("text, label"), so do quotes and values
    spaced = delimiter != "\t" and bool(
        re.match(rf"[^\r\n{delimiter}]+(?:{re.escape(delimiter)} [^\r\n{delimiter}]*)+[\r\n]", text)
    )
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=spaced)
    number, width = 0, 0
    seen: dict[int, set[str]] = {0: set(), -1: set()}  # values of the first and of the last column, where labels stand
    while True:
        lines.taken.clear()
        problem: csv.Error | None = None
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = error
        apart = [line.rstrip("\r\n").split(delimiter) for line in lines.taken]
        apart = [[field.removeprefix(" ") for field in fields] for fields in apart] if spaced else apart
        width = width or len(apart[0])
        line = lines.number - len(apart) + 1
        merged = len(apart) == 1 and len(fields) != width  # a quote that opens in one field and is closed in another
        if delimiter == "\t" and len(apart[0]) == width > 1 and (problem or merged or _each_a_row(apart, width, delimiter)):
            lines.back()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield _Record(number, line, apart[0], stray=True)
        elif problem:
            raise DataError(f"{path}, line {line}: {_explain(str(problem))}") from problem
        elif len(apart) > 1 and (_each_a_row(apart, width, delimiter) or _each_with_a_label(apart, width, seen)):
            raise DataError(
                f"{path}, line {line}: the double quote that opens there is closed on line {lines.number}, and every line"
                " between looks like a row of its own; write a double quote that belongs to a text as two inside quotes"
                ' ("a ""word"""), or use JSONL'
            )
        else:
            for column, values in seen.items():
                values.update(fields[column:][:1])
            yield _Record(number, line, fields)
        number += 1


def _each_a_row(apart: list[list[str]], width: int, delimiter: str) -> bool:
    """Whether each of the lines of one record could be a row: then its quote is stray. `apart`: the lines' fields.

    Tabs stand in no text; a comma does, but before a space or at the end of a line.
    """
    if len(apart) < 2 or width < 2 or any(len(fields) != width for fields in apart):
        return False
    if delimiter == "\t":
        return all("".join(fields).strip('" ') for fields in apart)
    filled = all(sum(bool(field.strip('" ')) for field in fields) > 1 for fields in apart)
    return filled and not any(field[:1].isspace() for fields in apart for field in fields[1:])


def _each_with_a_label(apart: list[list[str]], width: int, seen: Mapping[int, Collection[str]]) -> bool:
    """Whether each of the lines of one record ends (or begins) with what the last (or first) field of a row before it was,
    behind as many delimiters as a row has or more: then its quote is stray, though a text in between holds a comma."""
    if width < 2 or any(len(fields) < width for fields in apart):
        return False
    return any(
        all(fields[column].strip() and fields[column] in known for fields in apart) for column, known in seen.items()
    )


def _explain(problem: str) -> str:
    if "field larger than" in problem:
        return f"a field is longer than {csv.field_size_limit()} characters, or a double quote is never closed; use JSONL"
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


def _doubted(row: Row, sure: bool) -> Row:
    """A row with a doubt where it says what the header does: any field, or all of one that is surely a header."""
    same = [value.strip(BLANK) == name for name, value in row.fields.items() if value.strip(BLANK)]
    doubtful = bool(same) and (all(same) if sure else any(same))
    return replace(row, remarks=(*row.remarks, HEADER)) if doubtful else row


def _without_formulas(rows: list[Row]) -> list[Row]:
    """The rows with what a spreadsheet shows of `="007"`, in columns that hold nothing else: so programs keep its zeros."""
    names = rows[0].fields if rows else ()
    filled = {name: [value for row in rows if (value := str(row.fields[name])).strip()] for name in names}
    columns = [name for name, values in filled.items() if all(map(_FORMULA.fullmatch, values)) and values]
    for name in columns:
        said = f"the column '{name}' holds texts as a spreadsheet's formulas (=\"...\"): each is read as what it shows"
        rows = [
            replace(row, fields=row.fields | {name: _shown(str(row.fields[name]))}, remarks=(*row.remarks, said))
            for row in rows
        ]
    return rows


def _shown(value: str) -> str:
    return found[1].replace('""', '"') if (found := _FORMULA.fullmatch(value)) else value


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
