"""Whether a label that a reply mentions is said to be so, as far as the words around it can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossover.data.called import BEST_WORDS, LABEL_WORDS, TEXT_WORDS
from crossover.data.cited import is_cited
from crossover.data.codes import begins_list, counts
from crossover.data.doubt import LABEL, doubted, hesitant, unsure
from crossover.data.pattern import later
from crossover.data.polite import is_polite, opens, withholds
from crossover.data.reasons import EXPLAINS, GROUNDS_FIRST, SO_IT_IS, takes_back, tells, without_reason
from crossover.data.small import BECAUSE, is_small, is_verb, stands_as_answer
from crossover.data.stating import is_known, is_of_another, is_remark, is_topic_of_talk, states

PAIR_SIGNS = frozenset(
    re.findall("..", "\"\"''``**__~~||$$()[]{}<>«»»«‹›“”„“„”””‚‘‘’’’「」『』【】（）《》〈〉＂＂")  # one before, one behind
)
NEGATION = later(
    r"\b(?:not|no|nope|nah|never|neither|nor|none|nothing|nobody|cannot|\w*n['’´`ʼ‘′＇]t|cant|wont|without|hardly|barely"
    r"|(?:is|are|was|were|do|does|did|has|have|had|would|could|should|must|need|ai)nt|scarcely"
    r"|(?:reject\w*|absent|zero)(?=\W{0,3}\u2588)"
    r"|mitnichten|keineswegs|ausgeschlossen|übertrieben|falsch|scheidet aus|allesbehalve"
    r"|δεν|όχι|μη|ні|вряд ли|едва ли|нельзя|далеко не"
    r"|unlikely|unlike|doubt\w*|except|exclud\w*|instead of|rather than|anything but|far from|other than|opposite"
    r"|false|wrong|incorrect|(?:be|is) a mistake|non|lack\w*|ruled? out|ruling out|avoid\w*|den(?:y|ies|ied)"
    r"|nicht|kein\w*|kaum|alles andere als|guère|weder|nie|niemals|ohne|pas|aucun\w*|jamais|ne|n(?=['’])|sans"
    r"|ni|nunca|tampoco|ningun\w*|ningún|sin|não"
    r"|nao|nem|sem|mai|senza|nessun\w*|né|niet|geen|nooit|zonder|ikke|ingen|inte|aldrig|ei|bez|není"
    r"|не|нет|ни|никогда|без|değil|hayır|yok|không|chẳng|bukan|tidak|لا|لم|لن|ليس\w*|غير|نیست|לא|אין|न|मत)\b"
    r"|नहीं|ไม่|[不没沒非未无無否绝絕]|ない|なく|ません|아니|아닌|않|없|못|\u2588[ -]free\b",
    re.I,
)
_CERTAIN = later(
    r"\b(?:no|without(?: an?y?)?|beyond(?: any)?|ohne|sin|sem|senza|без|kein(?:en)?) "
    r"(?:doubt|question|zweifel|dudas?|d[úu]vida|dubbio|сомнени[яй])\b(?! of\b)",
    re.I,
)  # a negation of doubt denies no label
_STRUCK = later(r"[❌✗✘❎🚫≠¬☐👎⛔🤔]|!=|~~|\[ \]|<(?:s|del|strike)>", re.I)
# what follows a label where a list of all of them says how likely each is: "spam: 0.1", "spam: no", "spam: 3 %"
_UNLIKELY = later(
    r"[\"'”’*`)]*\s*[:=(\s-]\s*(?:0|0?[.,]0*[0-4]\d*|[0-4]?\d(?:[.,]\d+)?\s*%|false|none|null|nil|undefined|unknown"
    r"|no(?! [^\W\d_]{3})"
    r"|n|absent|n/a)(?![\w%/]|[.,]\d)"
    r"|[\"'”’*`)]*\s*[:=(]\s*(?:(?:very )?(?:low|minimal|negligible)\b|(?:<|less than|under|below)\s*\d|-\d|\d[\d.,]*e-)",
    re.I,
)
_PARTS = later(r"[\"'”’*`)]*[\s:=(\[–—-]*(\d+(?:[.,]\d+)?)\s*(?:/|(?:out )?of|von|sur|de|su|van|av|из)\s*(\d+)", re.I)
# "other" as a word of a sentence, and not as the label: "the other one", "in other words"
_SOME_OTHER = later(r"\b(?:the|any|no|each|every|some|an|one)\s+$", re.I)
_OTHER_WORD = later(r" +(?!(?:because|since|as|category|label|class|is|fits|for|due|here|seems)\b)\w", re.I)
_ANSWERS_NO = later(r"^\W*no(?:pe)?, (?=(?:it|this|that)(?: is|['’]s) )", re.I)
_OTHER = later(r"(?:or|or else|otherwise|oder|ou|или)\b", re.I)  # begins a sentence that takes back the one before
ASKING_SIGNS = ("?", "？")
_ASKS = later(
    r"[^\w\u2588]*(?:is|are|am|do|does|did|should|shall|can|could|would|will|must) (?:it|this|that|i|we|you|the|these)\b"
    r"|[^\w\u2588]*(?:ist|sind) (?:das|dies\w*|es|die|der)\b|[^\w\u2588]*(?:est-ce|czy|разве|is (?:dit|het|dat)"
    r"|[äe]r det\w*)\b",
    re.I,
)
# a single word apart behind a label, the last of its text: nobody knows what it says of it ("Spam. Nonsense!")
_APART = later(r"[\"'”’*`]*\s*(?:[,;:.!–—、，…]|\s-+)+ *(?:(?:an?|une?|una|uma|eine?|een) )?([^\W\d_]+)[.!…*]*\s*$")
_BOUND = later(r"[≈≃∼]\s*$|(?<![-=])(?:(?<!^)[<>≤≥]=?\s*|[<>]=?|[≤≥]\s*)$|^\W*(?:under|over|above|below)\s+$", re.I)
# "3 of 10", where 10 is not the scale's end; "3, 25"
_OF_MORE = later(r"[\s(]*(?:/|(?:out )?of|in|von|sur|de|su|van|из)\s*\d|, ?\d+\W*$")
_TAG_BEFORE = later(r"<[a-z]\w*>\s*$", re.I)  # "<label>3"
_SURE, _OF_SURETY = later(r"(?:very )?(?:high|low)|medium|moderate"), later(r"[^\w(]+(?:confiden|certain)", re.I)
_OPTION = later(r"[.):] ")
_NUMBERED, _ITEM = later(r"[.:]? ?\d"), later(r"\. +(?!\w+:)[^\W\d]")  # "No. 5"; "1. The author ..."
# the last line of a reply that names its label in form: "Label: spam"
_FORMAL = later(
    r"\n[\s#>*_-]{0,40}(?:(?:so|therefore|thus|hence),? )?(?:the |my )?"
    rf"(?:(?:{BEST_WORDS}) )?(?:{LABEL_WORDS})"
    r"(?: is)?[*_\"]{0,9}\s{0,9}[:=→-]?"
    r"[\s*_\"'`]{0,40}\u2588+[\s*_\"'`.!]*$",
    re.I,
)
END_SIGNS = " \n\"'”’»)*!"
_CLAUSE = later(r"[,;:!?—]|(?<!\.)\.(?!\.)")
_SENTENCE = later(r"\n\s*\n|(?<![.…])(?:\.(?!\.)|[!?]+)[\"'”’»)\]*]*\s+(?=\S)|[。！？।]+")
_SHORT_FOR = later(
    r"(?:^|[\s(])(?:e\.g|i\.e|z\. ?b|d\. ?h|p\. ?ex|p\. ?ej|cf|vs|viz|approx|ca|bzw|usw|resp|mr|mrs|ms|dr|prof|st|fig"
    r"|sec|vol)$",
    re.I,
)
# behind a label that denies they go on, behind any other they take it back: "No, quite the opposite."
_IS_DENIAL = later(r"no|nein|non|false|incorrect|wrong|refuted|refutes")
_IS_CONTRARY = later(r"contradict\w*|sarcas\w+|iron(?:y|ic(?:al)?)|disagree\w*")
_CONTRARY_TOLD = later(
    rf"\b(?:the|this) (?:{TEXT_WORDS}) (?:says?|states?|claims?|means?|asserts?) (?:exactly )?the (?:exact )?opposite\b",
    re.I,
)
_CONTRARY = later(r"\b(?:(?:on|to|quite) the contrary|the (?:opposite|reverse))\b", re.I)
# labels that say that something is not known, and what says the same of the text behind them: "Neutral. It is unclear
# whether the man is a doctor."
_OPEN_LABEL = later(
    r"neutral|unknown|unclear|uncertain|undetermined|undecided|ambiguous|maybe|nei|(?:not enough|insufficient|no) "
    r"(?:info(?:rmation)?|evidence|context)|(?:cannot|can['’]t|can not) (?:say|tell|be (?:determined|known)|determine)"
)
_NOT_KNOWN = later(
    r"\b(?:(?:(?:it(?:['’]s| is) )?(?:not (?:\w+ )?(?:clear|known|stated|certain|obvious)|unclear|unknown|uncertain"
    r"|(?:hard|difficult|impossible|not possible) to (?:tell|say|know|determine|judge|conclude))"
    r"|(?:we|I|one|you) (?:cannot|can['’]?t|do not|don['’]t) (?:tell|know|say|determine|conclude)"
    r"|(?:it )?cannot be (?:determined|known|told|inferred|concluded))"
    r"(?= (?:whether|if|who|what|when|where|which|why|how|from|based|by|in|on|the|this)\b)"
    r"|(?:there is )?not enough (?:info(?:rmation)?|evidence|context|details?)"
    r"|(?:more|additional|further) (?:info(?:rmation)?|evidence|context|details?) (?:is|are|would be) (?:needed|required))"
    rf"(?! (?:(?!\.\s)[^{LABEL}\n])*(?:{LABEL}|\b(?:{LABEL_WORDS})\b))",
    re.I,
)
_ENDS_IN_DOT = later(r"\.(?=\s+[^\W\d_a-z][a-z])")  # "It is the U.S. The text says so."


def _ends(text: str, seam: re.Match[str]) -> bool:
    """Whether a sentence ends there, and not an abbreviation."""
    return not text[seam.end() : seam.end() + 1].islower() and not _SHORT_FOR.search(text, 0, seam.start())


def dressed(text: str, start: int, end: int) -> tuple[int, int]:
    """Where a label stands with the quotes, brackets and emphasis around it, which are no seams of its clause."""
    while start > 0 and end < len(text) and text[start - 1] != "~" and text[start - 1] + text[end] in PAIR_SIGNS:
        start, end = start - 1, end + 1
    return start, end


def affirmed(text: str, start: int, end: int, spans: Sequence[tuple[int, int, str]]) -> bool:
    """Whether what is mentioned is said to be so, as far as words can tell."""
    word = text[start:end].casefold()
    first = opens(word, text[:start], text[end:])
    if is_small(word) and not first and not stands_as_answer(text, start, end):
        return False
    if is_polite(word, text, start, end):
        return False
    bound = word.isdigit() and _BOUND.search(text[:start]) and not _TAG_BEFORE.search(text[:start])
    if (word.isdigit() and _OF_MORE.match(text, end)) or bound or (word in ("no", "number") and _NUMBERED.match(text, end)):
        return False
    if word.isdigit() and _ITEM.match(text, end) and re.search(r"(?:^|\n)\W*$", text[:start]) and begins_list(text):
        return False
    if counts(text, start, end):
        return False
    if _SURE.fullmatch(word) and _OF_SURETY.match(text, end):
        return False
    if is_topic_of_talk(word, text[:start], text[end:]):
        return False
    lettered = len(word) == 1 and word.isalpha() and _OPTION.match(text, end)  # "B. Paris"
    if (apart := _APART.match(text, end)) and not (lettered or is_known(apart[1])) and all(b <= end for _, b, _ in spans):
        return False
    if is_verb(word, text[:start]) or is_of_another(word, text[:start], text[end:]):
        return False
    if word == "other" and (_SOME_OTHER.search(text[:start]) or _OTHER_WORD.match(text, end)):
        return False
    blanked = list(text)
    for a, b in (dressed(text, a, b - bool(_ENDS_IN_DOT.match(text, b - 1))) for a, b, _ in spans):
        blanked[a:b] = LABEL * (b - a)  # neither a word nor a space: a label may hold a negation itself
    start, end = dressed(text, start, end)
    rest = _CERTAIN.sub(lambda match: "y" * len(match[0]), "".join(blanked))
    if _IS_DENIAL.fullmatch(word):
        rest = _CONTRARY.sub(lambda match: "y" * len(match[0]), rest)
    if _IS_CONTRARY.fullmatch(word):
        rest = _CONTRARY_TOLD.sub(lambda match: "y" * len(match[0]), rest)
    if _OPEN_LABEL.fullmatch(word.replace("_", " ")):
        rest = _NOT_KNOWN.sub(lambda match: "y" * len(match[0]), rest)
    cuts = [0, *(m.end() for m in _SENTENCE.finditer(rest) if _ends(rest, m)), len(rest)]
    at = max(i for i, cut in enumerate(cuts[:-1]) if cut <= start)
    here = rest[cuts[at] : cuts[at + 1]]
    if is_cited(rest[:start], rest[end:]):
        return False
    if (
        _ASKS.match(here)
        or here.rstrip(END_SIGNS).endswith(ASKING_SIGNS)
        or rest[end:].lstrip(END_SIGNS).startswith(ASKING_SIGNS)
    ):
        return False
    reason = BECAUSE.search(rest, end, cuts[at + 1])
    said = rest[cuts[at] : reason.start()] if reason else here
    said = without_reason(said)
    final = _FORMAL.search(rest)  # before it, the label may be spoken of
    before_it = final is not None and end <= final.start()
    parts = _PARTS.match(text, end)
    if parts and 2 * float(parts[1].replace(",", ".")) < float(parts[2]):
        return False
    if first:
        behind, next_one = rest[end:], rest[cuts[at + 1] : cuts[min(at + 2, len(cuts) - 1)]]
        doubt = unsure(rest) or unsure(re.sub(r"^\W+", "", behind)) or doubted(said) or _STRUCK.search(here)
        back = _UNLIKELY.match(text, end) or hesitant(next_one) or _OTHER.match(next_one)
        left_open = withholds(word, rest[end : cuts[min(at + 2, len(cuts) - 1)]])
        return not (doubt or back or left_open or is_remark(said[end - cuts[at] :]))
    if not before_it and not states(rest[cuts[at] : start], said[end - cuts[at] :]):
        return False
    unlikely = _UNLIKELY.match(text, end) and not (word.isdigit() and text[end] == "\n")
    if unlikely or _STRUCK.search(here) or unsure(rest) or doubted(said):
        return False
    earlier = rest[cuts[at - 1] : cuts[at]].rstrip(" \n*_") if at else ""
    later = rest[cuts[at + 1] : cuts[min(at + 2, len(cuts) - 1)]]
    if hesitant(earlier) or hesitant(later) or _OTHER.match(later):
        return False
    if NEGATION.search(text[start:end]):  # "No, it is not spam" agrees with "not spam": only its own clause can deny it
        before, _, behind = said.partition("\u2588")
        return not NEGATION.search(f"{_CLAUSE.split(before)[-1]}\u2588 . {_CLAUSE.split(behind)[0]}")
    said = _ANSWERS_NO.sub("", said, count=1)
    if led := GROUNDS_FIRST.match(said):
        said = said[led.end() :]
    if (grounds := SO_IT_IS.search(said)) and LABEL not in said[: grounds.start()]:
        said = said[grounds.start() :]
    if NEGATION.search(said):
        return False
    if any(m.end() == len(earlier.rstrip(".:!")) or earlier.endswith(":") for m in NEGATION.finditer(earlier)):
        return False
    later = EXPLAINS.sub("", later, count=1)
    if takes_back(later):
        return False
    ends = re.sub(r"\b(?:for|from|about|with|to) (?:nothing|nobody)$", "", later.rstrip(END_SIGNS + ".!…"))
    if any(m.end() == len(ends) for m in NEGATION.finditer(ends)):
        return False
    return tells(later) or not NEGATION.search(" ".join(later.split()[:3]))
