"""The F1 over the fields of a JSON object: right, wrong, missing and invented fields; invalid JSON misses them all."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from crossover.data.text import comparable, folded
from crossover.errors import DataError
from crossover.metrics.base import Aggregate
from crossover.types import Counts, Kind, Score

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")  # "007" and "+49" are codes


@dataclass(frozen=True)
class FieldF1:
    """Gold and answer are JSON objects; each top-level field is right, wrong (a false positive and a miss), missed or
    invented.

    Strings are compared composed (NFC), trimmed, case-folded and with white space joined; a number equals its text ("3" and
    3, "2.0" and 2), also inside a nested value, which is compared whole, whatever the order of its keys. A field that is
    null or an empty text, list or object counts as absent, on every level.
    The answer is the first balanced {...} that is a JSON object; text and code fences around it are ignored.
    """

    kinds: ClassVar[tuple[Kind, ...]] = ("extract",)
    aggregate: ClassVar[Aggregate] = "micro_f1"
    binary: ClassVar[bool] = False

    def score(self, gold: str, answer: str) -> Score:
        """This example's F1, 1 when neither has a field; `counts` by field; not `valid` (value 0) without an object.

        Raises `DataError` when the gold output is not a JSON object.
        """
        try:
            right = _fields(_parsed(gold))
        except (ValueError, RecursionError) as error:
            raise DataError(f"field_f1 needs a JSON object as gold output; received {gold[:80]!r}") from error
        given = _first_object(answer)
        if given is None:
            return Score(0.0, {name: Counts(fn=1) for name in right}, valid=False)
        counts = {}
        for name in sorted(right.keys() | given.keys()):
            same = name in right and name in given and _same(right[name], given[name])
            counts[name] = Counts(int(same), int(name in given and not same), int(name in right and not same))
        hits = sum(c.tp for c in counts.values())
        total = len(right) + len(given)
        return Score(2 * hits / total if total else 1.0, counts)


def _first_object(answer: str) -> dict[str, Any] | None:
    start = answer.find("{")
    while start >= 0:
        end = _closing(answer, start)
        if end is None:
            return None
        try:
            return _fields(_parsed(answer[start : end + 1]))
        except (ValueError, RecursionError):
            start = answer.find("{", end + 1)
    return None


def _closing(text: str, start: int) -> int | None:
    """The index of the brace that closes the one at `start`; braces inside JSON strings do not count."""
    depth, quoted, escaped = 0, False, False
    for index in range(start, len(text)):
        letter = text[index]
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
            if depth == 0:
                return index
    return None


def _parsed(text: str) -> dict[str, Any]:
    value = json.loads(text, parse_constant=_reject)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _reject(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    return {folded(name): value for name, value in body.items() if not _absent(value)}


def _absent(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return all(map(_absent, value.values() if isinstance(value, dict) else value))
    return value is None or (isinstance(value, str) and not comparable(value))


def _same(right: Any, given: Any) -> bool:
    try:
        return _equal(right, given)
    except RecursionError:
        return False


def _equal(right: Any, given: Any) -> bool:
    if isinstance(right, dict) and isinstance(given, dict):
        right, given = _fields(right), _fields(given)
        return right.keys() == given.keys() and all(_equal(value, given[name]) for name, value in right.items())
    if isinstance(right, list) and isinstance(given, list):
        return len(right) == len(given) and all(map(_equal, right, given))
    if isinstance(right, (dict, list)) or isinstance(given, (dict, list)):
        return False
    if isinstance(right, str) != isinstance(given, str) and _is_number(
        number := given if isinstance(right, str) else right
    ):
        text = comparable(right if isinstance(right, str) else given)
        return bool(_PLAIN.fullmatch(text)) and Decimal(text) == Decimal(str(number))
    return _scalar(right) == _scalar(given)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _scalar(value: str | float | bool | None) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else comparable(str(value))
