"""Rows from JSON: one object a line (JSONL), one list of objects, or a list inside an object."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from crossover.data.jsonrows import hint, rows_in
from crossover.data.rows import Row
from crossover.data.textfile import lines_of, read_text
from crossover.errors import DataError, NoRows


def read_jsonl(path: Path) -> list[Row]:
    """One row a line; empty lines are skipped. One list of objects is read as one. Raises `DataError` naming the line."""
    text = read_text(path)
    if text.lstrip().startswith("[") and text.rstrip().endswith("]") and _is_list(text):
        return _rows_of(path, text)
    return _rows_by_line(path, text)


def read_json(path: Path) -> list[Row]:
    """The objects of a list, which may stand in an object; one object a line is read as JSONL is. Raises `DataError` naming
    the row, or the line where the JSON breaks off."""
    text = read_text(path)
    first, *more = (line for line in lines_of(text) if line.strip())
    return _rows_by_line(path, text) if more and is_object(first) else _rows_of(path, text)


def is_object(text: str) -> bool:
    """Whether a text is a JSON object."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _rows_by_line(path: Path, text: str) -> list[Row]:
    rows = []
    for number, line in enumerate(lines_of(text), start=1):
        line = line.removeprefix("\ufeff")  # of a file that was put behind another
        if line.strip():
            source = f"{path.name}, line {number}"
            rows.append(Row(number, _object(parse(line, f"{path}, line {number}"), f"{path}, line {number}"), source))
    return rows


def _rows_of(path: Path, text: str) -> list[Row]:
    items, said = parse(text, str(path)), ""
    if isinstance(items, dict) and (found := rows_in(items)):
        items, said = found
    if not isinstance(items, list):
        raise DataError(f"{path} holds {kind_of(items)}; valid is a list of objects ({hint(items)})")
    if not items:
        raise NoRows(f"{path} holds an empty list; valid is a list of objects")
    return [
        Row(number, _object(item, f"{path}, row {number}"), f"{path.name}, row {number}", remarks=(said,) * bool(said))
        for number, item in enumerate(items, start=1)
    ]


def parse(text: str, place: str) -> Any:
    """A JSON value, strictly: no NaN, no number too large, no key twice. Raises `DataError` starting with `place`."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as problem:
        at = f"column {problem.colno}" if "\n" not in text else f"line {problem.lineno}, column {problem.colno}"
        raise DataError(f"{place}: not valid JSON: {problem.msg} at {at}") from problem
    except RecursionError as problem:
        raise DataError(f"{place}: JSON nested too deep") from problem
    except ValueError as problem:
        raise DataError(f"{place}: not valid JSON: {problem}") from problem


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    names: dict[type, str] = {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _is_list(text: str) -> bool:
    """Whether a text is one list of more than one line, or of objects: no line of JSONL."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(isinstance(item, dict) for item in found)


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{place}: received {kind_of(value)}, valid is an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"'{twice}' stands twice in one object")
    return result


def _finite(written: str) -> float:
    if not math.isfinite(value := float(written)):
        raise ValueError(f"{written[:20]} is too large for a number")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
