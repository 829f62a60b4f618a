"""Labels that stand in several columns of 0 and 1, of which exactly one is 1 in every row (one-hot)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import accumulate, groupby
from operator import or_
from typing import Any

from crossover.data.columnnames import is_split
from crossover.data.rows import Row
from crossover.data.template import plain
from crossover.data.text import is_blank

LABEL = "label"  # the column that they become
FEWEST = 4  # rows: of fewer, columns are so by chance
SEVERAL = 3  # columns that are labels together
ONE, ZERO = {"1", "1.0", "true"}, {"0", "0.0", "false", ""}


def one_hot(rows: Iterable[Row]) -> list[str]:
    """The columns beside each other that are one label together, the longest run of them; none where there is none."""
    filled = [row for row in rows if any(not _blank(value) for value in row.fields.values())]
    if len(filled) < FEWEST:
        return []
    names = _names(filled)
    found = _one_hot(filled, [name for name in names if not is_split(name)]) or _one_hot(filled, names)
    return [] if all(map(is_split, found)) else found


def _one_hot(filled: Sequence[Row], names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for binary, run in groupby([(name, _mask(filled, name)) for name in names], lambda column: column[1] is not None):
        if binary:
            found = max(found, _longest([(name, mask or 0) for name, mask in run], len(filled)), key=len)
    return found


def several_hot(rows: Iterable[Row]) -> list[str]:
    """The columns of 0 and 1 beside each other, three or more, of which several are 1 in some row; none without such."""
    filled = [row for row in rows if any(not _blank(value) for value in row.fields.values())]
    found: list[str] = []
    for binary, run in groupby([(name, _mask(filled, name)) for name in _names(filled)], lambda column: bool(column[1])):
        members = [(name, mask or 0) for name, mask in run] if binary else []
        once = reduce(or_, (mask for _, mask in members), 0)
        if len(members) >= SEVERAL and sum(mask.bit_count() for _, mask in members) > once.bit_count():
            found = max(found, [name for name, _ in members], key=len)
    return found


def _names(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.fields))


def chosen(value: Any) -> str | None:
    """The one name that is 1 in an object of 0 and 1 (spaCy's `cats`); None for any other value."""
    bits = {name: _bit(held) for name, held in value.items()} if isinstance(value, Mapping) else {}
    ones = [name for name, bit in bits.items() if bit]
    return ones[0] if len(bits) > 1 == len(ones) and None not in bits.values() else None


def with_label(rows: Iterable[Row], columns: Sequence[str]) -> list[Row]:
    """The rows with a column `label`: the name of the column that is 1, "" where the row is blank."""
    said = (
        f"the {len(columns)} columns '{columns[0]}' to '{columns[-1]}' are 0 or 1, and exactly one is 1 in each row: they"
        f" are read as one label, in a column '{LABEL}'"
    )

    def read(row: Row) -> Row:
        label = next((name for name in columns if _bit(row.fields.get(name)) == 1), "")
        return replace(row, fields={**row.fields, LABEL: label}, remarks=(*row.remarks, said))

    return [read(row) for row in rows]


def _longest(run: Sequence[tuple[str, int]], count: int) -> list[str]:
    """The longest part of a run of columns in which each of `count` rows is 1 once, and more than one column has rows."""
    upto = list(accumulate((mask.bit_count() for _, mask in run), initial=0))
    for length in range(len(run), 1, -1):
        for first in range(len(run) - length + 1):
            part = run[first : first + length] if upto[first + length] - upto[first] == count else []
            if sum(mask > 0 for _, mask in part) > 1 and reduce(or_, (mask for _, mask in part)).bit_count() == count:
                return [name for name, _ in part]
    return []


def _mask(rows: Sequence[Row], name: str) -> int | None:
    """The rows in which a column is 1, as bits; None where it is anything but 0 or 1 somewhere."""
    bits = [_bit(row.fields.get(name)) for row in rows]
    return None if None in bits else int("".join(map(str, bits)), 2)


def _bit(value: Any) -> int | None:
    if isinstance(value, (bytes, list, dict)):
        return None
    text = _text(value).strip().lower()
    return 1 if text in ONE else 0 if text in ZERO else None


def _blank(value: Any) -> bool:
    return is_blank(_text(value))


def _text(value: Any) -> str:
    try:
        return plain(value)
    except ValueError:
        return "?"
