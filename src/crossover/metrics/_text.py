"""How free text is normalised before it is compared: SQuAD's way, except that numbers keep their value."""

from __future__ import annotations

import re
import string
import unicodedata

from crossover.data.text import folded
from crossover.data.words import marks, punctuation, units

_CURRENCY = re.compile(r"[$€£¥₹]\s?")
# A number that stands alone: not inside a word, a version (1.10.2), a date (2020-05-01) or a range (3-5).
_NUMBER = re.compile(r"(?<![\w.,:/-])([-−])?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?![\w:/-]|[.,]\d)")
_ARTICLE = re.compile(rf"\b(?:a|an|the)\b(?![{marks()}])")
_PUNCTUATION = punctuation() | str.maketrans("", "", string.punctuation)


def normal(text: str) -> str:
    """Lower case; no punctuation, no articles, single spaces (Rajpurkar et al. 2016, the SQuAD evaluation script).

    Unlike there, a number that stands alone keeps its sign and its decimal point, and loses thousands commas, trailing
    zeros and a currency sign: "2,950", "2950" and "$2,950.00" are one number; "3.5" and "35", "-5" and "5" are two. Text
    is composed and freed of invisible marks first, and punctuation is that of every script (Lewis et al. 2020, MLQA).
    """
    text = _CURRENCY.sub("", folded(folded(text).lower()))
    pieces, end = [], 0
    for match in _NUMBER.finditer(text):
        pieces += [text[end : match.start()].translate(_PUNCTUATION), _number(match[1], match[2])]
        end = match.end()
    pieces.append(text[end:].translate(_PUNCTUATION))
    return " ".join(_ARTICLE.sub(" ", "".join(pieces)).split())


def tokens(text: str) -> list[str]:
    """The words of a normalised text; of scripts without spaces each letter with its marks (MLQA, likewise)."""
    return [unit for word in normal(text).split() for unit in units(word)]


def _number(sign: str | None, digits: str) -> str:
    digits = "".join(str(unicodedata.decimal(c, c)) for c in digits.replace(",", ""))
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return f"-{digits}" if sign and digits.strip("0.") else digits
