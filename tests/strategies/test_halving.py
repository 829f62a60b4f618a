"""Prompts that are screened on a few training rows: the best one meets dev, which is what is plainly better."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.errors import OptionError
from crossover.strategies.open import open_strategy
from tests.strategies.toys import ASKED, COLOURS, bench, coloured, examples, kinds, start


def test_few_shot_tries_all_on_training_rows_and_one_on_dev(tmp_path: Path) -> None:
    train, dev = examples(coloured(*ASKED[:2])), examples(coloured(ASKED[2]))
    with bench(tmp_path, train, dev, labels=dict.fromkeys(COLOURS, "")) as at:
        made = open_strategy("few_shot", {"shots": [2, 4], "screen": 8}).adapt(start(COLOURS), at)
        met = {candidate.prompt for candidate in at.scored}
        calls = at.meter.calls
    assert len(met) == 1
    assert made.prompt.selection == "nearest", "only the word itself tells its colour"
    assert "best of 8 prompts, 1 of them on dev" in made.provenance.note
    most = 8 * 8 + 4 * 8 + 2 * 16 + len(dev)
    assert calls <= most, "the better half goes on to twice as many rows, the first among them"


def test_instruction_screens_phrasings_and_then_formats(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train, dev) as at:
        made = open_strategy("instruction", {"screen": 8}).adapt(start(), at)
        met = {candidate.prompt for candidate in at.scored}
    assert len(met) == 2
    assert made.prompt in met
    assert made.provenance.note.startswith("best of 4 phrasings and 4 formats, 2 of them on dev (")


@pytest.mark.parametrize("name", ["instruction", "few_shot"])
def test_a_negative_number_of_rows_is_one_sentence(name: str) -> None:
    with pytest.raises(OptionError, match="'screen': received -1, valid is 0 or more"):
        open_strategy(name, {"screen": -1})


def test_prompts_behind_weights_are_not_screened_on_the_rows_that_these_learnt(tmp_path: Path) -> None:
    train, dev = kinds()
    given = {"lora": {"epochs": 1}, "few_shot": {"shots": [1, 2], "selection": ["nearest", "random"], "screen": 8}}
    with bench(tmp_path, train, dev) as at:
        made = open_strategy("lora+few_shot", given).adapt(start(), at)
        met = {candidate.prompt for candidate in at.scored if candidate.prompt.shots}
    assert len(met) >= 4
    assert "of them on dev" not in made.provenance.note
