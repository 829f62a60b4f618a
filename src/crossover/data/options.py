"""Options of a question: a reply names one by its letter, and may repeat what stands behind it there ("(B) a dog")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossover.data.called import LABEL_WORDS
from crossover.data.pattern import later

_SIGNED_CODE = later(r"\(([A-Z]|\d{1,2})\)|\[([A-Z]|\d{1,2})\]|([A-Z])[.)]")
_CONSECUTIVE = [[chr(ord("A") + at) for at in range(26)], [*map(str, range(100))], [*map(str, range(1, 100))]]
_SPOKEN_OF = later(r"\b(?:eliminated|discarded|dismissed|excluded|out|an? distractor|my first|unclear|copyright)\b", re.I)
# where an answer stands: first, but for a number of things, or behind words that announce it, which "Option (A) refers
# to" does not; no first of some steps
_COUNTING = r"[(\[]\d{1,2}[)\]]\s+(?!(?:an?|the)\b)(?-i:[a-z])"
_IN_BRACKETS = later(
    rf"(^\W*(?!{_COUNTING})"
    rf"|\b(?:{LABEL_WORDS}|correct)(?:[*_]{{0,3}}[:\n]| (?:is|would be)\b:?)[\s*_]{{0,4}}(?:(?:option|choice) )?"
    r"|\b(?:choose|pick|select) (?:option|choice|answer) )(?:\(|\[(?=[A-Z]))([A-Z]|\d{1,2})[)\]][.:]?(?=\s+\w)"
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
    """Reply and labels with plain codes, where all labels are the first letters or numbers, in brackets or not; any others
    as they are, and where an option is spoken of."""
    marks = [_SIGNED_CODE.fullmatch(label) for label in labels]
    codes = [next(filter(None, mark.groups())) if mark else label for mark, label in zip(marks, labels, strict=True)]
    listed = any(set(codes) == set(known[: len(codes)]) for known in _CONSECUTIVE)
    if not listed or not 2 <= len(codes) == len(set(codes)) or _SPOKEN_OF.search(reply):
        return reply, list(labels)
    said = _IN_BRACKETS.sub(r"\1\2)", reply)
    said = _WITH_ARTICLE.sub(lambda found: found[1] + found[2].lower(), said)
    return _OF_OTHERS.sub(r"\1", said), codes
