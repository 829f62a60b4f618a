"""What a reply names beside its label only to set it off: "C, not C++", "This isn't spam, it's ham", "A is wrong, so B"."""

from __future__ import annotations

import re
from collections.abc import Sequence

Span = tuple[int, int, str]

_FIRST_SIGN, _MOST_SIGNS = 0xE000, 0x1900  # a sign of its own stands in the place of each label
_IN_MARKS = r"[\"'“”‘’`*]*"
_GIVEN = rf"[\ue000-\uf8ff]+{_IN_MARKS}"
_SIGN = rf"{_IN_MARKS}{_GIVEN}"
_ARTICLE = r"(?:(?:an?|the|in|as|to|about|for|of|une?|eine?n?|das|die|der) ){0,2}"
_NAMED_TOO = rf"{_ARTICLE}{_SIGN}"
_ALL_NAMED = rf"{_NAMED_TOO}(?:(?:,? (?:n?or|and|oder|noch|ou|ni)|,) {_NAMED_TOO})*"
_IS_NOT = r"(?: is| are| was|'s)(?: (?:clearly |certainly |really )?not|n't)"
_WHAT_IS = r"(?:(?:so|but|and|no),? )*(?:it|this|that|the (?:\w+ )?\w+)"
_STOP = (
    r"(?=\s*(?:$|[.;:!)\n–—]|,(?! (?:is|are|was|were|would|could|can|might|may|seems?|or)\b)|(?:because|since|as|due)\b))"
)
# the label has to be said behind it, else it is one more of a list: "not positive, negative"
_SAID_NEXT = (
    r"\s*(?:[.;:–—]+\s*|,\s*(?=(?:but|so|therefore|thus|hence|instead|rather|it's|this is|it is|that's|that is"
    r"|the answer)\b))(?:but |and )?"
)
_CLAUSE_BEGINS = r"(?P<kept>^|[.;:!\n]\s*|,\s+)"
_SET_OFF = [
    re.compile(pattern, re.I)
    for pattern in (
        # "C, not C++", "spam rather than ham", "fear (not anger)", "ein Lob, keine Beschwerde"
        rf"(?P<kept>{_GIVEN}(?: (?:code|statement|sentence|review|report|message|e?mail|comment|text))?)\s*[,;–—-]?\s*\(?"
        rf"(?:and |but )?(?:certainly |definitely |clearly )?"
        rf"(?:not|rather than|instead of|as opposed to|nicht|keine?|pas|non pas) {_ALL_NAMED}(?: one)?\)?{_STOP}",
        # "It is not C but C++", "Not C but C++"
        rf"(?P<kept>\b(?:is|are|was)|'s)(?: not|n't) {_NAMED_TOO},? but (?:rather |instead )?",
        rf"(?P<kept>^|\s)not {_NAMED_TOO},? but (?:rather |instead )?",
        # "This isn't spam, it's ham", "Not spam: ham"
        rf"{_CLAUSE_BEGINS}{_WHAT_IS}{_IS_NOT} {_ALL_NAMED}{_SAID_NEXT}",
        rf"{_CLAUSE_BEGINS}not {_NAMED_TOO}\s*[:;–—]\s*",
        # "Neither positive nor negative: neutral", "There is no contradiction; this is entailment"
        rf"{_CLAUSE_BEGINS}(?:{_WHAT_IS}(?: is|'s) )?neither {_ALL_NAMED}{_SAID_NEXT}",
        rf"{_CLAUSE_BEGINS}there(?:'s| is| are) no {_NAMED_TOO}(?:,? (?:and|or)(?: no)? {_NAMED_TOO})*(?: here| at all)?"
        rf"{_SAID_NEXT}",
        # "Neutral: neither positive nor negative", "Medium, between low and high"
        rf"(?P<kept>{_GIVEN})\s*[,:;(–—-]\s*(?:as )?(?:(?:it|this)(?: is|'s) )?(?:neither|between) {_ALL_NAMED}\)?{_STOP}",
        # "more positive than negative"
        rf"\bmore (?:of )?(?P<kept>{_NAMED_TOO}) than {_NAMED_TOO}",
        # "A is wrong, so B", "After ruling out A and C, B", "Rather than A, B"
        rf"{_CLAUSE_BEGINS}(?:options? |choices? |answers? )?{_ALL_NAMED} (?:is|are|can be) (?:wrong|incorrect"
        rf"|not (?:correct|right)|eliminated|ruled out){_SAID_NEXT}",
        rf"{_CLAUSE_BEGINS}(?:after |by )?(?:eliminating|ruling out|excluding|discarding) (?:options? )?{_ALL_NAMED},\s+",
        rf"{_CLAUSE_BEGINS}(?:rather than|instead of) {_ALL_NAMED},\s+",
        # "Is it spam? No, it is ham", "ham, because it is not spam", "A is better than B", "I prefer A over B"
        rf"{_CLAUSE_BEGINS}(?:is (?:it|this|that) )?{_NAMED_TOO}\?+ no(?:pe)?[,:.!–—-]+ ",
        rf"(?P<kept>{_GIVEN})\s*,? (?:because|since|as) (?:it|this){_IS_NOT} {_ALL_NAMED}{_STOP}",
        rf"(?P<kept>{_GIVEN} is (?:\w+ )?better) than {_NAMED_TOO}{_STOP}",
        rf"(?P<kept>\b(?:prefer|choose|pick) {_NAMED_TOO}) (?:over|to) {_NAMED_TOO}{_STOP}",
        # the same in other languages
        rf"(?P<kept>^|\s)(?:nicht|keine?n?) {_NAMED_TOO},? sondern (?:eher )?",
        rf"(?P<kept>^|\s)(?:ce )?n['’]est pas {_NAMED_TOO},? mais (?:plutôt )?",
        rf"(?P<kept>^|\s)no (?:es )?{_NAMED_TOO},? sino (?:que )?(?:es )?",
        rf"(?P<kept>^|\s)(?:não é {_NAMED_TOO},? mas (?:sim )?|non è {_NAMED_TOO},? (?:ma|bensì) (?:è )?)",
        rf"(?P<kept>^|\s)(?:это )?не {_NAMED_TOO},? а ",
        rf"(?P<kept>^|\s)(?:ليست? {_NAMED_TOO},? بل )",
        rf"(?P<kept>^|\s){_NAMED_TOO} नहीं,? (?:बल्कि )?",
        rf"(?P<kept>{_GIVEN})\s*,? (?:statt|anstatt|plutôt que|en (?:lugar|vez) de|em vez de|invece di|piuttosto che|а не)"
        rf" {_ALL_NAMED}{_STOP}",
    )
]


def without_unspaced(text: str) -> str:
    """A text without what it denies only to say what is so instead: 不是…而是, ではなく, 이 아니라."""
    return _AND_NOT.sub("", _NOT_BUT.sub("是", _INSTEAD.sub("", text)))


def set_off(text: str, spans: Sequence[Span]) -> str | None:
    """The text without the labels that it names only to deny them beside the one that it gives.

    Args:
        text: A reply.
        spans: Where labels stand in it: begin, end, which one.

    Returns:
        None where nothing can be left out, or a label that would be left out is named elsewhere, too.
    """
    keys = sorted({key for _, _, key in spans})
    if not 1 < len(keys) <= _MOST_SIGNS:
        return None
    signs = list(text)
    for start, end, key in spans:
        signs[start:end] = chr(_FIRST_SIGN + keys.index(key)) * (end - start)
    masked, plain = "".join(signs), text
    for _ in range(4):  # one may stand behind another: "A is wrong. B is wrong. ..."
        for pattern in _SET_OFF:
            while match := pattern.search(masked):
                masked, plain = (_without(line, match) for line in (masked, plain))
    left = _signs(masked)
    dropped = _signs("".join(signs)) - left
    return plain if dropped and left and not dropped & left else None


_NOT_BUT = re.compile(r"(?:不是|并非|並非)[^,，、。!！?？\n]{1,20}(?:[,，、]?\s*而是|[,，]\s*是(?!否))")
_AND_NOT = re.compile(r"[,，](?:而|并)?不是[^,，、。!！?？\n]{1,20}(?=[。.!！]?\s*$)")
_INSTEAD = re.compile(r"[^,，、。!！?？\n]{1,20}(?:ではなく(?!な)[、,]?\s*|(?:이|가) 아니라,? )")


def _without(line: str, match: re.Match[str]) -> str:
    kept, behind = line[slice(*match.span("kept"))], line[match.end() :]
    return line[: match.start()] + kept + (" " if kept[-1:].isalpha() and behind[:1].isalpha() else "") + behind


def _signs(masked: str) -> set[str]:
    return {sign for sign in masked if "\ue000" <= sign <= "\uf8ff"}
