"""Every metric keeps the contract, and the contract suite says what is wrong with one that does not."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import pytest

from crossover import registry
from crossover.metrics.base import Metric
from crossover.testing.metrics import check_metric
from crossover.types import Counts, Score


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_every_built_in_metric_keeps_the_contract(name):
    metric = registry.create("metrics", name)
    assert isinstance(metric, Metric)
    check_metric(metric)


def test_the_metrics_of_the_first_version_are_all_there():
    expected = {"accuracy", "macro_f1", "exact_match", "token_f1", "field_f1", "rouge_l", "chrf"}
    assert expected <= set(registry.names("metrics"))


@dataclass(frozen=True)
class Length:
    """A good outsider: the shorter length over the longer."""

    kinds: ClassVar = ("generate",)
    aggregate: ClassVar = "mean"
    binary: ClassVar = False

    def score(self, gold, answer):
        longest = max(len(gold), len(answer))
        return Score(min(len(gold), len(answer)) / longest if longest else 1.0)


def test_an_outsiders_metric_passes_with_its_own_golds():
    check_metric(Length())
    check_metric(Length(), golds=["Grüße", ""])


def broken(**changes):
    """An instance of a metric that differs from `Length` in one attribute."""
    return dataclass(frozen=True)(type("Broken", (Length,), changes))()


def fails(gold, answer):
    return Score(1 / len(answer)) if gold != answer else Score(1.0)


COUNTER = itertools.count()


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        (broken(kinds=("translate",)), "kinds is"),
        (broken(kinds="generate"), "kinds is"),
        (broken(kinds=()), "kinds is"),
        (broken(aggregate="median"), "aggregate is 'median'"),
        (broken(binary="no"), "binary is 'no'"),
        (broken(binary=True), "binary allows 0 and 1"),
        (broken(binary=True, aggregate="macro_f1"), "aggregate must be 'mean'"),
        (broken(aggregate="micro_f1"), "no counts"),
        (broken(score=lambda self, gold, answer: Score(0.5)), "must be 1"),
        (broken(score=lambda self, gold, answer: Score(1.0, valid=False)), "not valid"),
        (broken(score=lambda self, gold, answer: Score(float("nan"))), "the value is nan"),
        (broken(score=lambda self, gold, answer: Score(1.0 + (gold != answer))), "the value is 2.0"),
        (broken(score=lambda self, gold, answer: 1.0), "returned float"),
        (broken(score=lambda self, gold, answer: fails(gold, answer)), "an empty answer.*ZeroDivisionError"),
        (broken(score=lambda self, gold, answer: Score(1 / (1 + next(COUNTER)))), "pure"),
        (
            broken(aggregate="micro_f1", score=lambda self, gold, answer: Score(1.0, {"a": Counts(tp=1, fp=2)})),
            "the counts hold 2 errors",
        ),
        (
            broken(aggregate="micro_f1", score=lambda self, gold, answer: Score(1.0, {"a": Counts(tp=-1)})),
            "whole numbers",
        ),
        (broken(aggregate="micro_f1", score=lambda self, gold, answer: Score(1.0, {"a": 1})), "valid is Counts"),
    ],
)
def test_the_suite_names_what_is_wrong(metric, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check_metric(metric)


def quits(gold, answer):
    raise SystemExit(1)


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        (Length, "Length is a class; valid is a metric that is made of it"),
        (broken(kinds=(["generate"],)), r"kinds is \(\['generate'\],\); valid is a tuple"),
        (broken(score=lambda self, gold, answer: Score(1.0)), "gives 1 to every answer to .*: it tells none apart"),
        (broken(score=lambda self, gold, answer: quits(gold, answer)), "raised SystemExit: 1; every answer needs a score"),
        (
            broken(aggregate="macro_f1", score=lambda self, gold, answer: Score(float(gold == answer), None)),
            "counts is None; valid are Counts",
        ),
    ],
)
def test_what_no_suite_had_been_met_with_is_named_too(metric, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check_metric(metric)


def test_a_metric_must_be_a_frozen_dataclass_without_declarations_as_options():
    with pytest.raises(AssertionError, match="must be a dataclass"):
        check_metric(type("Plain", (), {})())
    with pytest.raises(AssertionError, match="must be frozen"):
        check_metric(dataclass(type("Soft", (), {}))())
    with pytest.raises(AssertionError, match="does not declare 'kinds'"):
        check_metric(dataclass(frozen=True)(type("Bare", (), {}))())

    @dataclass(frozen=True)
    class Optional(Length):
        aggregate: str = "mean"

    with pytest.raises(AssertionError, match="must be a ClassVar"):
        check_metric(Optional())
