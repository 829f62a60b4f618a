"""Whether a yes or a no is polite and no answer ("Yes, I can do that", "No, I cannot help"), or opens a reply and is."""

from __future__ import annotations

import re

from crossover.data.called import LABEL_WORDS
from crossover.data.pattern import later

_POLITE_WORD = later(r"yes|no|yeah|sure|okay|ok|ja|oui|sí|sim")
_POLITE = later(
    r"[\"'”’*`)]*[,.!:;–— -]+(?:I (?:can|could|understand|see|will|have (?:read|understood|received)|am (?:happy|glad"
    r"|able|ready))\b"
    r"|I['’](?:ll|m (?:happy|glad|able|ready|unable|not able))\b|I am (?:unable|not able)\b"
    r"|(?:I['’]?a?m sorry,? (?:but )?)?I (?:can(?:not|['’]t)|won['’]t|will not) (?:help|assist|answer|comply|provide"
    r"|classify|process|do)\b|(?:please(?=\W*$| (?:share|send|provide|paste"
    r"|give|enter|tell|type|show|specify|upload|attach|wait)\b)|got it\b|understood\b|go (?:on|ahead)|tell|ask|send"
    r"|show|what|sure|thanks"
    r"|thank you|happy to|glad to|let me)\b|it is possible to\b"
    rf"|here(?: is|['’]s) (?:the|my|your) (?:{LABEL_WORDS})|the (?:{LABEL_WORDS}) is\b)",
    re.I,
)
# the question that ends a reply and asks for no answer to it
_OFFER = later(
    r"(?:(?<=[.!?*_)\"'”’])\s+|\n\s*)"
    r"(?:(?:(?:is|are) there any|do you (?:have|need)|(?:do you|did you) want|would you like"
    r"|(?:can|may|shall|could|should) I|how (?:else )?(?:can|may) I)\b"
    r"[^.!?\n]{0,60}\b(?:help|assist|explain|elaborate|continue|questions?|further|more)"
    r"|(?:is there )?(?:anything|something|what) else(?= (?:I|you|we|that (?:I|you|we))\b|\?))\b[^.!?\n]{0,60}\?\W*$",
    re.I,
)
# a yes whose tag says no, or the other way round: "Yes, it does not.", "No, it is."
_TAG = (
    r"[\"'”’*_`)]*[,.!;–—\s-]+(?:it|this|that|he|she|they|there|i|we|you) "
    r"(?:is|are|was|were|do|does|did|has|have|can|could|will|would|should)"
)
_AFFIRMED, _DENIED = (
    later(rf"{_TAG}[.!\s]*$", re.I),
    later(rf"(?:{_TAG} not|{_TAG}n['’]t|\W+(?:das|es|sie|er) (?:ist|tut|hat|kann)(?: es| das)? nicht)[.!\s]*$", re.I),
)
# a yes or a no that opens a reply is the answer, whatever is said of it, but where that is taken back
_LEADING = later(
    r"yes|no|ja|nein|oui|non|sí|sim|да|нет|nee|nej|evet|hayır|是|否|对|错|對|錯|はい|いいえ|네|예|아니요|نعم|لا|हाँ|नहीं"
)
_APART_FROM = later(r"[\"'”’*_`)]*(?:[,;:.!–—\n]|\s-+\s|\s(?:it|he|she|they|this|that|we|you)\b|\s*$)", re.I)
# what leaves open what a yes or a no in front of it says: nobody can tell, too little is told, it is not sure
_TELL = (
    r"(?:answer\w*|say|said|tell|told|know\w*|judged?|decided?|determined?|assess\w*|classif\w+|verif\w+|sagen"
    r"|wissen|beurteil\w+|beantwort\w+|entscheid\w+|entschieden|bestimm\w+|feststell\w+|dire|savoir|répondre|juger|décider"
    r"|decir|saber|responder|juzgar|dizer|julgar|decidir|rispondere|sapere)"
)
_LITTLE = r"(?:information\w*|info|context\w*|details?|data|text|kontext|angaben|informationen|contexte|contexto|contesto)"
_IT_IS = r"(?:^\W*(?:but |though |although )?|\b(?:I am|I['’]m|we are|we['’]re|(?:it|that|this)(?: is| was|['’]s)) )not"
_ES_IST = (
    r"(?:^\W*(?:\w+,? )?|\b(?:(?:es|das) ist|bin(?: mir)?(?: \w+)?|ce n['’]est|ne suis|het is|dat is|det (?:är|er)|é|è) )"
)
_OPEN_STILL = later(
    rf"\b(?:no|any) (?:way|means|basis|chance)\b[^.!?\n]{{0,40}}\b{_TELL}\b"
    rf"|(?:\b(?:not|no)|n['’]t) enough (?:(?:\w+ )?{_LITTLE}\b|to {_TELL})"
    rf"|\b(?:insufficient|too little|lack of|zu wenig|trop peu|muy poc[oa]|poc[oa]) (?:further |more )?{_LITTLE}\b"
    rf"|(?:^\W*|\b(?:there(?: is|['’]s| are)|es gibt) )(?:no|keine) (?:further |more )?{_LITTLE}(?=\W*$"
    r"| (?:to|given|available)\b)"
    rf"|\btoo (?:short|vague|brief|little|unclear|ambiguous|sparse|few|incomplete)\b[^.!?\n]{{0,40}}\b{_TELL}\b(?! as\b)"
    rf"|\b(?:can(?:not|['’]t| not)|could(?: not|n['’]t)|impossible|(?<!not )(?:hard|difficult))\b"
    rf"[^.!?,;\n]{{0,20}}\b(?:be|to)\b[^.!?,;\n]{{0,20}}\b{_TELL}\b"
    rf"|(?:{_IT_IS}|\b(?:it|that|this) isn['’]t) (?:\w+ ){{0,2}}(?:sure|certain|clear)\b(?! to\b)"
    rf"|{_ES_IST}(?:nicht|pas|no|não|nao|non|niet|inte|ikke) (?:\w+ ){{0,2}}(?:sicher|klar|gewiss|sûre?|certaine?"
    r"|clair|segur[oa]|cert[oa]|clar[oa]|sicur[oa]|chiar[oa]|certeza|zeker|duidelijk|säker|sikker)\b"
    rf"|\b(?:(?:kann|könnte) (?:ich|man)|(?:ich|man) (?:kann|könnte)|(?:lässt|lassen) sich)\b[^.!?\n]{{0,40}}\bnicht\b"
    rf"[^.!?\n]{{0,20}}\b{_TELL}\b"
    rf"|\b(?:dazu reich(?:t|en)|(?:text|{_LITTLE}) reich(?:t|en))\b[^.!?\n]{{0,60}}\bnicht\b"
    rf"|\bnicht (?:genug|genügend|ausreichend\w*) {_LITTLE}\b|\bpas assez (?:de |d['’]){_LITTLE}"
    r"|\bno hay suficiente"
    r"|\bnão há (?:informaç\w+ )?suficiente|\bnon c'è abbastanza|\bweiß (?:es |ich |das )?(?:es )?nicht\b|\bsais pas\b"
    rf"|\b(?:ne|n['’])\s?(?:peu[tx]|pouvons) pas\b[^.!?\n]{{0,20}}\b{_TELL}\b|\bimpossible (?:de|à)\b"
    rf"|\b(?:no|não|non) (?:lo )?(?:puedo|se puede|podemos|posso|se pode|dá para|há como"
    rf"|si può)\b[^.!?\n]{{0,20}}\b{_TELL}\b",
    re.I,
)
_YES = later(r"yes|ja|oui|sí|sim")
_DENIES_YES = later(
    r"\W*(?:(?:but|aber|mais|pero|um|well),? )?(?:(?:absolutely|definitely|certainly|surely|clearly|of course|maybe"
    r"|probably) "
    r"not\W*$|by no means\b|under no circumstances\b|far from it\b|(?:(?:quite )?the )?opposite\b(?! of \w{3,} is)"
    r"|doch nicht\b"
    r"|(?:except|only)(?: that)? (?:it|this|that|he|she|they)(?: (?:is|was|does|do|did) not|\w*n['’]t| \w+n['’]t)\b"
    r"|I have (?:my )?doubts\b|I['’]m not (?:so |really )?(?:convinced|sure)|hmm+\b|不对|不對|错\W|I (?:do not"
    r"|don['’]?t) (?:\w+ )?(?:think|believe|agree)\b|not (?:really|quite"
    r"|exactly|at all|entirely|so|in|even|yet)\b|not\W*$|nicht (?:wirklich|ganz|so)\b|pas (?:vraiment|du tout)\b"
    r"|no (?:realmente|mucho)\b"
    r"|(?:das )?glaube ich nicht\b|ich glaube (?:es )?nicht\b|je ne (?:crois|pense) pas\b|no (?:lo )?creo\b)",
    re.I,
)


def withholds(word: str, behind: str) -> bool:
    """Whether what stands behind a yes or a no that opens a reply leaves open what is so, or denies the yes."""
    return _OPEN_STILL.search(behind) is not None or bool(_YES.fullmatch(word) and _DENIES_YES.match(behind))


def without_offer(text: str) -> str:
    """A text without the question that ends it to offer more: "Is there anything else I can help with?"."""
    return _OFFER.sub("", text)


def is_polite(word: str, text: str, start: int, end: int) -> bool:
    """Whether a word that stands there in a text is no answer, but polite, or taken back by its own tag."""
    if _LEADING.fullmatch(word) and (_AFFIRMED if word in ("no", "nein", "non") else _DENIED).match(text, end):
        return True
    begins = not re.search(r"[\w:][^\w:.!?,\n]*$", text[:start])
    return begins and _POLITE_WORD.fullmatch(word) is not None and _POLITE.match(text, end) is not None


def opens(word: str, before: str, behind: str) -> bool:
    """Whether a word is a yes or a no that opens a reply, and stands apart from what follows."""
    return bool(_LEADING.fullmatch(word) and not re.search(r"\w", before) and _APART_FROM.match(behind))
