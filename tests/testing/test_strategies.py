"""The contract suite of strategies says what is wrong with one that does not keep it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from crossover.strategies.base import Bench
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Candidate, Decoding, Family, Message, Prompt, Provenance, Request, Weights


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


COUNTER = itertools.count()
LOST = Weights("adapter", "0" * 64, "nowhere")


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
        (broken(adapt=lambda self, start, bench: replace(start, prompt="Be good.")), "not plain data"),
        (broken(adapt=instructed("long " * 3000)), "5 of 5 calls of the candidate fail"),
        (broken(adapt=lambda self, start, bench: replace(start, weights=LOST)), "leaves the weights alone"),
        (broken(adapt=lambda self, start, bench: replace(start, model="fake")), "leaves the model alone"),
        (broken(family="weights"), "a weights strategy gives weights"),
        (broken(family="hybrid"), "a hybrid strategy gives weights"),
        (
            broken(adapt=lambda self, start, bench: instructed(f"Attempt {next(COUNTER)}.")(self, start, bench)),
            "gave another candidate",
        ),
        (broken(adapt=asks_anew_each_time), "a second run cost 5 calls; valid is none"),
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
