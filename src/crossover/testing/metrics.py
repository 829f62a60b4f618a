"""The contract of a metric, as a check that another package's tests call: `check_metric(MyMetric())`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from crossover.metrics.base import Aggregate, Judging, Metric
from crossover.types import Counts, Kind, Reply, Score

GOLDS = {
    "classify": ("billing", "late delivery"),
    "extract": ('{"date": "7 August", "people": "4"}', '{"name": "Ines"}'),
    "generate": ("The parcel leaves the depot on Monday morning.", "42"),
}


def check_metric(metric: Metric, golds: Sequence[str] | None = None) -> None:
    """Check that a metric keeps its contract (`crossover.metrics.base.Metric`).

    `golds`: gold outputs to try; without them, two for each kind of task that the metric declares.
    Raises `AssertionError` with a sentence that names what is wrong.
    """
    assert not isinstance(metric, type), (
        f"{metric.__name__} is a class; valid is a metric that is made of it, as in MyMetric()"
    )
    name = type(metric).__name__
    _check_declaration(metric, name)
    if isinstance(metric, Judging):
        _check_judging(metric, name)
        return
    tried = list(golds) if golds is not None else [gold for kind in metric.kinds for gold in GOLDS[kind]]
    answers = {
        "an empty answer": "",
        "white space": " \n\t",
        "an answer of 10,000 characters": ("lorem ipsum " * 834)[:10_000],
        "10,000 opening braces": "{" * 10_000,
        "an answer outside ASCII": "déjà vu, 日本語 🙂\u0000",
    }
    for gold in tried:
        perfect = _scored(metric, gold, gold, f"{name} on the gold output {gold!r} itself")
        assert perfect.value == 1, f"{name} gives the perfect answer {gold!r} the value {perfect.value}; it must be 1"
        assert perfect.valid, f"{name} calls the perfect answer {gold!r} not valid"
        given = [_scored(metric, gold, answer, f"{name} on {what} to {gold!r}") for what, answer in answers.items()]
        given += [_scored(metric, gold, other, f"{name} on the answer {other!r} to {gold!r}") for other in tried]
        assert any(score.value < 1 for score in given), f"{name} gives 1 to every answer to {gold!r}: it tells none apart"


def _check_declaration(metric: Any, name: str) -> None:
    known = dataclasses.is_dataclass(metric)
    assert known, f"{name} must be a dataclass: its typed fields are its options"
    assert type(metric).__dataclass_params__.frozen, f"{name} must be frozen: @dataclass(frozen=True)"
    for attribute in ("kinds", "aggregate", "binary", "score"):
        assert hasattr(metric, attribute), f"{name} does not declare '{attribute}'"
    own = {field.name for field in dataclasses.fields(metric)}
    for attribute in ("kinds", "aggregate", "binary"):
        assert attribute not in own, f"{name}.{attribute} must be a ClassVar: as a field it would be an option"
    kinds, aggregates = get_args(Kind), get_args(Aggregate)
    good = isinstance(metric.kinds, tuple) and metric.kinds and all(kind in kinds for kind in metric.kinds)
    assert good, f"{name}.kinds is {metric.kinds!r}; valid is a tuple of {', '.join(kinds)}, at least one"
    assert metric.aggregate in aggregates, f"{name}.aggregate is {metric.aggregate!r}; valid: {', '.join(aggregates)}"
    assert isinstance(metric.binary, bool), f"{name}.binary is {metric.binary!r}; valid: True or False"
    assert not metric.binary or metric.aggregate == "mean", f"{name} is binary, so its aggregate must be 'mean'"


def _check_judging(metric: Judging, name: str) -> None:
    """A judge states what it asks, and reads each of its grades, and nothing else, as a score."""
    asked = [metric.request("Where is it?", "at the depot", "in the depot", first) for first in (False, False, True)]
    assert asked[0] == asked[1], f"{name}.request gave two requests for the same answer; it must be pure"
    assert asked[0] != asked[2], f"{name}.request asks the same whether the answer stands first or not"
    values = []
    for grade in metric.grades:
        score = metric.verdict(Reply(grade))
        assert isinstance(score, Score), f"{name}.verdict gives no Score for its own grade {grade!r}"
        values.append(score.value)
    assert values == sorted(values), f"{name} gives its grades the values {values}; valid is from the worst to the best"
    assert (values[0], values[-1]) == (0, 1), f"{name} gives its grades the values {values}; valid is from 0 to 1"
    for reply in (Reply("neither here nor there"), Reply(error="it failed")):
        assert metric.verdict(reply) is None, f"{name}.verdict makes a score of {reply}; a failure is never a score"


def _scored(metric: Metric, gold: str, answer: str, where: str) -> Score:
    """Score twice and check what comes back; `where` opens the sentence of a failure."""
    try:
        score, again = metric.score(gold, answer), metric.score(gold, answer)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # one that ends the program is no `Exception`
        raise AssertionError(f"{where}: raised {type(error).__name__}: {error}; every answer needs a score") from error
    assert isinstance(score, Score), f"{where}: returned {type(score).__name__}; valid is a Score"
    number = isinstance(score.value, (int, float)) and 0 <= score.value <= 1
    assert number, f"{where}: the value is {score.value!r}; valid is a number from 0 to 1"
    assert score == again, f"{where}: two calls gave {score} and {again}; a metric must be pure"
    assert not metric.binary or score.value in (0, 1), f"{where}: the value is {score.value}, but binary allows 0 and 1"
    if metric.aggregate != "mean":
        empty_pair = score.value == 1 or not score.valid
        assert score.counts or empty_pair, f"{where}: no counts, which the aggregate {metric.aggregate} needs"
        _check_counts(score, where)
    return score


def _check_counts(score: Score, where: str) -> None:
    held: Any = score.counts
    assert isinstance(held, Mapping), f"{where}: counts is {held!r}; valid are Counts by the names of classes or fields"
    for name, counts in held.items():
        assert isinstance(name, str), f"{where}: counts has the key {name!r}; valid is the name of a class or field"
        assert isinstance(counts, Counts), f"{where}: counts[{name!r}] is {type(counts).__name__}; valid is Counts"
        numbers = (counts.tp, counts.fp, counts.fn)
        whole = all(isinstance(number, int) and number >= 0 for number in numbers)
        assert whole, f"{where}: counts[{name!r}] is {counts}; valid are whole numbers from 0"
    if score.value == 1:
        wrong = sum(counts.fp + counts.fn for counts in score.counts.values())
        assert wrong == 0, f"{where}: the value is 1, but the counts hold {wrong} errors"
