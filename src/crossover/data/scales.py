"""Labels that are numbers, as ratings on a scale: the ends of theirs ("4 of 5"), and another one ("5 of 10")."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from crossover.data.pattern import later

_MOST = 100  # the end of a scale: larger are codes ("404/500")
MOST_DIGITS = 9  # digits of a scale's end: longer are codes
_RATING = later(rf"([-+]?\d{{1,{MOST_DIGITS}}}(?:\.\d{{1,{MOST_DIGITS}}})?)(?: (?:star|point|mark)s?)?", re.I)
_ONE = later(r"1 (?:star|point|mark)", re.I)
_NUMBER_WORDS = {"zero": 0, "one": 1, "two": 2, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12}
_NUMBER_WORDS |= {"twenty": 20, "fifty": 50, "hundred": 100}
_HIGH = r"(\d+|six|seven|eight|nine|ten|twelve|twenty|fifty|(?:(?:a|one) )?hundred)"
_GLOSSED_END = r"(?: ?\([^()\n]{1,40}\))?"  # "from 1 (poor) to 5 (excellent)"
_RANGE = rf"(?P<low>-?\d{{1,9}}|zero|one|two){_GLOSSED_END} ?(?:-|–|—|~|～|→|to|through|\.\.\.?|…) ?{_HIGH}"
# the word itself, and no part of another: "large-scale", "upscaling"
_SCALE = (
    r"(?:(?:(?<![a-z])(?<![a-z]-)|(?<=likert[ -])|(?<=point[ -])|(?<=rating[ -]))scale(?![a-z])"
    r"|\b(?:skala|échelle|escala|scala|schaal)\b)"
)
# one that texts speak of, and no rating is on
_FOREIGN_SCALE = later(r"\b(?:ph|richter|mercalli|beaufort|celsius|kelvin|fahrenheit|mohs|pay|time|map) scale\b", re.I)
_IS_SCALE = later(_SCALE, re.I)
_PERFECT = r"(?:the )?(?:best|highest|top|perfect|max|excellent|ideal|flawless|outstanding|exceptional)"
_SCALE_ENDS = (
    later(rf"(?:{_SCALE}|\brange\b|[(\[{{<（])(?:[^\w-]|_|- ){{0,5}}(?:(?:from|of|is) )?{_RANGE}", re.I),
    later(rf"(?:(?:{_SCALE}|\brange\b)(?:[^\w-]|_){{0,5}}|\[)(?P<low>-?\d{{1,9}}), ?{_HIGH}", re.I),  # a list of both ends
    later(rf"(?:\bfrom |^\W{{0,9}}|\b(?:score|rating|grade)s? ){_RANGE}\b(?! out of)", re.I | re.M),
    later(rf"\bbetween (?P<low>-?\d{{1,9}}|zero|one|two) and {_HIGH}\b", re.I),
    later(rf"{_RANGE} (?:stars|points|marks|(?:rating |likert )?scale)\b", re.I),
    later(rf"(?<=\d)[,;] {_RANGE}\W{{0,9}}$", re.I | re.M),
    later(
        r"(?<![a-z])(?:max(?:imum)?|out[ _]?of|possible|满分|滿分|(?:highest|best)(?! \d+ (?!points|stars|marks)[a-z]))"
        r"(?:[ _](?:score|grade|rating|points?|value))?[\W_]{0,5}(?:(?:of|is|being) )?(?:an? (?:possible )?)?"
        rf"{_HIGH}(?![\d%])",
        re.I,
    ),
    later(
        rf"\b(?:points?|stars?|marks?) of {_HIGH}\b|\((?:of|up to) {_HIGH}\)|(?<!\d)(\d{{1,9}}) ?(?:点満点|점 ?만점|分制)",
        re.I,
    ),
    later(
        rf"\b{_HIGH}[ -]point\b(?! (?:plan|list|agenda|program\w*|checklist|manifesto|font|type|lead|guide|proposal|summary"
        r"|strategy|argument)s?\b)",
        re.I,
    ),
    # an object's key for the end: "maxScore", "scale"
    later(rf"[\"'](?:\w{{0,20}}(?:max|best|scale)\w{{0,20}}|total|denominator)[\"']: ?[\"']?{_HIGH}\b", re.I),
    later(rf"\b(?:score|rating|grade) ?/ ?{_HIGH}\b", re.I),
    later(
        rf"\((?:top|total|(?:upper )?limit|full|perfect)(?: (?:score|rating|grade|points|marks))?(?: is|:)? {_HIGH}\b", re.I
    ),
    later(rf"\b{_HIGH} (?:points? |stars? |marks? )?max(?:imum)?\b(?! ?[\w-])", re.I),
    later(rf"\b\d{{1,9}} ?[=:] ?[a-z]{{3,12}}, ?{_HIGH} ?[=:] ?[a-z]{{3,12}}\b", re.I),
    # the same again as a share: "5 (5/10)", "5/10, so 5"
    later(r"(?<![\d.,/])(\d{1,9})(?: ?[(\[=] ?|,? (?:or|i\.e\.|which is) )\1 ?/ ?(\d{1,9})(?!\d)"),
    later(r"(?<![\d.,/])(\d{1,9}) ?/ ?(\d{1,9})(?: ?[(\[=] ?|,? (?:or|so) )\1(?![\d/])"),
    later(rf"\b{_HIGH}(?: (?:being|is|as|means|indicates|represents|denotes|equals|would be) | ?[=:→] ?){_PERFECT}", re.I),
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
# in front of a range that texts speak of, where nobody calls it a scale: "the loop runs from 0 to 10"
_SPANS = later(
    r"\b(?:runs?|ran|goes|go|went|going|running|loops?|counts?|counting|iterates?|covers?|covering|ages?|aged|numbers|people"
    r"|users|valid|(?:rise|fall|drop|grow|increase|change|move)s?|rose|fell|dropped|grew|increased|changed|moved) $",
    re.I,
)
# in front of "out of": what is on that scale
_ON_IT = later(r"(?<![\d.,])(\d{1,9})(?:\.0+)? (?:points? |stars? )?(?:[(\[–—-] ?)?$")
_PERCENT = later(r"(?<![\d.,])\d+(?:[.,]\d+)? ?(?:%|percent\b|per cent\b|pct\b|prozent\b|pour cent\b|por ciento\b)", re.I)
_SAID_APART = later(r"[.!?;](?=\s)|\n|,\s*(?=[\"'])")  # ends a sentence, a line or a field of an object
_MOST_SCALES = 20  # of a sentence that are held against the rest of it: one with more says nothing
_SENTENCE_AT_MOST = 1000  # characters of a sentence that are looked at on either side: a longer one is none
_OF_A_SCALE = later(
    r"\b(?:the|an?|is|was|it|this|my|on|scores?|grades?|ratings?|points?|stars?|marks?|range)\b|[\W_]+", re.I
)


def on_another_scale(text: str, labels: Sequence[str]) -> bool:
    """Whether a text rates on a scale that ends above all labels, which are numbers: "5 (max 10)", "4 [1-10]", "5 percent".
    Half of ten is no full mark of five. What another sentence counts is no scale ("It took a maximum of 20 days. Rating:
    4"), nor is what the same one counts ("9 out of 10 facts are right, so I give it a 4")."""
    if (top := _largest(labels)) is None:
        return False
    beyond = [found for one in _SCALE_ENDS for found in one.finditer(text) if _ends_above(found, top)]
    percent = top < _MOST and _PERCENT.search(text)
    if not (beyond or percent):  # as nearly always
        return False
    longest_first = sorted((re.escape(label.split()[0]) for label in labels), key=len, reverse=True)
    rating = re.compile(rf"(?<!\d)(?:{'|'.join(longest_first)})(?!\d)")
    if percent and not rating.search(_PERCENT.sub("", text)):
        return True
    if top <= 2:  # more often codes, so only where nothing is said but a rating and its scale
        others = (f"{text[: one.start()]} {text[one.end() :]}" for one in beyond[:_MOST_SCALES])
        return len(text) <= _SENTENCE_AT_MOST and any(not _OF_A_SCALE.sub("", rating.sub("", other)) for other in others)
    apart = [found.span() for found in _SAID_APART.finditer(text)]
    crowds = Counter(bisect_right(apart, found.start(), key=lambda span: span[1]) for found in beyond)
    return max(crowds.values(), default=0) > _MOST_SCALES or any(_is_of(rating, one, text, apart) for one in beyond)


def _ends_above(scale: re.Match[str], top: float) -> bool:
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


def _largest(labels: Sequence[str]) -> float | None:
    """The largest of labels that are numbers, also of stars or points; None of any others, and of codes."""
    numbers = [float(found[1]) for found in map(_RATING.fullmatch, labels) if found]
    return max(numbers) if numbers and len(numbers) == len(labels) and max(numbers) <= _MOST else None


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
    if _IS_SCALE.search(text, begins, ends) and not _FOREIGN_SCALE.search(text, begins, ends):
        return True
    return bool(rating.search(beside)) and not _SPANS.search(text, max(begins, scale.start() - 20), scale.start())


def unscaled(text: str, labels: Sequence[str]) -> str:
    """A text without the ends of the scale that its rating is on ("4/5", "4 out of 5 stars", "on a scale of 1 to 5, 4"),
    where the labels are whole numbers, also of stars or points; any other as it is."""
    top, numbers = _largest(labels), [label.split(" ")[0] for label in labels]
    if top is None or top <= 2 or not all(map(str.isdecimal, numbers)):
        return text
    top = int(top)
    text = re.sub(
        rf"(?<![\d./,])(\d+)(?: ?/ ?| (?:stars? )?(?:out )?(?:of|von|sur|de|su|van|av|из) ){top}(?=\s*(?:$|[.;!)*\n]|,\s"
        rf"|stars?|points?|marks?))",
        r"\1",
        text,
    )
    if any(_ONE.fullmatch(label) for label in labels):  # "1 out of 5 stars"
        text = re.sub(r"(?<![\d.,-])(1 (?:star|point|mark))s\b", r"\1", text, flags=re.I)
    low = min(map(int, numbers))
    ends = rf"{low}{_GLOSSED_END} ?(?:-|–|—|to|through) ?{top}{_GLOSSED_END}(?: (?:star|point|mark)s)?"
    named = rf"{low} ?(?:=|is|being|means) ?(?:the )?[a-z]{{3,12}},?(?: and)? {top} ?(?:=|is|being|means) ?{_PERFECT}"
    article = r"(?:\b(?:on|in) )?(?:\b(?:an?|the) )?\b"
    most = r"max(?:imum)?|highest|best"
    scale = (
        rf"{article}(?:(?:rating )?scale|range):?(?: of| from)? {ends},?|{article}{ends} (?:rating )?scale\b,?"
        rf"|{article}{top}[ -](?:point|star) (?:likert )?scale\b,?|\({ends}\)|\[{ends}\]|\({named}\)"
        rf"|,? ?\bwhere {named}\b,?|^the (?:{most})(?: possible)?(?: score| rating| grade)? is {top}\b\.?"
        rf"|,? ?\bwith an? (?:{most}) of {top}\b|\((?:out of|max(?:imum)?[.:]?) {top}\)|^out of {top}\b[,:]"
    )
    without = re.sub(scale, " ", text, flags=re.I | re.M)
    return re.sub(r" +(?=[ :,.;!?])", "", without).strip() if without != text else text.strip()
