"""The choices of a question: which column says which one is right, and what each is called in the input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from crossover.data.chat import turns_in
from crossover.data.columnnames import is_beside, read
from crossover.data.rows import Row
from crossover.data.template import columns_of, plain

_CHOICE = re.compile(r"^([^{}\n]+): \{([^{}]+)\}$", re.M)  # as `together` writes a column of its own
FLAG = 2  # choices
_FREE = ("reply", "label", "")  # a rating or a category has a meaning of its own


def pointing(template: str, columns: Sequence[str], rows: Sequence[Row]) -> str | None:
    """The one of `columns` that names a choice of its row everywhere, where the input's template has choices: by its place
    from 0 or from 1, by its letter, or as it is written. None where none or several do, or where another one is called an
    answer and does not. A flag may say anything of a question with two choices, so only its name can tell."""
    held = [found for row in rows if (found := _choices(template, row))]
    if len(held) < len(rows):
        return None
    two = max(map(len, held)) == FLAG
    may = [name for name in columns if not is_beside(name) and read(name).role in (("reply", "label") if two else _FREE)]
    found = [name for name in may if _points([row.fields.get(name) for row in rows], held)]
    others = [read(name) for name in columns if name not in found]
    named = any(other.role in ("reply", "label") and other.whose in ("", "gold") for other in others)
    return found[0] if len(found) == 1 and not named else None


def signed(template: str, output: str, rows: Sequence[Row]) -> str:
    """The template with each choice that has a column of its own behind the number that the output has for it: the first of
    two is 0 where the output is 0 or 1. As it stands where the output has other signs, or where nothing tells."""
    texts = {_text(row.fields.get(output)) for row in rows} - {""}
    count = len(_CHOICE.findall(template))
    if not count or not texts or not all(map(str.isdecimal, texts)):
        return template
    places = {int(text) for text in texts}
    first = 0 if 0 in places else 1 if count in places else None
    if first is None or not first <= max(places) < first + count:
        return template
    numbers = iter(range(first, first + count))
    return _CHOICE.sub(lambda match: f"{next(numbers)}: {{{match[2]}}}", template)


def _choices(template: str, row: Row) -> list[str]:
    """The choices of a row: in columns of their own, or in the last list that the template shows; none without such."""
    if apart := _CHOICE.findall(template):
        return [_text(row.fields.get(name)) for _, name in apart]
    values = [row.fields.get(name) for name in columns_of(template)]
    values = [value.get("text") if isinstance(value, Mapping) else value for value in values]
    lists = [found for value in values if (found := turns_in(value))]
    return [_text(choice) for choice in lists[-1]] if lists else []


def _points(values: Sequence[Any], choices: Sequence[Sequence[str]]) -> bool:
    """Whether each value is a place, a letter or a text among the choices of its row, and not always the same; places and
    letters reach the last choice."""
    texts = [_text(value) for value in values]
    if len(set(texts)) < 2:
        return False
    pairs = [*zip(texts, choices, strict=True)]
    if all(map(str.isalnum, texts)) and len(set(texts)) < max(map(len, choices)):
        return all(text in held for text, held in pairs)
    if all(text.isdecimal() for text in texts):
        return any(all(first <= int(text) < first + len(held) for text, held in pairs) for first in (0, 1))
    if all(re.fullmatch("[A-Za-z]", text) for text in texts):
        return all(ord(text.upper()) - ord("A") < len(held) for text, held in pairs)
    return all(text in held for text, held in pairs)


def _text(value: Any) -> str:
    try:
        return plain(value).strip()
    except ValueError:
        return ""
