"""The words of a text, in any script: what word metrics and likeness by words count."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from crossover.data.apart import UNSPACED

_LETTER = re.compile(f"[{UNSPACED}]")


@cache
def marks() -> str:
    """Marks that belong to the letter before them (vowel signs, accents, joiners), as ranges of a character class."""
    found = [code for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"]
    starts = [code for code, before in zip(found, [-1, *found], strict=False) if code != before + 1]
    ends = [code for code, behind in zip(found, [*found[1:], -1], strict=True) if behind != code + 1]
    ranges = "".join(f"{chr(a)}-{chr(b)}" for a, b in zip(starts, ends, strict=True))
    return f"{ranges}\u200c\u200d\U000e0100-\U000e01ef"


@cache
def _word() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}][{marks()}]*|(?:(?![{UNSPACED}])[^\\W_][{marks()}]*)+")


@cache
def _piece() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}][{marks()}]*|(?:(?![{UNSPACED}]).)+", re.DOTALL)


def words(text: str) -> list[str]:
    """Letters and digits with their marks; of scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) every
    letter with its marks is a unit of its own."""
    return _word().findall(text)


def units(word: str) -> list[str]:
    """A word as it is; one with letters of scripts without spaces in these letters and what stands between them."""
    return [word] if word.isascii() else _piece().findall(word)


def length(text: str) -> float:
    """About how many words a text has: of scripts without spaces a word is two letters, where they spell sounds (Thai, Lao,
    Khmer, Burmese) four."""
    found = [unit for word in text.split() for unit in units(word)]
    return sum((0.25 if unit < "\u1800" else 0.5) if _LETTER.match(unit) else 1 for unit in found)


@cache
def punctuation() -> dict[int, None]:
    """A table for `str.translate` that drops the punctuation of every script."""
    return {code: None for code in range(0x20000) if unicodedata.category(chr(code))[0] == "P"}
