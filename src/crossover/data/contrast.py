"""What a reply names beside its label only to set it off or list it: "C, not C++", "A is wrong, so B", "Labels: A, B"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossover.data.pattern import later

Span = tuple[int, int, str]

_FIRST_SIGN, _MOST_SIGNS = 0xE000, 0x1900  # a sign of its own stands in the place of each label
_IN_MARKS = r"[\"'“”‘’«»`*_]*"
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
# what stands there as one that may be chosen: "Options: A, B", "The labels are A and B.", "Choose one of: A, B",
# "Is it A or B?", "Out of A, B and C, ...", "Sentiment (A/B): ..."
_LISTED = rf"{_NAMED_TOO}(?:(?:, ?(?:(?:or|and) )?|,? (?:or|and|vs\.?|oder|ou|o) | ?[/|;] ?){_NAMED_TOO})+"
_BELOW = rf"(?:\s*\n[ \t]*(?:[-*•]|\d[.)])?[ \t]*{_SIGN}[,;.]?)+"
_SOME = (
    r"(?:(?:one|two|three|four|five|several|out|of|from|among|between|the|these|my|your|possible|available|valid|given"
    r"|following) ){0,4}"
)
_OPTION_WORDS = r"(?:options|labels|categories|classes|choices|answers)"
_ASKED_WHICH = (
    r"(?:the question (?:is|asks)|the task is|you (?:are )?ask(?:ed|ing)?|i (?:need|have|was asked|am asked)|to (?:choose"
    r"|decide)|decide|determine|choose|pick|select|classify|reply|answer|respond)"
)
_ENDS = r"(?=\s*(?:$|[.;:!\n]|,\s))[.,]?"
_AS_OPTIONS = [
    later(pattern, re.I)
    for pattern in (
        rf"{_CLAUSE_BEGINS}[*_#> ]*{_SOME}{_OPTION_WORDS}(?: (?:here|are|include|to choose from)){{0,2}}[*_]*\s*[:(=]?[*_]*"
        rf"(?:\s*{_LISTED}\)?|{_BELOW}){_ENDS}",
        rf"{_CLAUSE_BEGINS}(?:is|are|was) (?:it|this|that|the \w+) {_LISTED}\?+",
        rf"{_CLAUSE_BEGINS}(?:out of|of|among|between|from) {_SOME}(?:{_OPTION_WORDS}:? )?{_LISTED},\s+"
        r"(?=[^.!?]{0,200}[\ue000-\uf8ff])",
        rf"{_CLAUSE_BEGINS}{_ASKED_WHICH} [^.,;:!?\n\ue000-\uf8ff]{{0,60}}:?\s{_LISTED}{_ENDS}",
        rf"(?P<kept>[\w*_]) ?[(\[]{_LISTED}[)\]](?=[*_]*\s*[:=?])",
    )
]
# what denies others in a sentence of its own, before or behind the one that gives the label
_OTHERS_DENIED = (
    rf"(?:{_WHAT_IS}(?:{_IS_NOT}| can(?:not|['’]t) be| (?:does not|doesn['’]t) (?:seem|look|sound)(?: like| to be)?)"
    rf" {_ALL_NAMED}"
    rf"|(?:options? |choices? |answers? |labels? )?{_ALL_NAMED} (?:(?:is|are|would be) (?:wrong|incorrect"
    rf"|not (?:correct|right|applicable|suitable|appropriate)|less (?:fitting|suitable|likely)|eliminated|ruled out)"
    rf"|(?:does not|do not|doesn['’]t|don['’]t) (?:fit|apply|match)(?: here| well)?)"
    r"|(?:there is |there's |there are |I see |I find )?(?:no|nothing) (?:signs?|hints?|evidence|trace|indication) of"
    rf" {_ALL_NAMED}"
    rf"|not {_ALL_NAMED}|I (?:also )?(?:ruled out|excluded|rule out|exclude|rejected|dismissed) {_ALL_NAMED})"
)
_WEIGHED = (  # without saying that it is so
    r"(?:(?:some|parts?|of|it|this|the|text|words?|message|review|elements?|a|few|may|might|could|can|seems?|looks?|sounds?"
    rf"|appears?|like|be|mistaken|read|as|to) ){{0,8}}{_ALL_NAMED}"
    r"(?: (?:is|was|seems?|looks?) (?:\w+ )?(?:tempting|possible|plausible|close))?(?: at first(?: glance| sight)?)?"
)
_SET_OFF = [
    later(pattern, re.I)
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
        rf"(?P<kept>^|[.;!)\n]\s*){_OTHERS_DENIED}(?:,? (?:as|because|since|due to) [^.;!?\n\ue000-\uf8ff]*)?"
        r"(?:[.!;]\s*|(?=\s*(?:$|\n)))",
        rf"{_CLAUSE_BEGINS}not {_NAMED_TOO}\.\s+(?=\S)",
        # "Although it sounds like spam, ...", "It may seem spam at first, but ...", "I considered spam, but ..."
        rf"{_CLAUSE_BEGINS}(?:although|though|while) {_WEIGHED},\s+",
        rf"{_CLAUSE_BEGINS}(?:{_WHAT_IS} )(?:may|might|could|can|seems?|looks?|sounds?|appears?) {_WEIGHED},? but ",
        rf"{_CLAUSE_BEGINS}(?:at first,? )?I (?:also |first )?(?:considered|thought (?:of|about)) {_ALL_NAMED}"
        r"(?:,? but |[.;]\s*(?=(?:it|this|the|my|so|therefore|answer|label)\b))",
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
        rf"{_CLAUSE_BEGINS}ce n['’]est pas {_ALL_NAMED}\s*[,;.:–—]\s*(?=c['’]est\b)",
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


def without_lists(text: str, spans: Sequence[Span]) -> str:
    """The text without the labels that it only lists as what may be chosen.

    Args:
        text: A reply.
        spans: Where labels stand in it, with the quotes and brackets around them: begin, end, which one.
    """
    return _left(_AS_OPTIONS, *_signed(text, spans))[1]


def set_off(text: str, spans: Sequence[Span]) -> str | None:
    """The text without the labels that it names only to deny them beside the one that it gives; as `without_lists`.

    Returns:
        None where nothing can be left out, or a label that would be left out is named elsewhere, too.
    """
    masked, plain = _signed(text, spans)
    gone: set[str] = set()
    for _ in range(4):  # one may stand behind another: "A is wrong. B is wrong. ..."
        masked, plain, dropped = _left(_SET_OFF, masked, plain)
        gone |= dropped
    left = _signs(masked)
    return plain if gone and left and not gone & left else None


def _signed(text: str, spans: Sequence[Span]) -> tuple[str, str]:
    """The text with a sign in the place of each label, and as it is; without signs where labels are one or too many."""
    keys = sorted({key for _, _, key in spans})
    signs = list(text)
    for start, end, key in spans if 1 < len(keys) <= _MOST_SIGNS else ():
        signs[start:end] = chr(_FIRST_SIGN + keys.index(key)) * (end - start)
    return "".join(signs), text


def _left(patterns: Sequence[re.Pattern[str]], masked: str, plain: str) -> tuple[str, str, set[str]]:
    """What patterns leave of a text with signs and of the same with its labels, and the signs that are gone."""
    gone: set[str] = set()
    for pattern in patterns:
        while match := pattern.search(masked):
            begin, end = match.span("kept")
            gone |= _signs(masked[match.start() : begin] + masked[end : match.end()])
            masked, plain = (_without(line, match) for line in (masked, plain))
    return masked, plain, gone


_NOT_BUT = later(r"(?:不是|并非|並非)[^,，、。!！?？\n]{1,20}(?:[,，、]?\s*而是|[,，]\s*是(?!否))")
_AND_NOT = later(r"[,，](?:而|并)?不是[^,，、。!！?？\n]{1,20}(?=[。.!！]?\s*$)")
_INSTEAD = later(r"[^,，、。!！?？\n]{1,20}(?:ではなく(?!な)[、,]?\s*|(?:이|가) 아니라,? )")


def _without(line: str, match: re.Match[str]) -> str:
    kept, behind = line[slice(*match.span("kept"))], line[match.end() :]
    return line[: match.start()] + kept + (" " if kept[-1:].isalpha() and behind[:1].isalpha() else "") + behind


def _signs(masked: str) -> set[str]:
    return {sign for sign in masked if "\ue000" <= sign <= "\uf8ff"}
