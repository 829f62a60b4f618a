"""How free text is normalised before it is compared: SQuAD's way, except that numbers keep their value."""

from __future__ import annotations

import re
import string
import unicodedata

from crossover.data.text import folded
from crossover.data.words import marks, punctuation, units

_CURRENCY = re.compile(r"[$€£¥₹]\s?")
# A number that stands alone: not inside a word, a version (1.10.2), a date (2020-05-01) or a range (3-5).
_NUMBER = re.compile(
    r"(?<![\w.,:/-])([-−])?((?:\d{1,3}(?:[,’'\u00a0\u202f]\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d+)(?:\.\d+)?|\.\d+)(?![\w:/-]|[.,]\d)"
)
_DASH = re.compile(r"(?<=\d)[‐‑‒–−](?=\d)")
_BETWEEN = re.compile(r"(?<=\d)[-/.:,'’_]+(?=\d)")  # divides digits: "3-5" is not 35, nor "1,5" 15
# signs that tell apart what they stand at: C++, C#, A+, < 5, 5+6, 18+, -5km, 1e-5; they have a place of
# their own while others are dropped
_TELLING = re.compile(
    r"(?<=[^\W\d_])[+#]+(?!\w)|(?<![-=])[<>]=?\s*(?=[-−.]?\d)|(?<=\d)[+=*^%|~<>](?=\d)"
    r"|(?<=\de)[-−](?=\d)|(?<=\d)\+(?![\w+])|(?<![\w.,:/)-])[-−](?=\.?\d[\d.]*[^\W\d])"
)
_SIGNS = "+#<>=*^%|~-"
_KEPT = str.maketrans(_SIGNS + "−", "".join(chr(0xE000 + place) for place in [*range(len(_SIGNS)), len(_SIGNS) - 1]))
_GIVEN_BACK = {0xE000 + place: sign for place, sign in enumerate(_SIGNS)}
_ARTICLE = re.compile(rf"\b(?:a|an|the)\b(?![{marks()}\ue000\ue001])(?=\s+\S)")
_PUNCTUATION = punctuation() | str.maketrans("", "", string.punctuation)


def normal(text: str) -> str:
    """Lower case; no punctuation, no articles, single spaces (Rajpurkar et al. 2016, the SQuAD evaluation script).

    Unlike there, a number that stands alone keeps its sign and its decimal point, and loses thousands commas, trailing
    zeros and a currency sign: "2,950", "2950" and "$2,950.00" are one number; "3.5" and "35", "-5" and "5" are two. Digits
    with a sign between them stay apart ("3-5" is not "35"), "C++" is not "C", nor "> 5" "< 5", nor "-5km" "5km", and
    an article that no word follows stays ("A" of "A", "B" and "C"; "vitamin A"). Text is composed and freed of invisible
    marks first, and punctuation is that of every script (Lewis et al. 2020, MLQA).
    """
    text = _DASH.sub("-", _CURRENCY.sub("", folded(folded(text).lower())))
    text = _TELLING.sub(lambda match: match[0].strip().translate(_KEPT), text)
    pieces, end = [], 0
    for match in _NUMBER.finditer(text):
        pieces += [_plain(text[end : match.start()]), _number(match[1], match[2])]
        end = match.end()
    plain = "".join([*pieces, _plain(text[end:])])
    return " ".join(_ARTICLE.sub(" ", plain).split() or plain.split()).translate(_GIVEN_BACK)


def tokens(text: str) -> list[str]:
    """The words of a normalised text; of scripts without spaces each letter with its marks (MLQA, likewise)."""
    return [unit for word in normal(text).split() for unit in units(word)]


def _plain(text: str) -> str:
    return _BETWEEN.sub(" ", text).translate(_PUNCTUATION)


def _number(sign: str | None, digits: str) -> str:
    digits = "".join(str(unicodedata.decimal(c, c)) for c in digits if c == "." or c.isdigit())
    digits = f"0{digits}" if digits[0] == "." else digits
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return f"-{digits}" if sign and digits.strip("0.") else digits


def other_currency(left: str, right: str) -> bool:
    """Whether two texts have signs of currencies, and not the same: "$5" and "€5". Without a sign any may be meant."""
    named = [set(re.findall("[$€£¥₹]", text)) for text in (left, right)]
    return all(named) and named[0] != named[1]
