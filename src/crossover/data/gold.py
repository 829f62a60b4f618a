"""Inputs that hold their own output: put there, which is refused, or perhaps as a word of the text, which is doubted."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossover.data.chat import turns_in
from crossover.data.columnnames import read
from crossover.data.compared import compared
from crossover.data.looks import of_few
from crossover.data.template import canonical
from crossover.data.text import comparable
from crossover.data.words import length
from crossover.types import Example

SHOWN = 0.95  # of the inputs hold their own output: a sign that it was put there
WRITTEN = 6  # words of an output that an input seldom holds by chance
ENOUGH = 20  # rows: in so many no sign stands by chance
TRIED = 40  # signs that may begin JSON
_DECODER = json.JSONDecoder()
_RUN = re.compile(r"[^\W_]+")
_OPENS, _SCRIPT = re.compile(r"[\[{]"), re.compile(r"<script[^>]*>\s*$", re.I)
_NAMES = r"labels?|answer|class|category|gold|target|output|ground[ _-]?truth|expected|correct(?: answer)?|solution"
_OTHERS = "sentiment|rating|score|stars|grade|intent|topic|emotion|polarity|stance|verdict|type|kind|tag|queue"  # of labels
_REPLIES = "response|reply|completion|summary"
_MARK = r"[\"'*_\])]*\s*(?:(?:is|are)\b|[:=|>]|->|→)\s*[\"'*_\[({]*\s*"


@dataclass(frozen=True)
class Shown:
    """The rows whose inputs hold their own output. `planted`: all in the place of an answer, so that none is a word of its
    text. `example`: how it stands in one."""

    rows: tuple[str, ...]
    planted: bool
    example: str = ""


def labels_shown(examples: Sequence[Example], column: str) -> Shown | None:
    """Whether nearly all inputs hold their own label and no other. `column`: the output's, which may announce it. Labels of
    one sign, where the rows are too many for chance."""
    texts, golds = [compared(example) for example in examples], [comparable(e.output) for e in examples]
    labels = set(golds)
    if len(labels) < 2:
        return None
    said = _named(column, _OTHERS)
    rows, held = list(zip(examples, texts, golds, strict=True)), _Held(labels)
    found = _alone(rows, held, lambda label: f"{said}{re.escape(label)}(?!\\w)|{_set_off(label)}")
    if found:
        _, place = found[0]
        return Shown(tuple(example.source for example, _ in found), planted=True, example=place[0].strip())
    if any(len(label) < 2 for label in labels) and len(examples) < ENOUGH:
        return None
    alone = _alone(rows, held, lambda label: rf"(?<![^\W_]){re.escape(label)}(?![^\W_])")  # also of "spam_12"
    return Shown(tuple(example.source for example, _ in alone), planted=False) if alone else None


def texts_shown(examples: Sequence[Example], column: str) -> Shown | None:
    """Whether nearly all outputs are more than a few words, and stand whole in their inputs: a span would be one of the
    input, but for one that is announced as the answer and ends it, of any length."""
    texts, golds = [compared(example) for example in examples], [comparable(e.output) for e in examples]
    said = re.compile(rf"(?<!\w)(?:{_NAMES}|{_REPLIES}){_MARK}$|(?<!\w)q\s*[:.].*(?<!\w)a{_MARK}$", re.S)
    heads = [_head(text, gold) for text, gold in zip(texts, golds, strict=True)]
    found = [(example, head) for example, head in zip(examples, heads, strict=True) if said.search(head)]
    if found and len(found) >= SHOWN * len(examples):
        return Shown(tuple(example.source for example, _ in found), planted=True, example=f"{found[0][1][-20:].strip()}…")
    held = [
        (example, text, gold)
        for example, text, gold in zip(examples, texts, golds, strict=True)
        if length(example.output) >= WRITTEN and gold in text
    ]
    if not held or len(held) < SHOWN * len(examples):
        return None
    before = re.compile(f"{_named(column, _REPLIES)}$")
    ends = [text[: -len(gold)] for _, text, gold in held if text.endswith(gold)]
    planted = len(ends) >= SHOWN * len(examples) and all(before.search(text) for text in ends)
    return Shown(tuple(example.source for example, _, _ in held), planted, ends[0][-20:] + "…" if planted else "")


def _head(text: str, gold: str) -> str:
    """What stands before an output that ends its input; "" where none does."""
    ends = next((end for end in (text, text.rstrip(".!;\"'*)] ")) if gold and end.endswith(gold)), "")
    return ends[: len(ends) - len(gold)]


def objects_shown(examples: Sequence[Example]) -> Shown | None:
    """Whether nearly all inputs hold the JSON object that is their output, however it is spaced and sorted. One that is a
    part of more JSON, or of a page's scripts, may be what is to be found in it."""
    found = [(example, _objects(example.input)) for example in examples]
    rows = tuple(one.source for one, (alone, parts) in found if one.output in alone or one.output in parts)
    if len(rows) < SHOWN * len(examples):
        return None
    planted = sum(example.output in alone for example, (alone, _) in found) >= SHOWN * len(examples)
    return Shown(rows, planted, f"{examples[0].output[:20]}…" * planted)


def parts_of(column: str, value: Any) -> dict[str, str]:
    """What an object says, field by field, and which one of several is marked there ("choices.is_correct": the place of the
    only true one); nothing of any other value. Names are dotted."""
    found: dict[str, str] = {}
    if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        value = {name: [one.get(name) for one in value] for name in dict.fromkeys(name for one in value for name in one)}
    for name, held in value.items() if isinstance(value, Mapping) else ():
        if isinstance(held, list):
            if held.count(True) == 1 and held.count(False) == len(held) - 1:  # also 1 and 0
                found[f"{column}.{name}"] = str(held.index(True))
        elif isinstance(held, (str, int, float)):
            found[f"{column}.{name}"] = str(held)
    return found


def labels_within(column: str, values: Sequence[Any], outputs: Collection[str]) -> str | None:
    """The field of the objects in a column's lists that says an output of each ("evidences.verdict"): it is called a label,
    and comes twice in a row, which letters of choices do not. `values`: of each row."""
    held: dict[str, list[list[str]]] = {}
    for row, value in enumerate(values):
        for one in turns_in(value) or []:
            for name, said in one.items() if isinstance(one, Mapping) else ():
                if read(name).role == "label":
                    held.setdefault(name, [[] for _ in values])[row].append(str(said).strip())
    for name, rows in held.items():
        said = {text for row in rows for text in row}
        if len(said) > 1 and said <= {text.strip() for text in outputs} and any(len(set(row)) < len(row) for row in rows):
            return f"{column}.{name}"
    return None


def telling_column(columns: Sequence[str], rows: Sequence[Mapping[str, str]], outputs: Sequence[str]) -> str | None:
    """The column of an input of several that says the output in other words: each of its values goes with one output, and
    each output with one value. `rows`: the values of the columns."""
    for column in columns if len(columns) > 1 else ():
        values = [row.get(column, "") for row in rows]
        pairs = set(zip(values, outputs, strict=True))
        if of_few(values) and len(pairs) == len(set(values)) == len(set(outputs)):
            return column
    return None


def _objects(text: str) -> tuple[set[str], set[str]]:
    """The JSON objects in a text, as canonical JSON, of many the first ones: those that stand alone, and those that are a
    part of a list, of another object, or of a page."""
    alone, parts, end = set[str](), set[str](), 0
    for found in itertools.islice(_OPENS.finditer(text), TRIED):
        if (at := found.start()) < end:
            continue
        try:
            value, end = _DECODER.raw_decode(text, at)
            while isinstance(value, list) and len(value) == 1:
                [value] = value
            held = list(_objects_in(value))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and not _SCRIPT.search(text[:at]):
            alone.add(held.pop(0))
        parts.update(held)
    return alone, parts


def _objects_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield canonical(value)
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects_in(one)


class _Held:
    """Which of many labels a text may hold as words: only those whose rarest run of letters and digits is one of its runs,
    as no pattern for a label begins or ends inside a run."""

    def __init__(self, labels: Collection[str]) -> None:
        runs = {label: _RUN.findall(label) for label in labels}
        common = Counter(run for found in runs.values() for run in set(found))
        self._by_run: defaultdict[str, list[str]] = defaultdict(list)
        for label in labels:  # one of signs alone is looked for in each
            self._by_run[min(runs[label], key=lambda run: (common[run], run), default="")].append(label)

    def labels(self, text: str) -> Iterator[str]:
        for run in {"", *_RUN.findall(text)} & self._by_run.keys():
            yield from (label for label in self._by_run[run] if label in text)


def _alone(
    rows: Sequence[tuple[Example, str, str]], held: _Held, pattern: Callable[[str], str]
) -> list[tuple[Example, re.Match[str]]]:
    """The rows (example, text, label) in whose text their label's pattern is found and no other label's, each with where;
    none where they are not nearly all. A pattern has its label in it, which is quickly looked for; and many labels times
    many rows are too many patterns, so the first rows that are too many without their own end it."""
    found: list[tuple[Example, re.Match[str]]] = []
    spare = len(rows) - SHOWN * len(rows)
    compiled = cache(lambda label: re.compile(pattern(label)))
    for number, (example, text, gold) in enumerate(rows):
        if number - len(found) > spare + 1:  # one more, as the share is no whole number
            return []
        place = compiled(gold).search(text) if gold in text else None
        if place and not any(compiled(label).search(text) for label in held.labels(text) if label != gold):
            found.append((example, place))
    return found if len(found) >= SHOWN * len(rows) else []


def _named(column: str, more: str = "") -> str:
    """What announces an answer: "label: ", "the answer is ", or the output's column."""
    names = "|".join(filter(None, (_NAMES, more, re.escape(comparable(column)))))
    return rf"(?<!\w)(?:{names}){_MARK}"


def _set_off(label: str) -> str:
    """A label that begins its text, or ends it, with a sign that divides it from the rest: "[spam] ...", "... | spam"."""
    own = re.escape(label)
    return rf"^(?:__label__{own}(?!\w)|[\[(<{{]{own}[\])>}}]|{own}\s*[:|>\t]\s)|[|=>→#\[{{(]\s*{own}[\]}})]?$"
