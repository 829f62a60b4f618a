"""Inputs that hold their own output: put there, which is refused, or perhaps as a word of the text, which is doubted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crossover.data.text import comparable
from crossover.data.words import length
from crossover.types import Example

SHOWN = 0.95  # of the inputs hold their own output: a sign that it was put there
WRITTEN = 6  # words of an output that an input seldom holds by chance
MANY = 200  # labels: more are not looked for in every input
_NAMES = r"labels?|answer|class|category|gold|target|output|ground[ _-]?truth|expected|correct(?: answer)?|solution"
_MARK = r"[\"'*_\])]*\s*(?:(?:is|are)\b|[:=|>]|->|→)\s*[\"'*_\[({]*\s*"


@dataclass(frozen=True)
class Shown:
    """The rows whose inputs hold their own output. `planted`: all in the place of an answer, so that none is a word of its
    text. `example`: how it stands in one."""

    rows: tuple[str, ...]
    planted: bool
    example: str = ""


def labels_shown(examples: Sequence[Example], column: str) -> Shown | None:
    """Whether nearly all inputs hold their own label and no other. `column`: the output's, which may announce it."""
    texts, golds = [comparable(example.input) for example in examples], [comparable(e.output) for e in examples]
    labels = set(golds)
    if not 2 <= len(labels) <= MANY:
        return None
    marked = {label: re.compile(f"{_named(column)}{re.escape(label)}(?!\\w)|{_set_off(label)}") for label in labels}
    if found := _planted(examples, texts, golds, marked):
        return found
    if any(len(label) < 2 for label in labels):
        return None
    words = {label: re.compile(rf"(?<![^\W_]){re.escape(label)}(?![^\W_])") for label in labels}  # also of "spam_12"
    rows = tuple(
        example.source
        for example, text, gold in zip(examples, texts, golds, strict=True)
        if [label for label, pattern in words.items() if pattern.search(text)] == [gold]
    )
    return Shown(rows, planted=False) if len(rows) >= SHOWN * len(examples) else None


def texts_shown(examples: Sequence[Example], column: str) -> Shown | None:
    """Whether nearly all outputs are more than a few words, and stand whole in their inputs: a span would be one of the
    input, but for one that is announced as the answer and ends it."""
    texts, golds = [comparable(example.input) for example in examples], [comparable(e.output) for e in examples]
    held = [
        (example, text, gold)
        for example, text, gold in zip(examples, texts, golds, strict=True)
        if length(example.output) >= WRITTEN and gold in text
    ]
    if not held or len(held) < SHOWN * len(examples):
        return None
    before = re.compile(f"{_named(column, 'response|reply|completion|summary')}$")
    ends = [text[: -len(gold)] for _, text, gold in held if text.endswith(gold)]
    planted = len(ends) >= SHOWN * len(examples) and all(before.search(text) for text in ends)
    return Shown(tuple(example.source for example, _, _ in held), planted, ends[0][-20:] + "…" if planted else "")


def _planted(
    examples: Sequence[Example], texts: Sequence[str], golds: Sequence[str], marked: dict[str, re.Pattern[str]]
) -> Shown | None:
    rows = zip(examples, texts, golds, strict=True)
    found = [
        (example, place)
        for example, text, gold in rows
        if (place := marked[gold].search(text))
        and not any(mark.search(text) for label, mark in marked.items() if label != gold)  # it lists all labels
    ]
    if len(found) < SHOWN * len(examples):
        return None
    _, place = found[0]
    return Shown(tuple(example.source for example, _ in found), planted=True, example=place[0].strip())


def _named(column: str, more: str = "") -> str:
    """What announces an answer: "label: ", "the answer is ", or the output's column."""
    names = "|".join(filter(None, (_NAMES, more, re.escape(comparable(column)))))
    return rf"(?<!\w)(?:{names}){_MARK}"


def _set_off(label: str) -> str:
    """A label that begins its text, or ends it, with a sign that divides it from the rest: "[spam] ...", "... | spam"."""
    own = re.escape(label)
    return rf"^(?:__label__{own}(?!\w)|[\[(<{{]{own}[\])>}}]|{own}\s*[:|>\t]\s)|[|=>→#\[{{(]\s*{own}[\]}})]?$"
