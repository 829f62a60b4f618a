"""Whether a reply cites a label from the text that it is about, and gives none itself: 'The text says: "It is spam."'."""

from __future__ import annotations

import re

from crossover.data.called import TEXT_WORDS
from crossover.data.pattern import later
from crossover.data.stating import is_known, pieces

NEAR = 1000  # letters before a quote in which its head stands
_CITING = (('"', '"'), ("“", "”"), ("„", "“”"), ("«", "»"), ("»", "«"), ("「", "」"), ("『", "』"), ("‘", "’"))
_WHOSE = r"(?:(?:the|this|that|your|my|his|her|their) )?(?:\w+ )?"
_WHO = rf"(?:{_WHOSE}(?:{TEXT_WORDS}|instructions?|prompt|subject(?: line)?|body|link)|it|he|she|they)"
_CITES_BY = (
    r"(?:(?:\w+ly|also|even|then|just) )?(?:says?|said|states?|stated|reads?|writes?|wrote|claims?|claimed|asserts?"
    r"|declares?|insists?|contains?|includes?|quotes?|mentions?|demands?|instructs?|tells?|told|asks?"
    r"|(?:ends?|begins?|starts?|opens?|closes?)(?: with)?)"
    r"(?: (?:that|as follows|to|me|us|you|the (?:words?|sentence|line|phrase|instructions?|text|statement)))*"
)
_CITES_ABROAD = (
    r"(?:(?:der|die|le|la|el|il|lo|o|a|de|het) )?(?:text|nachricht|texte|message|mensaje|texto|testo|messaggio|mensagem"
    r"|tekst|bericht|autor|auteur|autore) (?:sagt|schreibt|dit|écrit|indique|dice|escribe|scrive|diz|escreve|zegt"
    r"|schrijft|pisze|mówi)|(?:текст|сообщение|автор) (?:гласит|говорит|пишет)|(?:文本|文章|消息|邮件|短信)(?:说|說|写道)"
)
_HEADS_TEXT = (
    r"(?:^|\n|[.!?] )(?:[^\S\n]|[#>*_-])*(?:(?:the|this|your) )?"
    r"(?:text|message|sms|e[- ]?mail|tweet|post|review|input|passage"
    r"|document|article|quote|citation|sender|customer|user|author)"
)
# what cites ends in a colon, and the first clause behind it is cited, on the same line or on the next
_CITES = later(
    rf"(?:\b(?:{_WHO} {_CITES_BY}|{_CITES_ABROAD}|in (?:the|this) (?:{TEXT_WORDS}) (?:stands|it says))|{_HEADS_TEXT})"
    r"[*_]*\s*[:：][\"“„«»'>*_\s]*+[^\n.!?,;\"”»]*\Z",
    re.I,
)


def is_cited(before: str, behind: str) -> bool:
    """Whether a label with these texts around it stands in what is cited."""
    if _CITES.search(before):
        return True
    for opens, closes in _CITING:
        at = before.rfind(opens)
        is_open = before.count(opens) % 2 == 1 if opens == closes else at > max(map(before.rfind, closes))
        if at > 0 and is_open and any(sign in behind for sign in closes) and re.search(r"\w", before[at:]):
            head = pieces(before[max(0, at - NEAR) : at])
            return bool(head) and not is_known(head[-1])
    return False
