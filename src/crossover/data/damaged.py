"""Texts that were broken before they came: read in another encoding than they were written in, or with letters lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crossover.types import Example

# what follows the first byte of a letter in UTF-8, as Windows-1252 reads it
_LOW = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_DAMAGED = re.compile(
    "\ufffd+"  # a letter that could not be read
    "|ï¿½|ï»¿"  # the same, and a byte order mark, as Windows-1252 reads them
    "|[\u00c2-\u00f4][\u0080-\u0084\u0086-\u009f]+"  # as Latin-1 reads UTF-8: control codes
    f"|(?<![A-ZÀ-Þ])[ÂÃ][{_LOW}]"  # after a capital it may be one more, before a quote
    "|â€.?|ðŸ.?"  # quotes and dashes; emoji
    f"|(?:[ÐÑ][{_LOW}]){{3,}}|(?:[ÎÏ][{_LOW}]){{3,}}"  # words in Cyrillic and in Greek
)
_NOTHING = "nan|NaN|NAN|None|NULL|null|<NA>|NaT|undefined"  # what a program writes where a cell is empty
_EMPTY_LINE = re.compile(_NOTHING)
ABSENT = re.compile(rf"{_NOTHING}|nil|#?N/A|n/a|-{{1,3}}")  # as a whole label; in a text "---" is a line, "n/a" an answer


@dataclass(frozen=True)
class Damaged:
    """The rows with such a text, and how it stands in the first."""

    rows: tuple[str, ...]
    shown: str


def damaged(examples: Sequence[Example]) -> Damaged | None:
    """The rows whose input or output is broken; None where none is."""
    found = [
        (example.source, match)
        for example in examples
        if not (example.input.isascii() and example.output.isascii())
        and (match := _DAMAGED.search(example.input) or _DAMAGED.search(example.output))
    ]
    if not found:
        return None
    text, at = found[0][1].string, found[0][1].start()
    return Damaged(tuple(source for source, _ in found), text[max(0, at - 10) : at + 10].strip())


def absent(examples: Sequence[Example]) -> list[Example]:
    """Examples in whose inputs a line is the word that a program writes where a cell is empty ("nan", "None")."""
    return [one for one in examples if any(map(_EMPTY_LINE.fullmatch, map(str.strip, one.input.split("\n"))))]
