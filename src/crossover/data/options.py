"""Options of a question: a reply names one by its letter, and may repeat what stands behind it there ("(B) a dog")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossover.data.called import LABEL_WORDS
from crossover.data.pattern import later

_LISTED_AS = later(r"[A-Z]|\d{1,2}")
_SIGNED_CODE = later(r"\(([A-Z]|\d{1,2})\)|\[([A-Z]|\d{1,2})\]|([A-Z])[.)]")
# where an answer stands: first, but for a number of things, or behind words that announce it, which "Option (A) refers
# to" does not; no first of some steps
_COUNTING = r"[(\[]\d{1,2}[)\]]\s+(?!(?:an?|the)\b)(?-i:[a-z])"
_IN_BRACKETS = later(
    rf"(^\W*(?!{_COUNTING})"
    rf"|\b(?:{LABEL_WORDS}|correct)(?:[*_]{{0,3}}[:\n]| (?:is|would be)\b:?)[\s*_]{{0,4}}(?:(?:option|choice) )?"
    r"|\b(?:choose|pick|select) (?:option|choice|answer) )[(\[]([A-Z]|\d{1,2})[)\]][.:]?(?=\s+\w)"
    r"(?!\s+(?:first(?:ly)?,|step\b))",
    re.I,
)
_WITH_ARTICLE = later(r"((?<!\w)[A-Z][.):] )(An?)(?= [a-z])")
# options that speak of the others or of the question; anything else that denies may be said of the label
_OF_OTHERS = later(
    r"((?<!\w)[A-Z])[.):] (?:none of (?:the (?:above|options|choices|answers)|these|them)"
    r"|(?:neither|both)(?: of (?:these|them|the above))?|all of (?:the above|these|them)"
    r"|(?:there is )?not enough (?:info(?:rmation)?|evidence|data|context)"
    r"|(?:it )?(?:cannot|can['’]t|can not) be (?:determined|known)"
    r"|no (?:change|effect|difference))(?=[.!*_\"\s]*$|[.]\s)",
    re.I | re.M,
)


def as_options(reply: str, labels: Sequence[str]) -> tuple[str, list[str]]:
    """Reply and labels with plain codes, where all labels are letters or short numbers, in brackets or not; any others as
    they are."""
    marks = [_SIGNED_CODE.fullmatch(label) for label in labels]
    letters = [next(filter(None, mark.groups())) if mark else label for mark, label in zip(marks, labels, strict=True)]
    if len(letters) < 2 or len(set(letters)) < len(letters) or not all(map(_LISTED_AS.fullmatch, letters)):
        return reply, list(labels)
    said = _IN_BRACKETS.sub(r"\1\2)", reply)
    said = _WITH_ARTICLE.sub(lambda found: found[1] + found[2].lower(), said)
    return _OF_OTHERS.sub(r"\1", said), letters
