"""Labels that are words of any sentence ("no", "it", "A"): whether one stands there as an answer."""

from __future__ import annotations

import re

from crossover.data.apart import is_word
from crossover.data.called import GROUNDS_WORDS
from crossover.data.pattern import later

_OPENING = "\"'`(*_[{<«‹“”„‚‘「『【（《〈:="
_SMALL = later(
    r"an|the|it|is|us|we|he|she|they|me|my|no|not|yes|none|or|and|on|in|at|to|of|for|by|as|be|do|go|so|if|up|all"
)  # words that stand in many a sentence
_ANY_SENTENCE = later(r"it|is|us|in|at|as|be|to|of|on|by|so|do|go|me|my|an|if|up|he|we|she|they|for|the")
_CUE = later(
    r"(?:^|[\s\"'(*])(?:is|are|be|answer|label|class|category|choose|pick|option|choice|say|says|with|prefer|response"
    r"|assistant|winner|(?:it|that)['’]s|(?:label|call|mark|tag|rate|grade) (?:it|this)"
    r"|ist|est|es|è|é|lautet|definitely|clearly|certainly|as|это|adalah|là|är|dirais|cevap|यह|उत्तर|هي|هو|คือ)\s*$"
    r"|(?:answer|label|class|category|option|ответ)\s*[–—-]\s*$|<[a-z]+>\s*$|[-=]>\s*$|[→✅➡☑✓]\s*$"
    r"|\n\s*$|[是为為选選は은는]\s*$",
    re.I,
)
BECAUSE = later(
    r"\b(?:because|since|due to|based on|given that|weil|denn|porque|parce que|car|потому)\b"
    rf"|\b(?:{GROUNDS_WORDS}|why)\b\W{{0,3}}:"
    r"|(?<=\u2588),? as (?:the|he|she|they|there|we|I|it)\b|因为|因為|由于|由於",
    re.I,
)
_IS_RIGHT = later(
    r" (?:is (?:clearly |the |my )?(?:most |single |only )?(?:correct|right|best|better|final|true|winner)|fits best)\b",
    re.I,
)
_WHO_DOES = later(
    r"\b(?:I|we)(?:['’](?:ll|d|ve))?(?: (?:will|would|must|can|could|should|may|might|do))?(?: (?:just|also|\w+ly))? $",
    re.I,
)
_TRANSITIVE = later(r"\b(?:label|mark|tag|rate|grade|classify|call) $", re.I)  # "I will label it"
_A_CLEAR = later(r"(?:\bis|['’]s) an? (?:clear |definite |resounding |hard |firm |solid |big |simple )?$", re.I)
_NAMES_A = later(
    r"(?:^\W*|[^\w\s]\s*|(?:answer|label|class|category|option|choice|letter|choose|pick|say) (?:is )?)$", re.I
)
_SURE_BEHIND = later(r"\s*(?:[✓✅☑]|\((?:confidence:? )?(?:(?:very )?high|\d\d+ ?%)(?: confidence)?\))")
# "is" at the word that it follows, and "option"
_JOINED = later(r"입니다|이다|이에요|예요|です|である|だ(?!\w)|的(?!\w)|选项|選項|項|项")


def is_verb(word: str, before: str) -> bool:
    """Whether a label is what somebody does or feels there: "I love this", "I'll pass", "I reject this request"."""
    if word in ("love", "hate", "fear"):
        return re.search(r"\b(?:i|we|you|they|to)(?: \w+ly)? $", before, re.I) is not None
    return not word.endswith("agree") and _WHO_DOES.search(before) is not None


def is_by_the_way(text: str, start: int, end: int) -> bool:
    """Whether a label stands there only as a small word of its sentence: "is" and "it" of "It is en"."""
    word = text[start:end]
    if word == "I":
        return re.match(r" (?!(?:is|fits|because|since|as|due|here|best|and|or)\b)[a-z]", text[end:]) is not None
    if not (_ANY_SENTENCE.fullmatch(word.casefold()) and (word.islower() or word.istitle())):
        return False
    if not (re.match(r" \w|['’]\w", text[end:]) or re.search(r"\w $", text[:start])):
        return False  # beside a sign alone: "he|she", "1. up (most likely)"
    chosen = re.search(r"(?:choose|pick|say|says|with|[\"'“‘`*(:])\s*$", text[:start], re.I)
    return not chosen and not stands_as_answer(text, start, end)


def is_small(word: str) -> bool:
    """Whether a label is a word of any sentence, or one letter."""
    return _SMALL.fullmatch(word) is not None or (len(word) == 1 and word.isalpha())


def stands_as_answer(text: str, start: int, end: int) -> bool:
    """Whether a small word stands as an answer: behind a cue, a quote or nothing, and before punctuation or nothing."""
    before, after = text[:start].rstrip(), text[end : end + 1]
    led = not before or before[-1] in _OPENING + ".!?;," or bool(_CUE.search(text[:start]))
    follows = bool(not after or after == "\n" or not (after.isspace() or is_word(after)) or _JOINED.match(text, end))
    if text[start:end] == "it" and _TRANSITIVE.search(text[:start]):
        return False
    if text[start:end] == "a" and not _NAMES_A.search(text[:start]):
        return False  # "It is a", cut off
    if end - start == 1 and text[start].isupper():
        led = True  # its clause says so, or it does not
    if text[start:end].casefold() in ("yes", "no") and _A_CLEAR.search(text[:start]):
        led = True
    follows = follows or bool(_SURE_BEHIND.match(text, end)) or not re.search(r"[\w+#−–-]", text[end:])
    right = end - start == 1 and _IS_RIGHT.match(text, end)
    return led and bool(follows or right or BECAUSE.match(text[end:].lstrip()))
