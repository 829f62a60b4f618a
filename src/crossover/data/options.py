"""Options of a question: a reply names one by its letter, and may repeat what stands behind it there ("(B) a dog")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossover.data.called import LABEL_WORDS
from crossover.data.pattern import later

_LISTED_AS = later(r"[A-Z]|\d{1,2}")
_SIGNED_CODE = later(r"\(([A-Z]|\d{1,2})\)|\[([A-Z]|\d{1,2})\]|([A-Z])[.)]")
# where an answer stands: first, or behind a few words that announce it
_IN_BRACKETS = later(
    rf"(^\W*|\b(?:{LABEL_WORDS}|correct)(?: (?:is|would be))?[\s:*_]{{1,4}})[(\[]([A-Z]|\d{{1,2}})[)\]][.:]?(?=\s+\w)", re.I
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
