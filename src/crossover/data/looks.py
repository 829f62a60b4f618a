"""What the values of a column look like: numbers, names of files, lists and objects, texts of several words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence

from crossover.data.words import length

MOST = 0.9  # of the values look so
WORDS = 3.0  # of a text, on average
_PLACE = re.compile(
    r"(?:https?://|www\.)\S+|\.{0,2}/[\w./-]+|(?:[\w-]+/){2,}[\w.-]+"
    r"|[\w./-]+\.(?:txt|csv|tsv|json|xml|html?|pdf|png|jpe?g|wav|mp3)"
)
_WHEN = re.compile(r"(?<!\d)(?:\d{1,2}:\d{2}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4})(?!\d)")
LONGEST_DATE = 8  # words
ENDS = (("start", "end"), ("start_offset", "end_offset"))  # what tools call the places where something begins and ends


def numeric(values: Sequence[str]) -> bool:
    """Whether all values are numbers."""
    return bool(values) and all(map(_is_number, values))


def places(values: Sequence[str]) -> bool:
    """Whether nearly all values are addresses, or the names of files."""
    return _mostly(values, lambda value: _PLACE.fullmatch(value.strip()) is not None)


def nested(values: Sequence[str]) -> bool:
    """Whether nearly all values are lists or objects, as JSON or as Python shows them."""
    return _mostly(values, lambda value: value.strip()[:1] + value.strip()[-1:] in ("[]", "{}") or value == "null")


def wordy(values: Sequence[str]) -> bool:
    """Whether the values are texts of several words, and neither dates nor lists."""
    mean = sum(map(length, values)) / max(1, len(values))
    return mean >= WORDS and not (dates(values) or nested(values) or numeric(values))


def dates(values: Sequence[str]) -> bool:
    """Whether nearly all values say when something was."""
    return _mostly(values, lambda value: len(value.split()) < LONGEST_DATE and _WHEN.search(value) is not None)


def of_few(values: Sequence[str]) -> bool:
    """Whether a few values come again and again, as labels do."""
    return 1 < len(Counter(values)) <= len(values) / 3


def flags(values: Sequence[str]) -> bool:
    """Whether each value says whether something is so: 0 or 1, true or false, yes or no."""
    found = {value.strip().lower() for value in values}
    return found in ({"0", "1"}, {"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"})


def offsets(value: object, bare: bool = False) -> bool:
    """Whether a value is a list of places in a text: lists of a beginning, an end and a label, or objects that begin and
    end somewhere. `bare`: also without labels, which may else be anything: points, the lines of a grid."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else None
        except (ValueError, RecursionError):
            return False
    return isinstance(value, list) and bool(value) and all(_is_span(item, bare) for item in value)


def _is_span(item: object, bare: bool) -> bool:
    if isinstance(item, dict):
        ends = next(([item[one] for one in pair] for pair in ENDS if all(one in item for one in pair)), [])
    else:
        found = list(item) if isinstance(item, (list, tuple)) else []
        labelled = len(found) == 3 and isinstance(found[2], str)
        ends = found[:2] if labelled or (bare and len(found) in (2, 3)) else []
    return len(ends) == 2 and all(type(end) is int for end in ends)


def _mostly(values: Sequence[str], looks: Callable[[str], bool]) -> bool:
    return bool(values) and sum(map(looks, values)) >= MOST * len(values)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[-+]?(?:\d[\d,]*)?\.?\d+(?:[eE][-+]?\d+)?\s*", text) is not None
