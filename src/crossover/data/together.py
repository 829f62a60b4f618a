"""Columns that many data sets share, by their names: which of them are the input together, and which one is the output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from crossover.data.columnnames import judges, read
from crossover.data.template import columns_of
from crossover.errors import DataError

_PROMPTED = (
    ("input", "output"),
    ("input", "response"),
    ("input", "completion"),
    ("query", "response"),
    ("query", "output"),
)
# layouts with their output: their columns, and the input and the output that they stand for
LAYOUTS = [
    *(
        ("Alpaca", ("instruction", "input", answer), "{instruction}\n{input}", answer)
        for answer in ("output", "response", "answer", "completion", "target")
    ),
    *(("Alpaca", ("prompt", given, answer), f"{{prompt}}\n{{{given}}}", answer) for given, answer in _PROMPTED),
    ("Dolly", ("instruction", "context", "response"), "{instruction}\n{context}", "response"),
    ("a text and its context", ("question", "context", "answer"), "{question}\n{context}", "answer"),
    ("a text and its context", ("question", "context", "answers"), "{question}\n{context}", "answers"),
    *(
        ("a text and its target", (of, "target", said), f"{{{of}}}\n{{target}}", said)
        for of in ("text", "tweet", "sentence", "post")
        for said in ("stance",)
    ),
    ("rated answers", ("q", "a", "label"), "{q}\n{a}", "label"),
    ("questions and answers", ("q", "a"), "{q}", "a"),
    ("problems, their solutions and answers", ("problem", "solution", "answer"), "{problem}", "answer"),
]
# columns of which each says little without the other, whatever the output is called
PAIRED = [
    *((of, "hypothesis") for of in ("premise", "premises", "context", "text")),
    *((of, "conclusion") for of in ("premises", "premise")),
    *((of, "claim") for of in ("document", "context", "passage", "article", "abstract")),
    *(("claim", "evidence"), ("query", "passage"), ("query", "document"), ("ctx", "endings"), ("question", "sentence")),
    *(
        (f"{of}{one}", f"{of}{two}")
        for of in ("sentence", "question", "text", "query")
        for one, two in (("1", "2"), ("a", "b"), ("_1", "_2"), ("_a", "_b"))
    ),
    *(("question", other) for other in ("context", "passage", "document", "article", "story", "paragraph", "support")),
    *(("qtext", "atext"), ("sent_more", "sent_less")),
    *(
        (of, other)
        for of in ("question", "content", "text", "sentence", "context", "query", "prompt", "problem")
        for other in ("choices", "options", "candidates", "endings")
    ),
    *(("question_stem", other) for other in ("choices", "options")),
    *((of, aspect) for of in ("text", "sentence", "review") for aspect in ("aspect", "aspect_term", "aspect term")),
]
# a heading and its text, where another column is sure to be the output
HEADED = [
    *(("subject", body) for body in ("body", "message", "text", "content", "description")),
    *(("title", body) for body in ("body", "description", "content", "abstract", "selftext", "text", "article")),
    *(("headline", body) for body in ("body", "text", "content", "article")),
    *((f"{of}1", f"{of}2") for of in ("q", "s", "t", "str")),
]
# what is asked, and what answers it: other columns (a category, an intent) tell of both
_POSED = ("instruction", "prompt", "question", "query", "problem")
_REPLIES = ("response", "answer", "completion", "reply", "output", "solution")
# what is read, what is asked about it, and a list of what may be answered: where a file has all three
READ = ("passage", "context", "article", "story", "paragraph", "document", "premise")
POSED, LISTED = ("question", "query", "problem"), ("choices", "options", "candidates", "endings")
LETTERS = "abcdefgh"  # columns of choices
# what is asked, above choices that have a column each: "ending0" to "ending3", "option_a", "choice1"
_ASKED_ABOVE = (
    "article",
    "context",
    "passage",
    "ctx",
    "premise",
    "goal",
    "startphrase",
    "sentence",
    "question",
    "prompt",
    "text",
)
_CHOICE = re.compile(r"(ending|option|choice|candidate|sol|opt?|alternative|ans(?:wer)?)s?[ _-]?(\d|[a-h])")
_THIRD = {"a": "c", "1": "3", "0": "2"}  # by the first of several answers
# two of a kind: "sent_A" and "sent_B", "text_left" and "text_right", "#1 String" and "#2 String"
_OTHERS = {"1": "2", "a": "b", "left": "right", "first": "second", "one": "two"}
_OF_TWO = re.compile(r"(?<![a-z0-9])(a|left|first|one)(?![a-z0-9])|(?<!\d)(1)(?!\d)")
_A_TEXT = re.compile(
    r"(?:^|[ _#.-]|\d)(?:sent|sentence|text|question|query|string|phrase|statement|utterance|doc|document|passage)s?"
    r"(?![a-z])"
)
_SENSED = ("word", "target_word", "lemma")  # that stand in two texts, perhaps in two senses
ANSWERS = ("human_ref", "conversation", "response", "answer", "completion", "output", "reply", "generation", "summary")
BETTER = (
    "winner",
    "preference",
    "preferred",
    "better",
    "choice",
    "chosen",
    "label",
    "judgment",
    "judgement",
    "verdict",
    "labels",
)
ASKED = ("prompt", "question", "instruction", "input", "query", "history")


OUTCOME = re.compile(r"(?:winner|preferred|better)[_ ]", re.I)  # begins each of several columns that say it together


@dataclass(frozen=True)
class Together:
    """A template for the input; the `output` column, or "" where that is any other; what the layout is called. `headed`: it
    holds only where another column is the output."""

    input: str
    output: str
    layout: str
    hint: str = ""
    headed: bool = False
    posed: bool = False  # a question whose choices have columns of their own
    columns: tuple[str, ...] = ()  # all that it names: none of them is another output


def together(columns: Mapping[str, object]) -> Together | None:
    """The layout that the names of the columns are, in any case. Raises `DataError` for a comparison of two answers whose
    outcome stands in several columns."""
    named = _by_name(columns)
    for layout, needed, template, output in LAYOUTS:
        if all(name in named for name in needed):
            return Together(_own(template, named), named[output], layout, columns=tuple(named[name] for name in needed))
    if (found := _compared(named)) is not None:
        return found
    if found := _choices(named):
        return found
    asked = [next((name for name in known if name in named), "") for known in (READ, POSED, LISTED)]
    if all(asked):
        return Together("\n".join(f"{{{named[name]}}}" for name in asked), "", "a question and its choices")
    for pairs, headed in ((PAIRED, False), (_two_of_a_kind(named), False), (HEADED, True)):
        for singular in pairs:
            pair = tuple(name if headed or name in named else f"{name}s" for name in singular)  # also lists of them
            if all(name in named for name in pair):
                lines = "\n".join(f"{{{named[name]}}}" for name in [*_sensed(pair, named), *_run(pair, named)])
                return Together(lines, "", "texts that belong together", headed=headed)
    labels = [name for name in named if read(name).role == "label" and read(name).whose in ("", "gold")]
    both = _rated({name: own for name, own in named.items() if name != "output"})
    if len(labels) == 1 and both is not None:
        return Together(both, named[labels[0]], "rated answers")
    return None


def rated(columns: Sequence[str], output: str) -> str | None:
    """What is asked and what is answered, where an output says something of the answer; None where nothing tells so."""
    told = judges(output) or read(output).role in ("label", "rating", "weak")
    return _rated(_by_name(columns)) if told else None


def _by_name(columns: Iterable[str]) -> dict[str, str]:
    """Lower name -> column, of those that a template can name; the first of two."""
    return {name.lower().strip(): name for name in reversed(list(columns)) if not re.search(r"[{}]", name)}


def _rated(named: Mapping[str, str]) -> str | None:
    asks, answers = (next((name for name in known if name in named), "") for known in (_POSED, _REPLIES))
    given = [name for name in named if read(name).role == "context" and read(name).whose != "second"]
    if not (asks and answers):
        return None
    chosen = _choices(named)  # an answer may be one of them, and may have to keep to what it is given
    also = [name for name in (*(("input",) if asks == "instruction" else ()), *LISTED) if name in named]
    posed = chosen.input.split("\n") if chosen else [f"{{{named[name]}}}" for name in (asks, *also)]
    before = [f"{{{named[name]}}}" for name in given] if len(given) == 1 else []
    return "\n".join(dict.fromkeys([*before, *posed, f"{{{named[answers]}}}"]))


def _choices(named: Mapping[str, str]) -> Together | None:
    """What is asked, and choices that have a column each, behind the sign that names each."""
    letters = list(takewhile(named.__contains__, LETTERS)) if "question" in named else []
    found: dict[str, list[tuple[str, str]]] = {"": [(letter, named[letter]) for letter in letters]}
    for name, own in named.items():
        if match := _CHOICE.fullmatch(name):
            found.setdefault(match[1], []).append((match[2], own))
    kind, choices = max(found.items(), key=lambda item: len(item[1]))
    asked = [named[name] for name in _ASKED_ABOVE if name in named]
    if len(choices) < 2 or not asked:
        return None
    lines = [f"{{{name}}}" for name in asked]
    lines += [f"{sign.upper() if kind else own}: {{{own}}}" for sign, own in sorted(choices)]
    headed = kind.startswith("ans")  # else they may all be right
    return Together("\n".join(lines), "", "a question and its choices", headed=headed, posed=True)


def _two_of_a_kind(named: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names of two texts that differ only in which of the two they are, the shortest first."""
    found = []
    for name in named:
        for match in _OF_TWO.finditer(name) if _A_TEXT.search(name) else ():
            other = f"{name[: match.start()]}{_OTHERS[match[0]]}{name[match.end() :]}"
            found += [(name, other)] if other in named else []
    return sorted(found, key=lambda pair: len(pair[0]))


def _sensed(pair: Sequence[str], named: Mapping[str, str]) -> list[str]:
    """The word whose sense two texts are compared by, where a label stands beside: without it nobody can tell."""
    words = [name for name in _SENSED if name in named]
    labelled = any(read(name).role == "label" for name in named if name not in (*pair, *words))
    return (
        words[:1] if labelled and _A_TEXT.search(pair[0]) and _A_TEXT.search(pair[1]) and pair[0][:4] == pair[1][:4] else []
    )


def _run(pair: Sequence[str], named: Mapping[str, str]) -> list[str]:
    """The columns of a pair, and those that only have higher numbers."""
    found, stem = list(pair), pair[0].removesuffix("1")
    if pair == (f"{stem}1", f"{stem}2"):
        found += takewhile(named.__contains__, (f"{stem}{number}" for number in range(3, 100)))
    return found


def shown(template: str) -> str:
    """The columns of a template, named for a reader."""
    return " and ".join(f"'{name}'" for name in columns_of(template))


def _compared(named: Mapping[str, str]) -> Together | None:
    """Two answers to one prompt, and which is the better."""
    ends = [("_a", "_b"), ("_1", "_2"), ("a", "b"), ("1", "2"), ("_0", "_1")]
    pairs = [(f"{answer}{one}", f"{answer}{two}") for answer in ANSWERS for one, two in ends]
    pair = next((pair for pair in pairs if all(name in named for name in pair)), None)
    if pair is None or f"{pair[0][:-1]}{_THIRD.get(pair[0][-1], pair[0])}" in named:  # of more than two, one is right
        return None
    outcome = next((name for name in BETTER if name in named), None)
    several = [name for name in named if OUTCOME.match(name)]
    if outcome is None and len(several) > 1:
        names = ", ".join(f"'{named[name]}'" for name in several)
        raise DataError(
            f"which of '{named[pair[0]]}' and '{named[pair[1]]}' is the better stands in several columns ({names}); valid"
            " is one, such as 'winner'"
        )
    outcome = outcome or next(iter(several), None)
    if outcome is None:
        return None
    asked = [f"{{{name}}}" for name in ASKED if name in named][:1]
    template = "\n".join([*asked, *(f"{name}: {{{name}}}" for name in pair)])
    hint = "; to give the better answer instead, have it in a column 'chosen' and the other in 'rejected'"
    return Together(_own(template, named), named[outcome], "which of two answers is the better", hint)


def _own(template: str, named: Mapping[str, str]) -> str:
    """A template with the names as the file has them."""
    return re.sub(r"\w+", lambda match: named[match[0]], template)
