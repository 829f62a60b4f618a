"""registered: a prompt of the registry, to the letter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crossover.errors import OptionError
from crossover.prompts import Registry
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Decoding, Demonstration, Prompt
from tests.strategies.toys import bench, start

WARM = Prompt("Say warm or cold.\r\n", "Text: {input}\nAnswer:", (Demonstration("lava", "warm"),), "fixed", 1)


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("CROSSOVER_PROMPTS", str(tmp_path / "prompts"))
    return Registry()


def test_it_keeps_the_contract(registry: Registry) -> None:
    registry.add("toy", WARM)
    assert check_strategy(open_strategy("registered", {"prompt": "toy"})).prompt == WARM


def test_the_prompt_is_taken_to_the_letter_and_says_which_version_it_is(registry: Registry, tmp_path: Path) -> None:
    old = registry.add("toy", WARM, label="live")
    registry.add("toy", Prompt("Another."))
    toys = toy_examples()
    begin = replace(start(), prompt=Prompt("Of another rung."))
    with bench(tmp_path, toys[::2], toys[1::2], model="fake") as at:
        made = open_strategy("registered", {"prompt": "toy@live"}).adapt(begin, at)
    assert made.prompt == WARM
    assert made.provenance.note == f"toy {old.identity} of the prompt registry"


def test_how_it_reasons_comes_along_and_its_calibration_does_not(registry: Registry, tmp_path: Path) -> None:
    labels = ("warm", "cold")
    own = Decoding(labels=labels, label_bias=(-9.0, 0.0), pattern=r"is (\w+)", samples=3, temperature=0.7, max_tokens=90)
    registry.add("toy", WARM, own)
    toys = toy_examples()
    with bench(tmp_path, toys[::2], toys[1::2], model="fake") as at:
        made = open_strategy("registered", {"prompt": "toy"}).adapt(start(), at)
    assert made.decoding == replace(own, label_bias=(), seed=made.decoding.seed)


def test_a_prompt_that_shows_rows_it_would_be_measured_on_is_refused(registry: Registry, tmp_path: Path) -> None:
    toys = toy_examples()
    shown = tuple(Demonstration(example.input.upper(), example.output) for example in toys[1::2][:2])
    registry.add("toy", replace(WARM, demonstrations=(*WARM.demonstrations, *shown)))
    registry.add("fair", replace(WARM, demonstrations=(Demonstration(toys[0].input, toys[0].output),)))
    with bench(tmp_path, toys[::2], toys[1::2], model="fake") as at:
        with pytest.raises(OptionError, match="'toy' shows 2 of the rows that it would be measured on, with their answers"):
            open_strategy("registered", {"prompt": "toy"}).adapt(start(), at)
        assert at.scored == []
        open_strategy("registered", {"prompt": "fair"}).adapt(start(), at)


@pytest.mark.parametrize("prompt", ["", "a/b", "support@", 3])
def test_what_is_no_name_is_refused_before_anything_is_asked(prompt: object) -> None:
    with pytest.raises(OptionError, match="strategy 'registered', option 'prompt': "):
        open_strategy("registered", {"prompt": prompt})
