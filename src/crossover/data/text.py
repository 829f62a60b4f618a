"""One normalisation for labels, duplicates, leaks, metrics and matching; and which label a reply states."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from crossover.data.affirmed import ASKING_SIGNS, END_SIGNS, NEGATION, PAIR_SIGNS, affirmed, dressed
from crossover.data.announced import announced, shows
from crossover.data.apart import UNSPACED, stands_alone
from crossover.data.codes import (
    as_whole,
    counts,
    glossed,
    judges_code,
    without_letter,
    without_sureness,
)
from crossover.data.contrast import set_off, without_lists, without_unspaced
from crossover.data.given import FENCE, gives_nothing, headed, in_object, says_so, without_role
from crossover.data.longer import by_degree, goes_on
from crossover.data.loops import few_times
from crossover.data.marked import as_marked
from crossover.data.options import as_options
from crossover.data.pattern import later
from crossover.data.polite import without_offer
from crossover.data.scales import on_another_scale, unscaled
from crossover.data.small import is_by_the_way, stands_as_answer
from crossover.data.stating import is_of_another, is_topic_of_talk
from crossover.data.thought import holds_mark, without_thought

# What is not seen and changes no meaning: soft hyphens, zero-width spaces, byte order marks, direction marks, and the
# selectors between a sign's text and emoji form.
_INVISIBLE = later("[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe0e\ufe0f\ufeff]")
# Joiners mean something inside Persian, Indic and emoji text, and nothing at an edge or beside Latin, Greek and Cyrillic.
_JOINING = "\u0590-\u1dff\u2190-\U0010ffff"
_IDLE_JOINER = later(f"(?<![{_JOINING}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINING}])")
# other forms of ASCII signs: full-width ones, hyphens, raised and small plus and minus, the sharp of C♯
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | str.maketrans("‐‑⁃﹣⁻⁺﹢♯﹟", "-----++##")
_DASH = later(r"(?<=\w)[−‒–]|[−‒–](?=\w)")  # a hyphen or minus only beside a word: apart it divides clauses
_APOSTROPHE = later(rf"(?<=\w)(?<![{UNSPACED}가-힣])[’ʼ‘′´`](?=\w)")

_BULLET = later(r"(?:[-–—>]\s+(?!\d)|(?:[*•]|#{1,6})\s+)")
# says nothing of what it holds
_UNSPOKEN = later(r"</?(?:b|strong|i|em|u|mark|span|p|code|br ?/?)>|<\|[\w ]{1,20}\|>\s*$|</s>\s*$", re.I)
_TAGGED = later(r"</|<br ?/?>|\|>", re.I)  # an option in brackets has none: "<B>"
_TEX = later(r"\$?\\(?:boxed|fbox|text(?:bf|rm|tt|it|sf)?|mathrm|mathbf)\s*\{([^{}]*)\}\$?")
_END = ".!?,;:。．！？，；：、…।¿¡"

_ABBREVIATION = later(r"(?:[A-Z]\.){2,}")  # "U.S." is also written "US"
_WHOLE = later(r"(?<![\d./])(\d+)(?: ?/ ?| (?:stars? )?(?:out )?of )$")  # "4 out of 5": not 5
_COUNTS = later(r" (?:days?|weeks?|months?|years?|hours?|minutes?|times?|people|dollars?|euros?|pounds?|items?)\b", re.I)
_COUNTED = later(r"\b(?:step|item|line|part|point|paragraph) $", re.I)  # "Step 2: ..."
_NO_SUCH = later(r"no\s+[^\W\d_]", re.I)
_NONE_OF = later(
    r"\W*none of (?:the (?:above|labels|categories|options|classes|others|given \w+)|these|them)(?: (?:fits?|appl(?:y"
    r"|ies)))?\W*",
    re.I,
)
_MOST_NAMED = 500  # mentions of labels that are weighed, each by all that is said


def folded(text: str) -> str:
    """The text composed (NFC) and without invisible marks: what looks the same is the same.

    Case, white space, accents and compatibility forms ("m²", "①", full-width letters) stay: they can carry meaning.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _IDLE_JOINER.sub("", _INVISIBLE.sub("", text)))


def is_blank(text: str) -> bool:
    """Whether a text has nothing to read: white space, and marks that nobody sees."""
    return not folded(text).strip()


def spelled(text: str) -> str:
    """A label as it is told from others: folded, with single spaces (of any kind) inside and none around."""
    return " ".join(folded(text).split())


def caseless(text: str) -> str:
    """A label as metrics compare it: folded, in any case, without white space around it."""
    return folded(folded(text).casefold()).strip()


def comparable(text: str) -> str:
    """Text as duplicates and answers are compared: folded, and neither case nor white space counts."""
    return " ".join(folded(folded(text).casefold()).split())


def extracted(text: str, pattern: str) -> str:
    """The last match of a regular expression, its first group where it has one; the text itself without a match."""
    matches = list(re.finditer(pattern, text))
    if not matches:
        return text
    last = matches[-1]
    return ((last[1] if last.re.groups else last[0]) or "").strip()


def stated(reply: str, labels: Sequence[str]) -> int | None:
    """Which of `labels` a reply states, by its place; None where it states none, several, or leaves doubt.

    First the reply as a whole, without quotes, code fences, emphasis and punctuation around it: as it is spelled, then in
    any case, then with any separators, then without the label's own punctuation either. Else the one label that it
    mentions as words of their own, in a sentence that neither denies nor asks. A longer label hides a shorter one in it.
    """
    if (whole := spelled(reply)) in (spelt := [spelled(label) for label in labels]):
        return spelt.index(whole)
    if (reply, spelt) != (trimmed := as_whole(reply, spelt)):
        return stated(*trimmed)
    if (reply, spelt) != (lettered := as_options(reply, spelt)):
        return stated(*lettered)
    longest = max(map(len, labels), default=0)
    said = without_role(few_times(folded(without_thought(reply)), longest).strip(), spelt)
    if holds_mark(said) or on_another_scale(said, spelt):
        return None  # a thought that nothing ends; half of ten is no full mark of five
    if _TAGGED.search(said) and not any(map(_UNSPOKEN.search, spelt)):
        said = _UNSPOKEN.sub("", said)
    said = without_offer(said)
    for _ in range(3):  # \boxed{\text{...}}
        said = _TEX.sub(r"\1", said)
    text = _plain_signs(said.replace("\\_", "_")).strip()  # Markdown's escape, inside a label
    if (item := re.fullmatch(r"[-−‒–]\s+(\d.*)", text)) and f"-{item[1].rstrip(_END)}" in spelt:
        return None  # an item of a list, or a number below zero
    most = 4 * longest + 200  # letters of what may be a label and signs around it
    forms, asked = [form for form in _forms(text) if len(form) <= most], said.rstrip(END_SIGNS).endswith(ASKING_SIGNS)
    for form in (spelled(form) for form in _forms(said) if len(form) <= most):
        if form in spelt and (not asked or form.endswith(ASKING_SIGNS)):
            return spelt.index(form)
    if asked:
        return None
    if gives_nothing(said, [label.casefold() for label in spelt]):
        return None
    if (held := in_object(said)) is not None:
        given = stated(held[0], labels)
        others = [label for place, label in enumerate(spelt) if place != given]
        return None if any(says_so(label, held[1]) for label in others) else given
    inside = FENCE.fullmatch(said)
    keys = [bare(label) for label in spelt]
    if (one := as_marked(inside[1].strip() if inside else said, keys, bare)) is not None:
        return keys.index(one) if keys.count(one) == 1 else None
    if "none" in (low := [label.casefold() for label in spelt]) and _NONE_OF.fullmatch(text):
        return low.index("none") if low.count("none") == 1 else None
    for key in (comparable, _loose, bare):
        read = {key(form) for form in forms} - {""}
        found = {place for place, label in enumerate(labels) if key(label) in read}
        if found:
            return found.pop() if len(found) == 1 else None
    if (told := glossed(forms, spelt)) is not None:
        return told
    if judges_code(forms, spelt):
        return None
    if (mentioned := _mentioned(text, spelt) if text else None) is not None:
        return mentioned
    if (last := announced(text)) is not None and (named := _mentioned(last[1], spelt)) is not None:
        return named if stated(last[0], labels) in (None, named) else None
    first, named_first, below = headed(text)
    head = bare(named_first)
    alike = [place for place, label in enumerate(labels) if head and bare(label) == head]
    if first and not alike and (place := _mentioned(first, spelt)) is not None:
        alike, head = [place], bare(labels[place])
    denied = re.search(rf"(?:\b(?:not|no|never)|n't)\b[^.,;\n]{{0,20}}{re.escape(head)}", text[len(head) :], re.I)
    if len(alike) != 1 or (denied and not NEGATION.search(head)):
        return None
    if any(says_so(label, below) for place, label in enumerate(spelt) if place != alike[0] and bare(label) != head):
        return None  # "Spam", and below it "This text belongs to ham"
    return alike[0] if _mentioned(below, spelt) in (None, alike[0]) else None


def _forms(text: str) -> Iterator[str]:
    """A text, and what is left of it as what stands around it is taken off piece by piece."""
    while text:
        yield text
        inner = FENCE.fullmatch(text)
        if inner:
            text = inner[1].strip()
        elif len(text) > 4 and text[:2] == text[-2:] == "~~":
            return  # struck out
        elif len(text) > 2 and text[0] + text[-1] in PAIR_SIGNS:
            text = text[1:-1].strip()
        elif len(text) > 1 and text[-1] in _END:
            text = text[:-1].rstrip()
        elif len(text) > 1 and text[0] in "¿¡":
            text = text[1:].lstrip()
        elif bullet := _BULLET.match(text):
            text = text[bullet.end() :]
        else:
            return


def _loose(text: str) -> str:
    """Comparable, with one kind of separator between words, and with plain signs."""
    text = comparable(_plain_signs(folded(text))).replace(" & ", " and ")
    return re.sub(r"\s*/\s*", "/", re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", text))


def _plain_signs(text: str) -> str:
    """A text with the keyboard's hyphens, apostrophes, plus and number signs in the place of their other forms."""
    return _APOSTROPHE.sub("'", _DASH.sub("-", text.translate(_WIDE)))


def bare(text: str) -> str:
    """A label as a reply is read: loose, and without what stands around it."""
    *_, last = _forms(_loose(text)) if text.strip() else [""]
    return last


def _mentioned(text: str, labels: Sequence[str]) -> int | None:
    """The one label that a text mentions without denying it."""
    text = without_unspaced(without_sureness(unscaled(without_letter(text, labels), labels), labels))
    if any(re.match(r"not[\s_-]", label, re.I) for label in labels):  # "This isn't spam" of "not spam"
        text = re.sub(r"\b(is|are|was|were)n't\b", r"\1 not", text, flags=re.I)
        text = re.sub(r"([*_]{1,2})(not)\1(?= )", r"\2", text, flags=re.I)
    alike: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        alike.setdefault(bare(label), []).append(place)
    spans = [
        (*_with_its_signs(text, match.start(), match.end(), labels[places[0]]), key)
        for key, places in alike.items()
        if key
        for match in _pattern(labels[places[0]], key.replace(".", "") not in alike).finditer(text)
    ]
    spans = [
        span for span in spans if not (whole := _WHOLE.search(text, max(0, span[0] - 40), span[0])) or whole[1] not in alike
    ]
    free = [span for span in spans if stands_alone(text, *span[:2])]
    if len(free) > _MOST_NAMED:
        return None
    own = [(a, b, key) for a, b, key in free if not any(c <= a and b <= d and d - c > b - a for c, d, _ in free)]
    if (unlisted := without_lists(text, [(*dressed(text, a, b), key) for a, b, key in own])) != text:
        return _mentioned(unlisted, labels)
    talk = [one for one in own if is_topic_of_talk(one[2], text[: one[0]], text[one[1] :])]
    own = [one for one in own if one not in talk] or own
    own = [one for one in own if not is_by_the_way(text, *one[:2])] or own  # "is" of "The answer is not fr"
    if (said := set_off(text, [(*dressed(text, a, b), key) for a, b, key in own])) is not None:
        return _mentioned(said, labels)
    if any(goes_on(text, a, b, key, alike) or by_degree(text, a, b, key, alike) for a, b, key in own):
        return None
    # "no" is a word of any sentence, too: "Yes. There is no mention of it."
    plain = [
        one
        for one in own
        if not (_NO_SUCH.match(text, one[0]) and not stands_as_answer(text, *one[:2]))
        and not is_of_another(one[2], text[: one[0]], text[one[1] :])
        and not (
            one[2].isdigit() and (counts(text, *one[:2]) or _COUNTED.search(text[: one[0]]) or _COUNTS.match(text, one[1]))
        )
    ]
    own = plain or own
    if own and shows(text[: own[0][0]]):
        return None
    hidden = any(c <= a and b <= d and d - c > b - a for a, b, _ in own for c, d, _ in spans)  # "card" of "credit cards"
    if hidden or len({key for _, _, key in own}) != 1:
        return None
    if not all(affirmed(text, a, b, own) for a, b, _ in own):
        return None
    places = alike[own[0][2]]
    if len(places) == 1:
        return places[0]
    # labels that only case tells apart: it must be that of a text that has both
    written = {spelled(text[a:b]) for a, b, _ in own}
    exact = [place for place in places if {labels[place]} == written]
    same_words = len({comparable(labels[place]) for place in places}) == 1
    telling = text not in (text.lower(), text.upper(), text.title())
    return exact[0] if len(exact) == 1 and same_words and telling else None


@lru_cache(4096)
def _pattern(label: str, dotless: bool) -> re.Pattern[str]:
    """A label inside a text: in any case, with any separators between its words, without punctuation around it. `dotless`:
    an abbreviation ("U.S.") also without its dots."""
    *_, core = _forms(_plain_signs(label))
    words = re.split(r"(?<=\w)[\s_-]+(?=\w)", core)
    case = 0 if core in "AEIOUY" else re.I  # "This is a", cut off, does not say A
    tail = re.escape(label[-1]) + "?" if label[-1] == "." and core[-1] != "." else ""
    forms = [re.escape(word).replace(r"\ ", r"\s+").replace("/", r"\s*/\s*") for word in words]
    forms = ["(?:and|&)" if form.casefold() == "and" else form.replace(r"\s+\&", r"\s+(?:&|and)") for form in forms]
    forms = [form.replace("%", r"\s?%") for form in forms]
    if words[0].casefold() == "not":
        forms[0] += r"(?:[\s_-]+an?)?"
    short = f"|(?-i:{label.replace('.', '')})" if dotless and _ABBREVIATION.fullmatch(label) else ""
    return later(r"[\s_-]+".join(forms) + tail + short, case)


def _with_its_signs(text: str, start: int, end: int, label: str) -> tuple[int, int]:
    """Where a label stands with the signs around it that are its own: "<positive>"."""
    plain = _plain_signs(label)
    *_, core = _forms(plain)
    before, _, behind = plain.partition(core)
    if before and behind and text[:start].endswith(before) and text.startswith(behind, end):
        return start - len(before), end + len(behind)
    return start, end
