"""Whether the first line of a table names its columns, or is a row like the others: many files have no header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from crossover.data.columnnames import is_usual
from crossover.data.rows import Row
from crossover.errors import DataError

FEWEST = 4  # rows below the first line: of fewer nothing can be told
PER_VALUE = 2  # rows: where a value has so many on average, a column holds labels
WORDY = 0.9  # of a column's texts have several words: a single one is then its name
TAGGED = 0.9  # of the last fields are tags of tokens
_TAG = re.compile(r"O|[BIESLUM][-_]\S+")


def is_row(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool | None:
    """Whether the first line is a row: it holds a value of a column of labels, and nothing that is a name. None where
    nothing tells.

    A name is one that columns usually have, what no label of its column is, a word over numbers, or one word over texts
    of several.
    """
    first = [cell.strip() for cell in first]
    usual = [at for at, cell in enumerate(first) if is_usual(cell)]
    if not all(_comes_again(first[at], at, rows) for at in usual) or first == list(map(str, range(len(first)))):
        return False  # a label may be called "question", too, but then it comes again
    if usual and all(any(row[at : at + 1] == [cell] for row in rows) for at, cell in enumerate(first)):
        return False  # the header is there twice
    if len(first) < 2 or len(rows) < FEWEST:
        return None
    found = None
    for at, cell in enumerate(first):
        values = [value for row in rows if len(row) > at and (value := row[at].strip())]
        if not cell or not values:
            continue
        if len(known := set(values)) * PER_VALUE <= len(values):
            if cell not in known:
                return False
            found = True
        elif all(map(_is_number, values)):
            if not _is_number(cell):
                return False
        elif " " not in cell and sum(" " in value for value in values) >= WORDY * len(values):
            return False
    return found


def _comes_again(cell: str, at: int, rows: Sequence[Sequence[str]]) -> bool:
    """Whether a cell is a value of its column, and that holds labels."""
    values = [value for row in rows if len(row) > at and (value := row[at].strip())]
    return cell in values and len(set(values)) * PER_VALUE <= len(values)


def unnamed(first: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The names of columns that have none: `column_1` and so on, "" where a column is empty everywhere."""
    filled = [any(len(row) > at and row[at].strip() for row in (first, *rows)) for at in range(len(first))]
    return [f"column_{at}" if some else "" for at, some in enumerate(filled, start=1)]


def told(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The rows of a table without a header, each of which says so."""
    some = [name for name in names if name]
    said = f"the first line is a row and no header: the columns are called '{some[0]}' to '{some[-1]}'"
    return [replace(row, remarks=(*row.remarks, said)) for row in rows]


def check_whole_texts(path: object, rows: Sequence[Sequence[str]]) -> None:
    """Raise `DataError` for a table of one token a line with its tag, and an empty line between texts (CoNLL)."""
    last = [row[-1].strip() for row in rows if len(row) > 1]
    tags = [value for value in last if _TAG.fullmatch(value)]
    if len(last) >= FEWEST and len(tags) >= TAGGED * len(last) and any(tag != "O" for tag in tags) and "O" in tags:
        raise DataError(
            f"{path} has one token a line, with its tag (CoNLL); valid is one text a row, and what is to be found in it as"
            ' an object in a column of its own, such as {"person": ["Ada Lovelace"]}'
        )


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
