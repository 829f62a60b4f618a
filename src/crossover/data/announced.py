"""The last sentence of a reply, where it announces the answer behind whatever was said before; and forms only shown."""

from __future__ import annotations

import re

from crossover.data.called import BEST_WORDS, LABEL_WORDS, LABEL_WORDS_ABROAD, TEXT_WORDS
from crossover.data.cited import is_cited
from crossover.data.doubt import unsure
from crossover.data.pattern import later

_ASKED_FOR = f"(?:{LABEL_WORDS}|{LABEL_WORDS_ABROAD}|rating|score)"
_IS = r"(?:[*_\"]*\s*[:：=][*_\"]*|[*_\"]* (?:is|ist|lautet|est|es|é|è)\b:?)"
_LED_IN = r"(?:(?:so|therefore|thus|hence|overall|finally|in (?:conclusion|summary|short)),? )?"
_BEST_OF = rf"(?:(?:the|my|die|das|la|a|het) )?(?:(?:{BEST_WORDS}|richtige|bonne|juiste) )?"
_OF = r"(?: (?:for|of|to|in) (?:the|this) (?:given )?\w+)?"
_ANNOUNCES = later(
    r"(?:^|\n|[.!?]\s+|, (?:so|but|hence|therefore|thus) |\b(?:although|though|while|whereas) [^.!?\n]{1,200}, )"
    rf"[\s#>*_-]*{_LED_IN}(?P<said>{_BEST_OF}{_ASKED_FOR}{_OF}{_IS})(?=\s*\S)"
    r"|\b(?:may|might|could|can|seems?|looks?|sounds?|appears?|at first)\b[^.!?\n]{1,100}, but (?P<yet>(?:it|this"
    r"|that)(?: is|['’]s) )"
    r"|(?:^|[\n。，])\s*(?P<unspaced>(?:因此|所以)?(?:，)?(?:正确|最终)?答案(?:是|：|:)|答えは|正解は|(?:정답|답)은 )"
    rf"|(?:^|\n)[ \t]*(?P<heading>(?:#{{1,6}} ?|\*\*)\**(?:(?:{BEST_WORDS}) )?(?:{LABEL_WORDS})\**:?\**[ \t]*\n+)(?=\s*\S)"
    r"|(?:^|\n|[.!?]\s+)[\s#>*_-]*(?P<other>(?:правильный )?ответ ?[:—]|الإجابة(?: هي|:)|(?:सही )?उत्तर ?:)",
    re.I,
)
_GOES_ON = later(r"\n\s*\S|[.!?。]\s+\S")
_CONDITION = later(r"\b(?:if|unless|when|whether|assuming|suppose|wenn|falls|si)\b", re.I)
_HEADED_ITEM = later(rf"^\W*(?:{TEXT_WORDS}|q)\W{{0,3}}:", re.I | re.M)
_HEADING = later(  # of an answer that was, or that is wrong
    r".*\b(?:rejected|discarded|withdrawn|retracted|deleted|superseded|wrong|bad|incorrect|old|former|previous|not|never"
    r"|examples?|samples?|first|second|alternative|draft)\b.*",
    re.I | re.S,
)
_TASK = later(
    r"\W*(?:classify|choose|decide|determine|read|label|select|pick|which|what|options|labels|answer|given)\b", re.I
)
# what asks for a text, or heads an example: behind it a form is shown and nothing answered
_SHOWS = later(
    r"\b(?:for example|e\.g\.|(?<!for the )(?<!of the )example(?: \w+)?)\s*[:,]?\s*\n"
    r"|\b(?:will|would|should) look like\b|\bformat (?:is|would be)\b"
    r"|\bplease (?:provide|send|share|paste|enter|give me)\b"
    r"|\b(?:send|share|provide|paste|give) (?:me )?(?:the|your|a) (?:text|message|review|sentence|input|passage"
    r"|document)\b",
    re.I,
)


def announced(text: str) -> tuple[str, str] | None:
    """What stands before the one announcement that ends a reply, and the announcement; None without one, or where what is
    before it leaves doubt that it is the answer to what was asked."""
    found = list(_ANNOUNCES.finditer(text))
    if len(found) != 1:
        return None
    at = max(found[0].start(name) for name in ("said", "yet", "unspaced", "other", "heading"))
    before, said = text[:at], text[at:].strip()
    below = text[found[0].end() :].strip(" *_\n")
    sentence = re.split(r"[.!?\n]\s", before.rstrip(" *_#>-\n"))[-1]
    if _GOES_ON.search(below) or not re.search(r"\w", before) or unsure(before) or _CONDITION.search(sentence):
        return None
    if shows(before) or is_cited(before, below) or sentence.rstrip(" *_\n").endswith(":"):
        return None
    if (heading := _HEADING.fullmatch(sentence)) and len(heading[0].split()) < 4:
        return None
    item = _HEADED_ITEM.search(before)
    return None if item and item.start() > 0 and not _TASK.match(before) else (before, said)


def shows(before: str) -> bool:
    """Whether what stands before a label asks for a text, or heads an example."""
    return _SHOWS.search(before) is not None
