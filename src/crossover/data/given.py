"""The answer in a reply of a known form: a JSON object with a field for it, or a first line with its explanation below."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from crossover.data.announced import shows
from crossover.data.called import BEST_WORDS, GROUNDS_WORDS, LABEL_WORDS, LABEL_WORDS_ABROAD, TEXT_WORDS
from crossover.data.doubt import LABEL, unsure
from crossover.data.pattern import later
from crossover.data.small import is_small

_ANSWER_FIELD = later(rf"(?:(?:{BEST_WORDS})[ _-]?)?(?:{LABEL_WORDS})", re.I)
FENCE = later(r"```[\w+#.-]*\s*\n(.*?)```", re.S)  # what stands in it, with the white space at its end

# a field for the answer that holds nothing, and one on a line of its own with something else, above its grounds
_NO_ANSWER = r"(?:null|undefined|nil|none|n/?a|\?+|-+|–|—|\.{3}|…|\[\]|\{\})"
_GIVEN_FIELD = later(
    rf"(?:^|[\n,;{{|>])(?:[^\S\n]|[#<*_\"'-])*"  # no sign that may begin it: a long run is begun at once
    rf"(?:the |my )?(?:(?:{BEST_WORDS}) )?(?:{LABEL_WORDS})[\"'*_]*\s*[:：=>][ \t*_\"'`(]*"
    rf"(?:(?P<held>{_NO_ANSWER})[ \t*_\"'`).]*(?=[,;\n}}<|]|$)"
    rf"|(?P<below>\n[\s#>*_-]*(?:{GROUNDS_WORDS})[*_]*\s*[:：]|</))?",
    re.I,
)
_SOMETHING_ELSE = later(
    rf"^[\s#>*_-]*(?:the |my )?(?:(?:{BEST_WORDS}) )?(?:{LABEL_WORDS})[*_]*\s*[:：=][ \t*_\"'`]*"
    rf"(?P<held>(?!see\b)[^\W_]+(?:[ _-][^\W_]+)?)[ \t*_\"'`.]*\n[\s#>*_-]*(?:{GROUNDS_WORDS})[*_]*\s*[:：]",
    re.I,
)
_ROLE = later(
    r"^\s*(?:<\|(?:im_start\|>)?assistant(?:\|>)?|<start_of_turn>model|\[/INST\]"
    r"|[#*\s]{0,6}(?:assistant|response|model)[*\s]*[:：][*]*)\s*",
    re.I,
)
# a heading of grounds on a line of its own, what names a label in front of one, and what would name another at the end
_EXPLAINED = later(rf"\n[ \t#>*_-]*(?:{GROUNDS_WORDS})[*_]*\s*[:：]", re.I)
_NAMED_FIRST = later(
    rf"^[ \t#>*_-]*(?:the |my )?(?:(?:{BEST_WORDS}) )?(?:{LABEL_WORDS}|{LABEL_WORDS_ABROAD})[*_]*\s*[:：=]", re.I
)
# prose behind an answer tells of the text, and leaves nothing open
_OF_THE_TEXT = later(rf"(?:the|this) (?:{TEXT_WORDS})\b", re.I)
_LINE_ENDS = later(r"\n+(?=[^\W\d_a-z])")
_SENTENCE_ENDS = later(r"(?<=\w\w[.!:])[*_\"]*\s+(?=[^\W\d_a-z])|(?<=\w[.!:][*_\"])[*_\"]*\s+(?=[^\W\d_a-z])")
_TURNS = later(
    r"\b(?:wrong|incorrect|mistake\w*|misread|reconsider\w*|correction|rather|thoughts?|joking|kidding|anything|nothing"
    r"|doubts?|doubtful|elsewhere|ambiguous|unclear"
    r"|but|however|may"
    r"|might|could|would|should|if|unless|other|opposite|also|labels?|category|class|answer|options?|choice|above|below"
    r"|apply|applies"
    r"|rejected|avoid\w*|call\w*|say so|so)\b|(?:\bnot|n['’]t)\W*$"
    rf"|^\W*(?:{TEXT_WORDS}|q|assistant)\W{{0,3}}:",
    re.I | re.M,
)
_FINALLY = later(
    rf"\b(?:final|actual|correct(?:ed)?|revised|updated|true|new)\b[^.\n]{{0,20}}\b(?:{LABEL_WORDS})\b"
    rf"|\n[ \t#>*_-]*(?:{LABEL_WORDS})[*_]*\s*[:=]|\b(?:so|therefore|thus|hence|instead|actually|however)\b",
    re.I,
)
# words around an object that say that it is a form, not the answer, or not right
_IF_ASKED = r"(?:if|once|when|after) you (?:send|share|provide|paste|give)\b"
_HEADS_FORM = later(
    r"\b(?:an?|bad|wrong) (?:\w+ )?(?:example|sample|template)\b|\bfor example\b"
    r"|(?:^|\n|here(?: is|['’]s) (?:the|my|your) )\W*(?:\w+ )?(?:example|sample|template)(?: \w+)?\W*$"
    rf"|\b(?:like this\W*$|(?:is|was|be)(?: not|n['’]t) (?:this|it|the)\b|{_IF_ASKED})",
    re.I,
)
_WAS_FORM = later(
    r"\b(?:(?:just |only )?an? (?:example|sample|template|placeholder)|wrong|incorrect|mistake\w*|misread|reconsider\w*"
    rf"|rejected|instead|{_IF_ASKED}|please (?:send|share|provide|paste))\b",
    re.I,
)
# a sentence that tells of the text, with faults in it that are none of the answer: "The customer got the wrong item."
_FAULTY = r"\b(?:wrong|incorrect|mistake\w*|rejected|instead(?= of (?!it\b|that\b|this\b)))\b"
_TELLS_OF_TEXT = later(
    rf"(?:(?:(?!{_FAULTY}).){{0,200}}?\b(?:because|since|as) )?\W*(?:it (?:mentions|describes|reports|contains|concerns"
    rf"|is about)|(?:he|she|they) (?:got|received|reports?|wants?|asks?|(?:was|were)(?! (?:\w+ )?{_FAULTY}))"
    rf"|(?:the|this|an?|their|his|her) (?!(?:\w+ )?(?:{LABEL_WORDS}|json|object|format|code|block|field|model|response"
    r"|reply|above|opposite|other|first|second|former|latter|last|whole|entire|right|correct|true|actual|real|best|proper"
    r"|one|guess|error|mistake)\b|(?:is|was|has|had|seems|should|must|may|might|would|could)\b)"
    rf"(?!(?:{TEXT_WORDS})(?:['’]s)? (?:is|was|seems?|looks?|reads?)(?: (?:\w+ly|just|quite|plain|so)){{0,2}} {_FAULTY})"
    rf"[^\W\d]+)\b(?:(?!\b(?:{LABEL_WORDS}|label\w*|classif\w*|categor\w*|answer\w*|assign\w*|above)\b).)*",
    re.I,
)
_DEGREES = ("rating", "score", "stars", "grade", "level")  # the answer where no other field is called one
_FAULTS = later(_FAULTY, re.I)
# what says of the label behind it that it is so
_SAYS_SO = (
    r"\b(?:is|are|was|be|as|to|seems?|sounds?|looks?|feels?|reads?|finds? it|deserves?) "
    r"(?:(?:an?|the|in|best|seen|as|more|rather|clearly|quite|really|very|likely|probably|to|be|like) ){0,4}"
)
_GIVES = "supports?|gets?|got|labell?ed|says?|shows?|means?|meant|suggests?|indicates?|express(?:es)?|conveys?|implies"
# verbs of a text that say nothing of its label
_NAMES_IT = "mentions|contains|includes|avoids|lacks|uses|quotes|denies|excludes|rejects|contradicts|is|was|has|does"


def in_object(reply: str) -> tuple[str, str] | None:
    """The text of the one field that is called an answer, where a reply is an object, in a code fence or behind some words
    that introduce it, and what stands behind it; None for any other reply, and where several fields are."""
    fenced = list(FENCE.finditer(reply))
    text = fenced[0][1].strip() if len(fenced) == 1 else reply.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    if len(fenced) == 1 and _only_shown(reply[: fenced[0].start()], reply[fenced[0].end() :]):
        return "", ""
    try:
        # a field that stands twice is two, and a number is what is written
        pairs = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    fields = [(name, held) for name, held in pairs if _ANSWER_FIELD.fullmatch(name.removesuffix("s"))]
    if not fields:
        fields = [(name, held) for name, held in pairs if name.casefold() in _DEGREES]
    # beside the answer a list of several may hold what can be chosen: {"options": ["spam", "ham"], "label": "ham"}
    one = [held for name, held in fields if not (name.endswith("s") and isinstance(held, list) and len(held) > 1)]
    found = one or [held for _, held in fields]
    if len(found) == 1 and isinstance(found[0], list) and len(found[0]) == 1:
        found = found[0]  # {"labels": ["spam"]}
    behind = reply[fenced[0].end() :] if len(fenced) == 1 else ""
    if len(found) == 1 and isinstance(found[0], bool):
        return str(found[0]).lower(), behind
    return (found[0], behind) if len(found) == 1 and isinstance(found[0], str) else None


def _only_shown(before: str, behind: str) -> bool:
    """Whether what stands around an object shows a form, or takes back what is in it."""
    if shows(before) or _HEADS_FORM.search(before):
        return True
    return unsure(f"{LABEL}. {behind}") or (
        _EXPLAINED.match(f"\n{behind.lstrip()}") is None and bool(_WAS_FORM.search(_without_faults(behind)))
    )


def _without_faults(text: str) -> str:
    """A text without the faults that its sentences tell of what was asked about."""
    return re.sub(r"[^.!?\n]+", lambda one: _FAULTS.sub("", one[0]) if _TELLS_OF_TEXT.fullmatch(one[0]) else one[0], text)


def gives_nothing(reply: str, labels: Collection[str]) -> bool:
    """Whether what a reply calls its answer is nothing, or none of these (case-folded): "Label: null", '{"label": null}'.
    A label in its grounds is then none that it gives."""
    fields = list(_GIVEN_FIELD.finditer(reply))
    held = [(field["held"] or "").casefold() for field in fields]
    if fields and all((text and text not in labels) or field["below"] for text, field in zip(held, fields, strict=True)):
        return True
    if len(fields) != 1 or not (other := _SOMETHING_ELSE.match(reply)):
        return False
    return not any(_unsigned(label) in _unsigned(other["held"].casefold()) for label in labels)


def _unsigned(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text)


def without_role(reply: str, labels: Collection[str]) -> str:
    """A reply without the role that it was begun with, as of a chat: "### Response:", "Assistant:", "<|assistant|>"; where
    labels name roles, it may be one of them."""
    named = any(label.casefold() in ("assistant", "response", "model") for label in labels)
    return reply if named else _ROLE.sub("", reply, count=1)


def headed(text: str) -> tuple[str, str, str]:
    """A first line or sentence, what it names as the answer, and what is below it, where that is headed as its explanation
    or tells of the text, and nothing takes it back; else three times ""."""
    split = _EXPLAINED.search(text) or _prose(text)
    if split is None or _FINALLY.search(text, split.end()) or unsure(f"{LABEL}. {text[split.end() :]}"):
        return "", "", ""
    head = text[: split.start()].strip()
    named = _NAMED_FIRST.sub("", head, count=1).strip(" \t*_")
    return ("", "", "") if "\n" in head else (head, named, text[split.end() :])


def says_so(label: str, text: str) -> bool:
    """Whether a text says of a label anywhere that it is so, or heads a line with it: "This text belongs to spam"."""
    name = rf"(?<!\w){re.escape(label)}(?!\w)"
    if is_small(label):  # "There is no link in it." says no "no"
        return re.search(rf"\b(?:is|be) [\"'*]*{re.escape(label)}[\"'*]*(?:[.!,;]|\s*$)", text) is not None
    ends = r"(?=[*_\"]*\s*(?:[.,;!?]|$))"  # "shows negative.", and not "shows negative words"
    so = rf"{_SAYS_SO}{name}|\b(?:{_GIVES}) {name}{ends}"
    so += rf"|\b(?:{TEXT_WORDS}) (?!(?:{_NAMES_IT})\b)\w+s {name}{ends}"  # "The text screams ham."
    so += rf"|{name} (?:is (?:right|correct|true)|instead)\b|(?:^|[.!?\n])\W*{name}[*_\"]*\s*[:：–—=-]"
    return re.search(so, text, re.I) is not None


def _prose(text: str) -> re.Match[str] | None:
    """Where a first line or sentence ends behind which nothing but sentences that tell of the text stand, of which none
    takes back what was said."""
    for split in filter(None, (_LINE_ENDS.search(text), _SENTENCE_ENDS.search(text))):
        head, rest = text[: split.start()].strip(" \n*_"), text[split.end() :]
        open_still = head.endswith(("?", "？")) or (head.endswith(":") and "\n" in split[0])
        lines = [line for line in rest.splitlines() if line.strip()]
        if "\n" in head or open_still or not _OF_THE_TEXT.match(rest) or _TURNS.search(_without_faults(rest)):
            continue
        if all(len(line.split()) > 3 for line in lines):
            return split
    return None
