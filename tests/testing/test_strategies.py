"""The contract suite of strategies says what is wrong with one that does not keep it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from crossover.strategies.base import Bench
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Candidate, Decoding, Demonstration, Family, Message, Prompt, Provenance, Request, Weights


@dataclass(frozen=True)
class Good:
    """Asks kindly, if dev agrees."""

    family: ClassVar[Family] = "prompt"

    word: str = "Please"

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        kind = replace(start, prompt=Prompt(f"{self.word}. {bench.task.instruction}", "{input}\nAnswer:"))
        return kind if bench.better(bench.score(kind), bench.score(start)) else start


def broken(**changes: Any) -> Any:
    """A strategy that differs from `Good` in one attribute."""
    return dataclass(frozen=True)(type("Broken", (Good,), changes))()


def instructed(text: str) -> Any:
    return lambda self, start, bench: replace(start, prompt=Prompt(text))


def changes_its_start(self: Good, start: Candidate, bench: Bench) -> Candidate:
    object.__setattr__(start, "prompt", Prompt("changed"))
    return start


def asks_anew_each_time(self: Good, start: Candidate, bench: Bench) -> Candidate:
    bench.score(replace(start, prompt=Prompt(f"Attempt {next(COUNTER)}.")))
    return start


def forgets_what_was_answered(self: Good, start: Candidate, bench: Bench) -> Candidate:
    requests = [Request((Message("user", e.input),), Decoding(), repeat=next(COUNTER)) for e in bench.train]
    bench.evaluator.caller.ask(bench.model, requests, "by the way")  # type: ignore[attr-defined]
    return start


def raising(error: BaseException) -> Any:
    def adapt(self: Good, start: Candidate, bench: Bench) -> Candidate:
        raise error

    return adapt


def with_fewer_rows(self: Good, start: Candidate, bench: Any) -> Candidate:
    bench.train, bench.dev = bench.train[:2], bench.dev[:1]
    return start


def with_another_answer(self: Good, start: Candidate, bench: Bench) -> Candidate:
    object.__setattr__(bench.train[0], "output", "cold")
    return start


def showing_dev(self: Good, start: Candidate, bench: Any) -> Candidate:
    return replace(start, prompt=Prompt("So:", demonstrations=tuple(Demonstration(e.input, e.output) for e in bench.dev)))


def asks_without_end(self: Good, start: Candidate, bench: Bench) -> Candidate:
    for number in itertools.count():
        bench.score(replace(start, prompt=Prompt(f"Attempt {number}.")))
    return start


def decoding(**changes: Any) -> Any:
    return lambda self, start, bench: replace(start, decoding=replace(start.decoding, **changes))


COUNTER = itertools.count()
LOST = Weights("adapter", "0" * 64, "nowhere")
PLACELESS = Weights("adapter", "0" * 64)


def test_a_good_strategy_passes_and_its_candidate_is_given_back() -> None:
    made = check_strategy(Good("Kindly"))
    assert made.model == "pocket"
    assert made.prompt in (Prompt(), Prompt("Kindly. Say whether it is warm or cold.", "{input}\nAnswer:"))


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        (broken(family="magic"), "family is 'magic'; valid: control, prompt, weights, hybrid"),
        (broken(adapt=None), "a strategy has a method adapt"),
        (broken(adapt=lambda self, start, bench: "a better prompt"), "adapt gave str; valid is a Candidate"),
        (broken(adapt=changes_its_start), "adapt changed the candidate"),
        (
            broken(adapt=lambda self, start, bench: replace(start, provenance=Provenance(options={"x": object()}))),
            "not plain data",
        ),
        (
            broken(adapt=lambda self, start, bench: replace(start, prompt="Be good.")),
            "whose prompt is str; valid is a Prompt",
        ),
        (broken(adapt=instructed("long " * 3000)), "5 of 5 calls of the candidate fail"),
        (broken(adapt=lambda self, start, bench: replace(start, weights=PLACELESS)), "leaves the weights alone"),
        (broken(adapt=lambda self, start, bench: replace(start, model="fake")), "leaves the model alone"),
        (broken(family="weights"), "a weights strategy gives weights"),
        (broken(family="hybrid"), "a hybrid strategy gives weights"),
        (
            broken(adapt=lambda self, start, bench: instructed(f"Attempt {next(COUNTER)}.")(self, start, bench)),
            "gave another candidate",
        ),
        (broken(adapt=asks_anew_each_time), "a second run cost 5 calls; valid is none"),
        (broken(adapt=raising(ValueError("no luck"))), "adapt raised ValueError: no luck"),
        (broken(adapt=raising(SystemExit(3))), "adapt raised SystemExit: 3"),
        (broken(adapt=lambda self, start, bench: None), "adapt gave NoneType; valid is a Candidate"),
        (broken(adapt=lambda self, start, bench: replace(start, model="")), "a candidate whose model cannot be had"),
        (broken(adapt=lambda self, start, bench: replace(start, model=None)), "a candidate whose model cannot be had"),
        (broken(adapt=with_fewer_rows), r"adapt changed its bench \(train, dev\)"),
        (broken(adapt=with_another_answer), "adapt changed the rows or the task of its bench"),
        (
            broken(adapt=lambda self, start, bench: instructed(bench.test[0].input)(self, start, bench)),
            "no attribute 'test'",
        ),
        (
            broken(adapt=lambda self, start, bench: instructed(f"As {min(bench.barred)}.")(self, start, bench)),
            "the prompt holds an input of the test split: 'a glass of ice water'",
        ),
        (broken(adapt=showing_dev), "the prompt shows 5 rows of dev"),
        (broken(adapt=asks_without_end), "adapt asks more than 2,000 calls for ten rows"),
        (broken(adapt=lambda self, start, bench: replace(start, prompt=Prompt(template="?"))), "does not show the input"),
        (broken(adapt=decoding(labels=("hot", "cold"))), "labels that the task has not: hot"),
        (broken(adapt=decoding(label_bias=(1.0,))), "gave label_bias \\[1.0\\] for 2 labels"),
        (broken(adapt=decoding(label_bias=(float("nan"), 0.0))), "gave label_bias"),
        (broken(family="weights", adapt=lambda self, start, bench: replace(start, weights=LOST)), "where there are none"),
        (broken(adapt=forgets_what_was_answered), "a second run cost 5 calls; valid is none"),
    ],
)
def test_the_suite_names_what_is_wrong(strategy: Any, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_strategy(strategy)


def test_a_strategy_must_be_a_frozen_dataclass_without_its_family_as_an_option() -> None:
    with pytest.raises(AssertionError, match="a strategy is a dataclass"):
        check_strategy(type("Plain", (), {})())
    with pytest.raises(AssertionError, match="a strategy is frozen"):
        check_strategy(dataclass(type("Soft", (), {}))())
    with pytest.raises(AssertionError, match="family is None"):
        check_strategy(dataclass(frozen=True)(type("Orphan", (), {}))())

    @dataclass(frozen=True)
    class Chosen(Good):
        family: Family = "prompt"  # type: ignore[misc]

    with pytest.raises(AssertionError, match="family is a ClassVar"):
        check_strategy(Chosen())


def test_the_toy_examples_are_ten_phrases_with_two_labels() -> None:
    examples = toy_examples()
    assert len({e.id for e in examples}) == len({e.input for e in examples}) == 10
    assert {e.output for e in examples} == {"warm", "cold"}
