"""search: whole prompts, tried on few training rows, confirmed on dev, within a number of calls."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import MissingExtra, OptionError
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy
from crossover.types import Prompt
from tests.strategies.toys import ASKED, COLOURS, bench, coloured, examples, kinds, start

pytestmark = pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs the extra search")


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("search", {"calls": 200, "shots": [0, 2]}))
    assert "search" in made.provenance.note


def test_it_finds_the_choice_that_matters_and_says_what_it_did(tmp_path: Path) -> None:
    train, dev = examples(coloured(*ASKED[:2])), examples(coloured(ASKED[2]))
    changes = {"labels": dict.fromkeys(COLOURS, ""), "instruction": "Name the colour."}
    with bench(tmp_path, train, dev, **changes) as at:
        before = at.score(start(COLOURS))
        made = open_strategy("search", {"calls": 600, "shots": [0, 1, 2]}).adapt(start(COLOURS), at)
        after = at.score(made)
    pairs = [
        (b.score.value, a.score.value) for b, a in zip(before.records, after.records, strict=True) if a.score and b.score
    ]
    assert sum(a > b for b, a in pairs) >= sum(a < b for b, a in pairs) + 3
    assert after.estimate.value > 0.8
    assert made.prompt.selection == "nearest"
    assert "prompts searched in" in made.provenance.note


@pytest.mark.parametrize("calls", [220, 400])
def test_it_never_takes_more_calls_than_it_may_and_the_same_walk_costs_none(
    calls: int, chatty: Path, tmp_path: Path
) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev, labels=dict.fromkeys(("fruit", "tool", "animal"), ""), model=str(chatty)) as at:
        begin = replace(start(("fruit", "tool", "animal")), model=str(chatty))
        made = open_strategy("search", {"calls": calls, "shots": [0, 2, 4]}).adapt(begin, at)
        assert calls / 2 < at.meter.calls <= calls
        spent = at.meter.calls
        assert open_strategy("search", {"calls": calls, "shots": [0, 2, 4]}).adapt(begin, at) == made
        assert at.meter.calls == spent
        assert at.score(made).estimate.value >= at.score(begin).estimate.value
        assert all(len(run.records) <= 54 for run in [at.rehearse(made, train)])


def test_nothing_is_searched_where_the_start_is_right_already(tmp_path: Path) -> None:
    rows = examples([(f"a warm thing, number {i}", "warm") for i in range(60)])
    with bench(tmp_path, rows[:40], rows[40:], model="fake:answer=warm") as at:
        made = open_strategy("search").adapt(replace(start(), model="fake:answer=warm"), at)
        assert at.meter.calls <= 20 + 4 * 16
    assert made.prompt == Prompt()
    assert made.provenance.note == "not searched: the start is right on 36 of 36 rows"


def test_nothing_is_searched_where_prompts_change_nothing(tmp_path: Path) -> None:
    rows = examples([(f"a thing, number {i}", ("warm", "cold")[i % 2]) for i in range(60)])
    with bench(tmp_path, rows[:40], rows[40:], model="fake:answer=warm") as at:
        made = open_strategy("search").adapt(replace(start(), model="fake:answer=warm"), at)
    assert made.provenance.note == "not searched: 3 other prompts are right on the very same of 16 rows"


def test_the_start_is_kept_unless_dev_confirms_something_better(tmp_path: Path) -> None:
    """The fake model's answers are chance: what looks good on training rows is luck."""
    rows = examples([(f"a thing, number {i}", ("warm", "cold")[i % 2]) for i in range(160)])
    kept = 0
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        with bench(tmp_path / str(seed), rows[:60], rows[60:], model="fake", seed=seed) as at:
            begin = replace(start(), model="fake")
            made = open_strategy("search", {"calls": 700, "finalists": 1}).adapt(begin, at)
            better = at.score(made).estimate.value > at.score(begin).estimate.value
            assert better or made.prompt == begin.prompt
            kept += made.prompt == begin.prompt
            assert ("the start was kept" in made.provenance.note) == (made.prompt == begin.prompt)
    assert kept > 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"calls": 0}, "'calls': received 0, valid is 1 or more"),
        ({"shots": []}, "'shots': received .., valid is 0 or more"),
        ({"finalists": 0}, "'finalists': received 0, valid is 1 or more"),
    ],
)
def test_options_out_of_range_are_one_sentence(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        open_strategy("search", options)


def test_too_few_calls_for_the_dev_split_are_told(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev) as at, pytest.raises(OptionError, match="valid is 76 or more with 18 dev rows"):
        open_strategy("search", {"calls": 70}).adapt(start(), at)


def test_the_missing_library_is_an_install_command_before_anything_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"pip install 'crossover\[search\]'"):
        open_strategy("search")
