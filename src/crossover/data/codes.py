"""Labels that are numbers or letters: with what they stand for behind them ("0 (not spam)"), and on a scale ("4 of 5")."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from crossover.data.called import GROUNDS_WORDS, LABEL_WORDS, TEXT_WORDS
from crossover.data.doubt import LABEL, hesitant, unsure
from crossover.data.pattern import later

_MOST = 100  # the end of a scale: larger are codes ("404/500")
MOST_DIGITS = 9  # digits of a scale's end: longer are codes
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


_NUMBER_WORDS = {"zero": 0, "one": 1, "two": 2, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12}
_NUMBER_WORDS |= {"twenty": 20, "fifty": 50, "hundred": 100}
_HIGH = r"(\d+|six|seven|eight|nine|ten|twelve|twenty|fifty|(?:(?:a|one) )?hundred)"
_GLOSSED_END = r"(?: ?\([^()\n]{1,40}\))?"  # "from 1 (poor) to 5 (excellent)"
_RANGE = rf"(?P<low>-?\d{{1,9}}|zero|one|two){_GLOSSED_END} ?(?:-|–|—|to|through|\.\.\.?|…) ?{_HIGH}"
# the word itself, and no part of another: "large-scale", "upscaling"
_SCALE = r"(?:(?<![a-z])(?<![a-z]-)|(?<=likert[ -])|(?<=point[ -])|(?<=rating[ -]))scale(?![a-z])"
# one that texts speak of, and no rating is on
_FOREIGN_SCALE = later(r"\b(?:ph|richter|mercalli|beaufort|celsius|kelvin|fahrenheit|mohs|pay|time|map) scale\b", re.I)
_IS_SCALE = later(_SCALE, re.I)
_PERFECT = r"(?:the )?(?:best|highest|top|perfect|max|excellent|ideal|flawless|outstanding|exceptional)"
_SCALE_ENDS = (
    later(rf"(?:{_SCALE}|\brange\b|[(\[])(?:[^\w-]|_|- ){{0,5}}(?:(?:from|of|is) )?{_RANGE}", re.I),
    later(rf"(?:(?:{_SCALE}|\brange\b)(?:[^\w-]|_){{0,5}}|\[)(?P<low>-?\d{{1,9}}), ?{_HIGH}", re.I),  # a list of both ends
    later(rf"(?:\bfrom |^\W{{0,9}}|\b(?:score|rating|grade)s? ){_RANGE}\b(?! out of)", re.I | re.M),
    later(rf"\bbetween (?P<low>-?\d{{1,9}}|zero|one|two) and {_HIGH}\b", re.I),
    later(rf"{_RANGE} (?:stars|points|marks)\b", re.I),
    later(
        r"(?<![a-z])(?:max(?:imum)?|out[ _]?of|possible|满分|滿分|(?:highest|best)(?! \d+ (?!points|stars|marks)[a-z]))"
        r"(?:[ _](?:score|grade|rating|points?|value))?[\W_]{0,5}(?:(?:of|is|being) )?(?:an? (?:possible )?)?"
        rf"{_HIGH}(?![\d%])",
        re.I,
    ),
    later(
        rf"\b(?:points?|stars?|marks?) of {_HIGH}\b|\(up to {_HIGH}\)|(?<!\d)(\d{{1,9}}) ?(?:点満点|점 ?만점|分制)", re.I
    ),
    later(
        rf"\b{_HIGH}[ -]point\b(?! (?:plan|list|agenda|program\w*|checklist|manifesto|font|type|lead|guide|proposal|summary"
        r"|strategy|argument)s?\b)",
        re.I,
    ),
    later(rf"\b{_HIGH}(?: (?:being|is|as|means|indicates|represents|denotes|equals) | ?[=:] ?){_PERFECT}", re.I),
    later(r"^\W{0,9}\d{1,9}(?:\s|\s?[-–|:÷]\s?)(\d{1,9})\W{0,9}$(?<!%)"),
    later(r"(?<=\d)\s?[∕⁄／]\s?(\d+)"),
)
# behind the end of what would be a scale: what is counted there ("9 out of 10 facts", "a maximum of 20 days")
_OF_THINGS = later(
    r"[ -](?:(?:key|main|required|relevant|expected|correct|important|different|reference|listed|named) )?"
    r"(?:facts?|items|claims|seconds|minutes|hours|days|weeks|months|years|times|people|persons|users|customers|patients"
    r"|words|sentences|lines|pages|paragraphs|sections|steps|questions|examples|criteria|requirements|elements|details"
    r"|cases|countries|cities|names|entities|reasons|errors|mistakes|aspects|parts|topics|statements|bullets|ingredients"
    r"|met(?:er|re)s|kilomet(?:er|re)s|miles|degrees|dollars|euros|pounds|percent|per cent|characters|tests|tokens|rows"
    r"|sources|references|replicas|nodes|servers|[mµk]?g|[mckµ]?m|m?l|°[CF]|GB|MB|ms|kW|V)\b(?! scale)"
)
# in front of "out of": what is on that scale
_ON_IT = later(r"(?<![\d.,])(\d{1,9})(?:\.0+)? (?:points? |stars? )?(?:[(\[–—-] ?)?$")
_PERCENT = later(r"(?<![\d.,])\d+(?:[.,]\d+)? ?(?:%|percent\b|per cent\b|pct\b|prozent\b|pour cent\b|por ciento\b)", re.I)
_SAID_APART = later(r"[.!?;](?=\s)|\n|,\s*(?=[\"'])")  # ends a sentence, a line or a field of an object
_SENTENCE_AT_MOST = 1000  # characters of a sentence that are looked at on either side: a longer one is none
_OF_A_SCALE = later(r"\b(?:the|an?|is|was|scores?|grades?|ratings?|points?|range)\b|[\W_]+", re.I)


def on_another_scale(text: str, labels: Sequence[str]) -> bool:
    """Whether a text rates on a scale that ends above all labels, which are whole numbers: "5 (max 10)", "4 [1-10]", "5
    percent". Half of ten is no full mark of five. What another sentence counts is no scale ("It took a maximum of 20 days.
    Rating: 4"), nor is what the same one counts ("9 out of 10 facts are right, so I give it a 4")."""
    top = _largest(labels)
    sought = _SCALE_ENDS if top is not None and top > 2 else ()
    beyond = [found for one in sought for found in one.finditer(text) if top is not None and _ends_above(found, top)]
    percent = top is not None and top < _MOST and _PERCENT.search(text)
    if not (beyond or percent):  # as nearly always
        return False
    rating = re.compile(rf"(?<!\d)(?:{'|'.join(labels)})(?!\d)")
    if percent and not rating.search(_PERCENT.sub("", text)):
        return True
    apart = [found.span() for found in _SAID_APART.finditer(text)]
    return any(_is_of(rating, found, text, apart) for found in beyond)


def _ends_above(scale: re.Match[str], top: int) -> bool:
    """Whether a scale that begins at or below `top` ends above it."""
    low = _number_in(scale["low"]) if "low" in scale.re.groupindex else None
    return (low is None or low <= top) and any(
        value > top for value in map(_number_in, scale.groups()) if value is not None
    )


def _number_in(number: str | None) -> int | None:
    """What a number or its name says; None of a code, and of none."""
    if number is None or not number.lstrip("-").isdecimal():
        return _NUMBER_WORDS[number.lower().split()[-1]] if number else None
    return int(number) if len(number) <= MOST_DIGITS else None


def _largest(labels: Sequence[str]) -> int | None:
    """The largest of labels that are whole numbers; None of any others, and of codes."""
    if not labels or not all(label.isdecimal() and len(label) <= MOST_DIGITS for label in labels):
        return None
    most = max(map(int, labels))
    return most if most <= _MOST else None


def _is_of(rating: re.Pattern[str], scale: re.Match[str], text: str, apart: Sequence[tuple[int, int]]) -> bool:
    """Whether a scale is a rating's: it is called one, stands where a rating is said, or is all that is said there.
    `apart`: where sentences end."""
    before = bisect_right(apart, scale.start(), key=lambda span: span[1])
    after = bisect_left(apart, scale.end(), key=lambda span: span[0])
    begins = max(apart[before - 1][1] if before else 0, scale.start() - _SENTENCE_AT_MOST)
    ends = min(apart[after][0] if after < len(apart) else len(text), scale.end() + _SENTENCE_AT_MOST)
    things = _OF_THINGS.match(text, scale.end())
    beside = f"{text[begins : scale.start()]} {text[things.end() if things else scale.end() : ends]}"
    if not _OF_A_SCALE.sub("", beside):
        return True
    if things:
        on_it = _ON_IT.search(text, max(begins, scale.start() - 20), scale.start())
        return bool(on_it and rating.fullmatch(on_it[1]))
    called = _IS_SCALE.search(text, begins, ends) and not _FOREIGN_SCALE.search(text, begins, ends)
    return bool(called or rating.search(beside))


def unscaled(text: str, labels: Sequence[str]) -> str:
    """A text without the ends of the scale that its rating is on ("4/5", "4 out of 5 stars", "on a scale of 1 to 5, 4"),
    where the labels are whole numbers; any other as it is."""
    top = _largest(labels)
    if top is None or top <= 2:
        return text
    text = re.sub(
        rf"(?<![\d./,])(\d+)(?: ?/ ?| (?:stars? )?(?:out )?(?:of|von|sur|de|su|van|av|из) ){top}(?=\s*(?:$|[.;!)*\n]|,\s"
        rf"|stars?|points?))",
        r"\1",
        text,
    )
    low = min(map(int, labels))
    ends = rf"{low}{_GLOSSED_END} ?(?:-|–|—|to|through) ?{top}{_GLOSSED_END}"
    named = rf"{low} ?(?:=|is|being|means) ?(?:the )?[a-z]{{3,12}},?(?: and)? {top} ?(?:=|is|being|means) ?{_PERFECT}"
    article = r"(?:\b(?:on|in) )?(?:\b(?:an?|the) )?\b"
    most = r"max(?:imum)?|highest|best"
    scale = (
        rf"{article}(?:(?:rating )?scale|range)(?: of| from)? {ends},?|{article}{ends} (?:rating )?scale\b,?"
        rf"|{article}{top}[ -](?:point|star) (?:likert )?scale\b,?|\({ends}\)|\[{ends}\]|\({named}\)"
        rf"|,? ?\bwhere {named}\b,?|^the (?:{most})(?: possible)?(?: score| rating| grade)? is {top}\b\.?"
        rf"|,? ?\bwith an? (?:{most}) of {top}\b|\((?:out of|max(?:imum)?[.:]?) {top}\)|^out of {top}\b[,:]"
    )
    without = re.sub(scale, " ", text, flags=re.I | re.M)
    return re.sub(r" +(?=[ :,.;!?])", "", without).strip() if without != text else text.strip()
