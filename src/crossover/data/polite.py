"""Whether a yes or a no is polite and no answer ("Yes, I can do that", "No, I cannot help"), or opens a reply and is."""

from __future__ import annotations

import re

_POLITE_WORD = re.compile(r"yes|no|yeah|sure|okay|ok|ja|oui|sí|sim")
_POLITE = re.compile(
    r"[\"'”’*`)]*[,.!:;–— -]+(?:I (?:can|could|understand|see|will|have (?:read|understood|received)|am (?:happy|glad"
    r"|able|ready))\b"
    r"|I['’](?:ll|m (?:happy|glad|able|ready|unable|not able))\b|I am (?:unable|not able)\b"
    r"|(?:I['’]?a?m sorry,? (?:but )?)?I (?:can(?:not|['’]t)|won['’]t|will not) (?:help|assist|answer|comply|provide"
    r"|classify|process|do)\b|(?:please(?=\W*$)|go (?:on|ahead)|tell|ask|send|show|what|sure|thanks"
    r"|thank you|happy to|glad to|let me)\b|it is possible to\b"
    r"|here(?: is|['’]s) (?:the|my|your) (?:label|answer|classification|result|output)|the (?:label|answer|category) is\b)",
    re.I,
)
# a yes whose tag says no, or the other way round: "Yes, it does not.", "No, it is."
_TAG = (
    r"[\"'”’*_`)]*[,.!;–—\s-]+(?:it|this|that|he|she|they|there|i|we|you) "
    r"(?:is|are|was|were|do|does|did|has|have|can|could|will|would|should)"
)
_AFFIRMED, _DENIED = (
    re.compile(rf"{_TAG}[.!\s]*$", re.I),
    re.compile(rf"(?:{_TAG} not|{_TAG}n['’]t|\W+(?:das|es|sie|er) (?:ist|tut|hat|kann)(?: es| das)? nicht)[.!\s]*$", re.I),
)
# a yes or a no that opens a reply is the answer, whatever is said of it, but where that is taken back
_LEADING = re.compile(
    r"yes|no|ja|nein|oui|non|sí|sim|да|нет|nee|nej|evet|hayır|是|否|对|错|對|錯|はい|いいえ|네|예|아니요|نعم|لا|हाँ|नहीं"
)
_APART_FROM = re.compile(r"[\"'”’*_`)]*(?:[,;:.!–—\n]|\s-+\s|\s(?:it|he|she|they|this|that|we|you)\b|\s*$)", re.I)


def is_polite(word: str, text: str, end: int) -> bool:
    """Whether a word that ends there in a text is no answer, but polite, or taken back by its own tag."""
    if _LEADING.fullmatch(word) and (_AFFIRMED if word in ("no", "nein", "non") else _DENIED).match(text, end):
        return True
    return _POLITE_WORD.fullmatch(word) is not None and _POLITE.match(text, end) is not None


def opens(word: str, before: str, behind: str) -> bool:
    """Whether a word is a yes or a no that opens a reply, and stands apart from what follows."""
    return bool(_LEADING.fullmatch(word) and not re.search(r"\w", before) and _APART_FROM.match(behind))
