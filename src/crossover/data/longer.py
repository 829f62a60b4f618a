"""Whether a longer label, or a degree of it, stands where a shorter one was found."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DEGREE = (
    "very|quite|rather|really|strongly|highly|mainly|mostly|primarily|largely|absolutely|completely|totally|fully"
    "|entirely|extremely|overwhelmingly|predominantly|purely|sehr|ganz|très|muy|molto"
)


def goes_on(text: str, start: int, end: int, label: str, labels: Iterable[str]) -> bool:
    """Whether a longer label stands there, with punctuation in it: "card (lost)"."""
    for longer in labels:
        if longer.startswith(label + " "):
            rest = longer[len(label) + 1 :]
            if re.match(r"[\W_]{1,4}" + r"[\W_]{1,3}".join(map(re.escape, rest.split())) + r"\b", text[end:], re.I):
                return True
        if longer.endswith(" " + label):
            rest = longer[: -len(label) - 1]
            if re.search(r"\b" + r"[\W_]{1,3}".join(map(re.escape, rest.split())) + r"[\W_]{1,4}$", text[:start], re.I):
                return True
    return False


def by_degree(text: str, start: int, end: int, label: str, labels: Iterable[str]) -> bool:
    """Whether a word of degree stands beside a label that another one qualifies: "agree strongly" of "strongly agree"."""
    longer = [other.split() for other in labels if other != label and f" {label} " in f" {other} "]
    if not longer:
        return False
    words = "|".join([_DEGREE, *(re.escape(word) for other in longer for word in other if word not in label.split())])
    before, behind = rf"(?:\b(?:{words})|\d\s?%|\d/\d|½)[\W_]{{0,3}}$", rf"[\W_]{{1,3}}(?:{words})\b"
    return re.search(before, text[:start], re.I) is not None or re.match(behind, text[end:], re.I) is not None
