"""Data that a Python program already holds: a pandas DataFrame, a `datasets` data set, or a list of mappings, as rows.

They are told apart by what they offer, so that neither library is imported here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover.data.floats import FORMATS, shortest
from crossover.data.huggingface import SPLIT_NAMES, table_rows
from crossover.data.layouts import shaped
from crossover.data.rows import Row
from crossover.errors import DataError

HELD = " (in memory)"  # how the name of such data ends, where a file's would stand
MISSING_TYPES = ("NAType", "NaTType")  # pandas' own
VALID = "a DataFrame, a datasets.Dataset, or a list of mappings"


def is_held(data: Any) -> bool:
    """Whether `data` is a table in memory, or a mapping of splits with one."""
    if isinstance(data, Mapping):
        return any(map(_is_table, data.values()))
    return _is_table(data)


def take(data: Any) -> tuple[str | dict[str, str], dict[str, list[Row]]]:
    """How a task names the data, and its rows by split ("all" where it is one table). Raises `DataError`."""
    if not isinstance(data, Mapping):
        name = _name(data)
        return name, {"all": _rows(data, name.removesuffix(HELD))}
    ours = {theirs: split for split, names in SPLIT_NAMES.items() for theirs in names}
    names: dict[str, str] = {}
    tables: dict[str, list[Row]] = {}
    for given, table in data.items():
        split = ours.get(str(given))
        if split in names:
            raise DataError(
                f"data: received the splits {', '.join(map(str, data))}, of which two are {split}; valid is one"
            )
        if split is None or not _is_table(table):
            raise DataError(
                f"data: received the split '{given}' with {type(table).__name__}; valid are train, dev and test, each"
                f" {VALID}"
            )
        names[split] = f"{split} {_name(table)}"
        tables[split] = _rows(table, names[split].removesuffix(HELD))
    if "train" not in tables:
        raise DataError(
            f"data: received the splits {', '.join(map(str, data))}; valid is train, and dev and test if there are"
        )
    return names, tables


def check_given(data: Any) -> None:
    """Raise `DataError` for data that a Python program cannot have meant: neither a table nor a name of one, nor splits."""
    parts = list(data.values()) if isinstance(data, Mapping) else [data]
    for part in parts:
        if not (isinstance(part, (str, Path)) or _is_table(part)):
            inside = f" of {type(part[0]).__name__}" if isinstance(part, (list, tuple)) else ""
            where = " in a mapping" if isinstance(data, Mapping) else ""
            raise DataError(
                f"data: received a {type(part).__name__}{inside}{where}; valid is {VALID}, a mapping of train, dev and test"
                " to such, or the name of a file or data set"
            )


def is_gone(reference: str | Path) -> bool:
    """Whether a reference names data that were held by the program that ran the study, and are not kept."""
    return str(reference).endswith(HELD)


def _is_table(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return all(isinstance(one, Mapping) for one in data)
    return _is_frame(data) or _is_dataset(data)


def _is_frame(data: Any) -> bool:
    return hasattr(data, "columns") and hasattr(data, "to_dict") and hasattr(data, "notna")


def _is_dataset(data: Any) -> bool:
    return hasattr(data, "column_names") and hasattr(data, "features") and not isinstance(data, Mapping)


def _name(data: Any) -> str:
    return f"{'rows' if isinstance(data, (list, tuple)) else type(data).__name__}{HELD}"


def _rows(data: Any, name: str) -> list[Row]:
    if _is_dataset(data):
        found = table_rows(name, "all", _unformatted(data))
    else:
        records = data if isinstance(data, (list, tuple)) else _records(data, name)
        index = _index(data) if _is_frame(data) else ()
        places = ((n, f"{name}, row {n}", one) for n, one in enumerate(records, 1))
        found = [Row(n, _fields(one, where), where, index=index) for n, where, one in places]
    if not found:
        raise DataError(f"data: there is no row in the {name}; valid is one or more")
    return shaped(found)


def _fields(record: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """A row's fields by name. Raises `DataError` for two of one name, such as 1 and "1", and for what has no end."""
    try:
        fields = {str(key): _plain(value) for key, value in record.items()}
    except RecursionError:
        raise DataError(f"{where} holds lists or mappings that are too deep, or hold themselves; valid is JSON") from None
    if len(fields) < len(record):
        doubled = Counter(map(str, record)).most_common(1)[0][0]
        raise DataError(f"{where} has the column '{doubled}' twice; valid are columns of different names")
    return fields


def _unformatted(data: Any) -> Any:
    """A data set whose rows are Python's values, and no tensors or series; what a user's own transform makes stays."""
    own = getattr(data, "format", {}).get("type") == "custom"  # a data set that is streamed has no `format`
    return data if own or not hasattr(data, "with_format") else data.with_format(None)


def _records(frame: Any, name: str) -> list[dict[str, Any]]:
    """A frame's rows as plain Python values, what is missing as None.

    A column of whole numbers that became floats only because some are missing is one of whole numbers again, as in a file.
    """
    doubled = [column for column, count in Counter(map(str, frame.columns)).items() if count > 1]
    if doubled:
        raise DataError(f"the {name} has the column '{doubled[0]}' twice; valid are columns of different names")
    columns = {}
    for number, column in enumerate(frame.columns):
        series = frame.iloc[:, number]
        if hasattr(series, "sparse"):
            series = series.sparse.to_dense()
        there = series.notna()
        whole = series.dtype.kind == "f" and not there.all() and bool((series[there] % 1 == 0).all())
        bits = 8 * series.dtype.itemsize if series.dtype.kind == "f" else 0
        values = zip(series.astype(object), there, strict=True)
        columns[str(column)] = [
            None if not known else int(value) if whole else shortest(value, bits) if bits in FORMATS else value
            for value, known in values
        ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _index(frame: Any) -> tuple[str, ...]:
    """The names of a frame's index, "" for one without; none of one that only counts the rows."""
    names = list(frame.index.names)
    counts = names == [None] and getattr(frame.index, "dtype", None) is not None and frame.index.dtype.kind in "iu"
    return () if counts else tuple("" if name is None else str(name) for name in names)


def _plain(value: Any) -> Any:
    """A value as Python's own, also inside mappings and lists: numpy's numbers and arrays, and what is missing as None."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return [_plain(one) for one in value]
    home = type(value).__module__
    if (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in MISSING_TYPES:
        return None
    if home != "numpy" or not hasattr(value, "tolist"):
        return value
    if value.dtype.kind in "mM":  # in nanoseconds they would become whole numbers
        value = value.astype(f"{value.dtype.kind}8[us]")
    if value.ndim == 0:
        bits = 8 * value.dtype.itemsize if value.dtype.kind == "f" else 0
        return _plain(shortest(float(value), bits) if bits in FORMATS else value.tolist())
    return [_plain(one) for one in value]
