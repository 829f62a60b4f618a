"""reflect: instructions that a model writes from what went wrong, within a number of calls."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from crossover.errors import MissingExtra, OptionError
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy
from crossover.types import Candidate, Decoding, Prompt
from tests.strategies.toys import KINDS, bench, clearly_better, kinds, start

pytestmark = pytest.mark.skipif(importlib.util.find_spec("gepa") is None, reason="needs the extra reflect")

LABELS = dict.fromkeys(KINDS, "")
FLAWED = Prompt("Is it day or night? Labels: day, night.", "Text: {input}\nLabel:")
RIGHT = "Classify the text. Labels: fruit, tool, animal."


def scripted(text: str) -> str:
    return f"fake:answer={text}"


def flawed() -> Candidate:
    return replace(start(KINDS), prompt=FLAWED)


def test_it_keeps_the_contract() -> None:
    text = "Say warm for heat, cold for ice. Labels: warm, cold."
    made = check_strategy(open_strategy("reflect", {"model": scripted(text), "calls": 100}))
    assert made.provenance.note


def test_it_mends_a_prompt_whose_flaw_the_errors_show(tmp_path: Path) -> None:
    """The flawed one names other answers than those that are right."""
    train, dev = kinds()
    begin = Candidate("pocket", FLAWED, Decoding(max_tokens=8))
    with bench(tmp_path, train, dev, kind="generate", labels={}, metric="exact_match") as at:
        before = at.score(begin)
        made = open_strategy("reflect", {"model": scripted(f"```\n{RIGHT}\n```"), "calls": 260}).adapt(begin, at)
        after = at.score(made)
    assert clearly_better(after, before)
    assert made.prompt.instruction == RIGHT
    assert made.prompt.template == FLAWED.template
    assert made.provenance.note.startswith("a new instruction")


def test_what_it_is_shown_are_real_errors(tmp_path: Path) -> None:
    train, dev = kinds()
    told = pytest.raises(OptionError, match="10 unchanged")  # the last block of what it is asked is the instruction
    with bench(tmp_path, train, dev, labels=LABELS) as at, told:
        open_strategy("reflect", {"model": "fake:echo", "calls": 200}).adapt(flawed(), at)
    with closing(sqlite3.connect(tmp_path / "study.db")) as journal:
        asked = [
            json.loads(body)["text"] for (body,) in journal.execute("select reply from calls where purpose = 'reflect'")
        ]
    assert asked
    assert FLAWED.instruction in asked[0]
    assert "Answered: " in asked[0]
    assert "Right: " in asked[0]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (scripted(""), "empty"),
        (scripted("yes"), "empty"),
        (scripted("word " * 300), "over 200 words"),
        (scripted(FLAWED.instruction), "unchanged"),
        (scripted("As in: She wants one more apple. That is fruit. Or: Where is the drill?"), "copies of training rows"),
        ("fake:fail:1", "failed calls"),
    ],
)
def test_rubbish_is_a_clear_error_and_never_another_prompt(script: str, why: str, tmp_path: Path) -> None:
    train, dev = kinds()
    with (
        bench(tmp_path, train, dev, labels=LABELS) as at,
        pytest.raises(OptionError, match=rf"none of 10 proposals .* \(10 {why}\)"),
    ):
        open_strategy("reflect", {"model": script}).adapt(flawed(), at)


def test_a_longer_instruction_must_be_worth_its_length(tmp_path: Path) -> None:
    train, dev = kinds()
    wordy = RIGHT + " Think of it well." * 12
    begin, found = Candidate("pocket", FLAWED, Decoding(max_tokens=8)), []
    with bench(tmp_path, train, dev, kind="generate", labels={}, metric="exact_match") as at:
        for penalty in (0.0, 5.0):
            options = {"model": scripted(wordy), "penalty": penalty, "calls": 300}
            found.append(open_strategy("reflect", options).adapt(begin, at).prompt.instruction)
    assert found == [wordy, FLAWED.instruction]


@pytest.mark.parametrize("calls", [150, 260])
def test_it_never_takes_more_calls_than_it_may_and_the_same_walk_costs_none(calls: int, tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev, labels=LABELS) as at:
        options = {"model": scripted(RIGHT), "calls": calls}
        made = open_strategy("reflect", options).adapt(flawed(), at)
        spent = at.meter.calls
        assert spent <= calls
        assert open_strategy("reflect", options).adapt(flawed(), at) == made
        assert at.meter.calls == spent


def test_too_few_calls_and_a_missing_library_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, dev = kinds()
    with (
        bench(tmp_path, train, dev, labels=LABELS) as at,
        pytest.raises(OptionError, match=r"received 20, valid is \d+ or more"),
    ):
        open_strategy("reflect", {"calls": 20}).adapt(flawed(), at)
    monkeypatch.setitem(sys.modules, "gepa", None)
    with pytest.raises(MissingExtra, match=r"crossover\[reflect\]"):
        open_strategy("reflect")
