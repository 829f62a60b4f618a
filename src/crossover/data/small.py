"""Labels that are words of any sentence ("no", "it", "A"): whether one stands there as an answer."""

from __future__ import annotations

import re

from crossover.data.apart import is_word

_OPENING = "\"'`(*[{<«‹“„‚‘「『【（《〈:="
_SMALL = re.compile(
    r"an|the|it|is|us|we|he|she|they|me|my|no|not|yes|none|or|and|on|in|at|to|of|for|by|as|be|do|go|so|if|up|all"
)  # words that stand in many a sentence
_CUE = re.compile(
    r"(?:^|[\s\"'(*])(?:is|are|be|answer|label|class|category|choose|pick|option|choice|say|says|with|(?:it|that)['’]s"
    r"|ist|est|es|è|é|lautet|definitely|clearly|certainly)\s*$|<[a-z]+>\s*$|[是为為选選は은는]\s*$",
    re.I,
)
BECAUSE = re.compile(
    r"\b(?:because|since|due to|given that|weil|denn|porque|parce que|car|потому)\b"
    r"|\b(?:reason(?:ing)?|explanation|rationale|justification|why)\b\W{0,3}:"
    r"|(?<=\u2588),? as (?:the|he|she|they|there|we|I)\b|因为|因為|由于|由於",
    re.I,
)
_IS_RIGHT = re.compile(r" is (?:the |my )?(?:most |single |only )?(?:correct|right|best|final|true)\b", re.I)
# "is" at the word that it follows, and "option"
_JOINED = re.compile(r"입니다|이다|이에요|예요|です|である|だ(?!\w)|选项|選項|項|项")


def is_small(word: str) -> bool:
    """Whether a label is a word of any sentence, or one letter."""
    return _SMALL.fullmatch(word) is not None or (len(word) == 1 and word.isalpha())


def stands_as_answer(text: str, start: int, end: int) -> bool:
    """Whether a small word stands as an answer: behind a cue, a quote or nothing, and before punctuation or nothing."""
    before, after = text[:start].rstrip(), text[end : end + 1]
    led = not before or before[-1] in _OPENING + ".!?;," or bool(_CUE.search(text[:start]))
    follows = not after or after == "\n" or not (after.isspace() or is_word(after)) or _JOINED.match(text, end)
    right = end - start == 1 and _IS_RIGHT.match(text, end)
    return led and bool(follows or right or BECAUSE.match(text[end:].lstrip()))
