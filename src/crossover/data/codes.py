"""Labels that are numbers or letters: with what they stand for behind them ("0 (not spam)"), or listed by them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from crossover.data.called import GROUNDS_WORDS, LABEL_WORDS, TEXT_WORDS
from crossover.data.doubt import LABEL, hesitant, unsure
from crossover.data.pattern import later

_CODE = later(r"[-+]?\d+|[A-Z]")
_NUMBER = later(r"[-+]?\d+(?:\.\d+)?")
_FRACTION = later(r"(?<![\d.,])(\d+)\.0+(?!\d|[.,]\d)")  # of a whole number
_ITEMS = later(r"^[^\w\n]{0,9}\d+[.)] ", re.M)
_GLOSSED = later(
    r"[*_`]{0,2}([-+]?\d+|[A-Za-z])[*_`]{0,2}\s*(?:\(([^()\n]{1,40})\)|(?:=|:|–|—|(?<=\s)-)\s*([^()\n:]{1,40}?))[.!]?"
)
_GLOSS = later(r"(?:(?:not|no|non)[ -](?:an? )?)?(?!(?:not|no|non|nope|never)\b)[^\W\d_]+(?:[ -][^\W\d_]+){0,2}", re.I)
# words that would say something of the label, and not what it stands for
_OF_THE_LABEL = later(
    r"\b(?:sure|certain|really|quite|clear|exactly|necessarily|applicable|so|it|this|that|entirely|fully|all|or|and|maybe"
    r"|perhaps|possibl[ey]|probabl[ey]|likely|unlikely|unsure|doubtful|nothing|yet|even|close|remotely|least|most"
    r"|best|worst|nonsense|rejected"
    r"|at|in|if|but|joke|joking|kidding)\b|\b(?:yes|no|none|correct|right|true|false|wrong|incorrect|low|unknown)$",
    re.I,
)
# words that judge or take back a label are past counting: of those that look like it, only names of classes are read
_JUDGES = later(
    r"\b(?!(?:unbiased|unpaid|unanswered|unresolved|unsolved|unemploy\w+|uncle|unsafe"
    r"|unimportant|unchanged|unsatisfied|unrelated|unacceptable|unwanted|unhappy|unfair|unhelpful"
    r"|unfavou?rable|unpleasant|units?|union|unique|university|uniform|under\w*)\b)un\w+"
    r"|\b(?!(?:insulting|impolite|inbound|insects?|indirect|inertia|impulse\w*|imperialism|infrared|immun\w+|ink"
    r"|inner|income"
    r"|increases?|information\w*|informal|informative|inquir\w+|international|individuals?|industr\w+|indoors?|insurance"
    r"|interest\w*|intent\w*|internet|internal|investments?|invoic\w+|inventory|insults?|injur\w+|install\w*|inflation"
    r"|inappropriate|insincere|inactive|india\w*|indonesia\w*|infrastructure|integration|incidents?|images?|impact|imports?"
    r"|immediate|immigra\w+|infect\w+|inflamm\w+|important|improvement|implementation|increased)\b)i[nm]\w+"
    r"|\b(?!(?:supported|entailed|approved|verified|resolved|unresolved|solved|unsolved|closed|answered|unanswered"
    r"|completed"
    r"|shipped|biased|unbiased|opinionated|animated|hatred|seed|need|infrared|related|unrelated"
    r"|mixed|red|speed|feed|united|unwanted|satisfied|unsatisfied|dissatisfied|infected|unchanged"
    r"|increased|decreased|reduced|excited|bored|scared|worried|surprised|disgusted|relieved|disappointed|annoyed|amused"
    r"|interested|relaxed|advanced|delayed|damaged|married|retired)\b)"
    r"\w+ed\b"
    r"|\b(?:depend\w*|hardly|barely|scarcely|guess\w*|error|mistake\w*|given|known|shown|said|found|chosen|meant|told|here"
    r"|there|me|out|off|neither|never|opposite|reject\w*|fails?|doubt\w*|dubious|questionable|debatable|arguabl[ey]"
    r"|ambiguous"
    r"|borderline|tentative\w*|provisional|placeholder|default|example|skip|pending|void|moot|tbd|todo|nan|null"
    r"|missing|absent"
    r"|abstain|refuse|cannot|else|elsewhere|alternative|cancel|ignore|wait|stop|sorry|partly|partially|somewhat|almost"
    r"|weak|vague|overturned|withdrawn|struck|wrongly|too|less|more|than|far)\b|^\w$|\b(?:nor|non)\b$",
    re.I,
)

_LISTED_BY = later(r"(?<![\w.)])\(?\b[A-H]\)\s+(?=\S)")
_NUMBERED_BY = later(
    r"\b(?:message|mail|e-?mail|review|tweet|post|comment|sentence|statement|question|query|passage|document|article|ticket"
    r"|headline|text|input|step|item|line|part|point|paragraph|example|sample) $",
    re.I,
)
# in front of what is numbered: the one that is graded ("I rate this review 4"), and no number of it
_IS_GRADED = later(
    rf"\b(?:(?:this|that|my|our|your)(?: (?!is\b|was\b)\w+)?|(?:rate|give|grade|score|assign|award|rank)\w* the(?: \w+)?)"
    rf" (?:{TEXT_WORDS}) $",
    re.I,
)
_THINGS = later(rf" (?:{TEXT_WORDS}|{LABEL_WORDS}|{GROUNDS_WORDS}|reason|thing|word|line|error)s?\b", re.I)
_CLASS_OF = later(r"\b(?:class|category|type|label|level|grade|rating|score|group|option|priority|tier|topic) $", re.I)
_DENIES_AT_END = later(
    r"(?:\b(?:not|no|nah|nein|nicht|falsch|non|pas|нет|не|niet|nee)|[错錯对對])$|\w (?:no|not|never|nicht|kein\w*|pas) ",
    re.I,
)


def glossed(forms: Iterable[str], labels: Sequence[str]) -> int | None:
    """The label, by its place, of a text that is nothing but a number or a letter and a name for it; None for any other.

    `forms`: the text, with and without what stands around it.
    """
    for code, name in _code_and_gloss(forms, labels):
        if not (_OF_THE_LABEL.search(name) or _judges(name)):
            return list(labels).index(code)
    return None


def judges_code(forms: Iterable[str], labels: Sequence[str]) -> bool:
    """Whether a text is nothing but a number or a letter and what may take it back: "1 - ruled out", "A (unclear)"."""
    return any(_judges(name) for _, name in _code_and_gloss(forms, labels))


def _judges(name: str) -> bool:
    return bool(_JUDGES.search(name) or _DENIES_AT_END.search(name) or unsure(f"{LABEL}. {name}") or hesitant(name))


def _code_and_gloss(forms: Iterable[str], labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The codes that are labels, each with the few words behind it, in the forms of a text that are nothing else."""
    if not all(map(_CODE.fullmatch, labels)):
        return
    for found in filter(None, map(_GLOSSED.fullmatch, forms)):
        name = (found[2] or found[3]).strip()
        other = name.casefold() in {label.casefold() for label in labels}
        if found[1] in labels and not other and _GLOSS.fullmatch(name):
            yield found[1], name


def without_letter(text: str, labels: Sequence[str]) -> str:
    """A text without the one letter that an option in it is listed by ("Answer: C) spam"), where no label is a letter."""
    if any(len(label) == 1 for label in labels) or len(found := list(_LISTED_BY.finditer(text))) != 1:
        return text
    return text[: found[0].start()] + text[found[0].end() :]


def counts(text: str, start: int, end: int) -> bool:
    """Whether a number there counts things of talk, or numbers one: "There is 1 answer.", "1 reason: price", "Tweet 1"."""
    if not text[start:end].isdecimal():
        return False
    before = text[:start]
    numbered = _NUMBERED_BY.search(before) and not _IS_GRADED.search(before)
    return bool(numbered or (_THINGS.match(text, end) and not _CLASS_OF.search(before)))


def begins_list(text: str) -> bool:
    """Whether what begins with a number and a sentence begins a list: it ends within that, or numbers more lines."""
    return not text.rstrip(" \n\"'”’*_`)]").endswith((".", "!", "…", "。", "！")) or len(_ITEMS.findall(text)) > 1


def as_whole(reply: str, labels: Sequence[str]) -> tuple[str, list[str]]:
    """A reply and labels with whole numbers without a fraction ("4.0" is "4"), and a reply without a plus sign that no
    label has; as they are where labels are anything else, or are then the same."""
    plain = [_FRACTION.sub(r"\1", label) for label in labels]
    if not all(map(_NUMBER.fullmatch, plain)) or len(set(plain)) < len(plain):
        return reply, list(labels)
    signed = any(label.startswith("+") for label in labels)
    said = reply if signed else re.sub(r"^\s*\+(?=\d+(?:\.\d+)?\W*$)", "", reply)
    written = [found[0] for found in _FRACTION.finditer(said)]
    if written and all(number in labels for number in written):
        return said, list(labels)  # as the labels are: a whole number beside them is none ("Step 2: 3.0")
    return _FRACTION.sub(r"\1", said), plain


_SURE_OF = later(
    r"(?:\bwith )?(?:very )?(?:high|medium|moderate) (?:confidence|certainty)\b"
    r"|[\[(,;\n]?\s*\b(?:confidence|certainty)(?: level| score)?(?: is)?[\s:=*_\"]{1,6}(?:very )?(?:high|medium"
    r"|moderate)\b[\])]?",
    re.I,
)


def without_sureness(text: str, labels: Sequence[str]) -> str:
    """A text without how sure it is, where words that are labels say that: "Priority: low. Confidence: high"."""
    if not any(label.casefold() in ("high", "medium", "moderate") for label in labels):
        return text
    return _SURE_OF.sub(" ", text).strip(" \n,;()")
