"""What can be compared of served answers with those on test where nobody says which are right: which labels come how often,
how long texts are, how many of their words are new.

A text's length, or its share of new words, becomes its place among the test rows', from 0 to 1: the share of them that are
below it, equal ones counting half. On test the mean of these places is 1/2; of a stream it is the probability that one of
its rows has more than one of test (Mann and Whitney 1947), whatever the law of lengths is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crossover.data.text import caseless
from crossover.data.words import length, words
from crossover.evaluation.drift import Watched, changed

Answer = tuple[str, str | None]  # an input, and what was answered; None where the call failed
LEAST = 5  # test rows with an answer: one with fewer is counted among the others
MOST = 20  # answers that are looked at by themselves, the most frequent on test


@dataclass(frozen=True)
class Shape:
    """One thing to compare: the numbers of test rows and of served ones, in [0, 1]. `kind`: "answer" (the share of rows
    with the answer `what`), "others" (with any other answer), "length" or "words" (places among the test rows), "failed"
    (the share of calls that failed). `side`: "input" or "output"."""

    side: str
    kind: str
    what: str
    test: Sequence[float]
    served: Sequence[float]


def compared(
    test: Sequence[Answer], served: Sequence[Answer], labels: bool, alpha: float, late: float, design: float = 1.0
) -> list[tuple[Shape, Watched]]:
    """All shapes of answers to different inputs, each with how it stands: what is shown to be otherwise first.

    Without a change any is said of at most `alpha` + `late` of streams, whenever one looks (`drift.changed`); half of that
    is for inputs, half for answers, and in each the same for every shape. `labels`: answers are labels.
    """
    answered, given = ([answer for _, answer in side if answer is not None] for side in (test, served))
    failed, missed = ([answer is None for _, answer in side] for side in (test, served))
    sides = [
        of_inputs([text for text, _ in test], [text for text, _ in served]),
        [of_failures(failed, missed), *of_outputs(answered, given, labels)],
    ]
    found = []
    for side in sides:
        share = 1 / len(sides) / len(side)
        for one in side:
            binary = one.kind in ("answer", "others", "failed")
            found.append((one, changed(one.test, one.served, share * alpha, share * late, design, binary)))
    return sorted(found, key=lambda pair: (pair[1].proven is None, -abs(pair[1].difference)))


def of_inputs(test: Sequence[str], served: Sequence[str]) -> list[Shape]:
    """How long inputs are, and how many of their words no other input of the test rows has."""
    counted = Counter(word for text in test for word in _words(text))
    places = _placed([_new(_words(text), counted, 1) for text in test])
    new = [places(_new(_words(text), counted, 0)) for text in served]
    own = [places(_new(_words(text), counted, 1)) for text in test]
    return [_lengths("input", test, served), Shape("input", "words", "", own, new)]


def of_outputs(test: Sequence[str], served: Sequence[str], labels: bool) -> list[Shape]:
    """How often each answer comes where they are `labels`, else how long answers are."""
    if not labels:
        return [_lengths("output", test, served)]
    counted = Counter(test)
    named = [answer for answer, count in counted.most_common(MOST) if count >= LEAST]
    found = [_share(answer, [one == answer for one in test], [one == answer for one in served]) for answer in named]
    rest = [[float(one not in named) for one in side] for side in (test, served)]
    if any(rest[0]) or any(rest[1]):
        return [*found, Shape("output", "others", "", *rest)]
    return found[:1] if len(found) == 2 else found  # of two answers, the one's share says the other's


def of_failures(test: Sequence[bool], served: Sequence[bool]) -> Shape:
    """How often a call failed."""
    return Shape("output", "failed", "", list(map(float, test)), list(map(float, served)))


def _share(answer: str, test: Sequence[bool], served: Sequence[bool]) -> Shape:
    return Shape("output", "answer", answer, list(map(float, test)), list(map(float, served)))


def _lengths(side: str, test: Sequence[str], served: Sequence[str]) -> Shape:
    places = _placed([length(text) for text in test])
    return Shape(side, "length", "", [places(length(t)) for t in test], [places(length(t)) for t in served])


def _placed(values: Sequence[float]) -> Callable[[float], float]:
    """A number's place among others."""
    ordered = sorted(values)

    def place(value: float) -> float:
        return (bisect_left(ordered, value) + bisect_right(ordered, value)) / (2 * len(ordered))

    return place


def _words(text: str) -> set[str]:
    """Its words without those with digits: dates and running numbers are new every day."""
    return {word for word in words(caseless(text)) if not any(map(str.isdigit, word))}


def _new(found: set[str], counted: Counter[str], own: int) -> float:
    """The share of a text's words that no other text has; `own`: how often it was counted itself."""
    return sum(counted[word] <= own for word in found) / len(found) if found else 0.0
