"""zero_shot: the bare input and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crossover.engine.render import Renderer
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Demonstration, Message, Prompt
from tests.strategies.toys import bench, start


def test_it_keeps_the_contract() -> None:
    assert check_strategy(open_strategy("zero_shot")).prompt == Prompt()


def test_every_word_around_the_input_goes(tmp_path: Path) -> None:
    dressed = replace(
        start(label_bias=(-1.0, -2.0)),
        prompt=Prompt("Say it.", "Text: {input}\nLabel:", (Demonstration("ice", "cold"),), "fixed", 1),
    )
    with bench(tmp_path, toy_examples(), toy_examples()) as at:
        made = open_strategy("zero_shot").adapt(dressed, at)
    assert Renderer(made.prompt).messages("hot tea") == (Message("user", "hot tea"),)
    assert made.decoding.labels == ("warm", "cold")
    assert made.decoding.label_bias == ()
    assert at.scored == []
