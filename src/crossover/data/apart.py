"""Whether what looks like a label stands in a text as words of its own: not inside a word, a number or a name."""

from __future__ import annotations

import re
import unicodedata

from crossover.data.pattern import later

# scripts that are written without spaces
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
_WITHOUT_SPACES = later(f"[{UNSPACED}]")
_COPULA = later("(?<![不没沒非未无無])(?:是|为|為|属于|屬於|非常|很|十分|は|を|が|：|(?<!ไม่)คือ|(?<!ไม่)เป็น)$")
_BEHIND = later(r"です|でした|である|と思います|だ(?!け)|的(?!\w)|に分類され|[类類](?!\w)|ครับ|ค่ะ")
_KOREAN = later("(?:입니다|이다|이에요|예요)(?!만)")  # "is", written at the word that it follows
# what makes another number of a number, before it and behind it: "1–2", "1 %", "1 000"
_LESS = later(r"[−‒–]$|\bminus $", re.I)
_NEAR = 9  # letters before a label that say so
_MORE = later(r"\s?[%‰]|[−‒–]\d|[ \u00a0\u202f]\d{3}(?!\d)")


def is_word(letter: str) -> bool:
    return letter != "" and unicodedata.category(letter)[0] in "LMN"


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a span is not part of a longer word, number or name."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and before == after and before in "*_~":
        return True
    return _free_before(text, start, end, before) and _free_behind(text, start, end, after)


def _free_before(text: str, start: int, end: int, before: str) -> bool:
    beyond, first = text[start - 2 : start - 1] if start > 1 else "", text[start]
    if is_word(before):
        if not _WITHOUT_SPACES.match(before):
            return False
        if before + first == "是否":  # "whether"
            return False
        return not _WITHOUT_SPACES.match(first) or bool(_COPULA.search(text, max(0, start - _NEAR), start))
    if before in ("*", "~"):
        return text.count(before) % 2 == 0
    if before in ("'", "’", ".", "#"):
        return not (is_word(beyond) or (before == "#" and first.isdigit()))  # "#4" numbers something
    if before == "-":
        return not is_word(beyond) and beyond != "-" and first.isalpha()
    if before in (":", "=", ","):
        return not (beyond.isdigit() and first.isdigit())
    if before == "!":  # "!spam"
        return is_word(beyond)
    if first.isdigit() and _LESS.search(text, max(0, start - _NEAR), start):
        return False
    return before not in tuple("_+/\\@&$€£¥%°^¬≠≈")


def _free_behind(text: str, start: int, end: int, after: str) -> bool:
    beyond, last = text[end + 1 : end + 2], text[end - 1]
    if is_word(after):
        if not _WITHOUT_SPACES.match(after):
            return bool(_KOREAN.match(text, end))
        return not _WITHOUT_SPACES.match(last) or bool(_BEHIND.match(text, end))
    if after in ("*", "~"):
        return text.count(after) % 2 == 0
    if after in ("'", "’", ".", ",", ":"):
        return not is_word(beyond) or (after in ",:" and _WITHOUT_SPACES.match(beyond) is not None)  # "，因为"
    if last.isdigit() and _MORE.match(text, end):
        return False
    return after not in tuple("_-+#/\\@&$€£¥%°^=")
