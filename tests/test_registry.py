"""What a plug-in says of its options."""

from __future__ import annotations

import pytest

from crossover import registry
from crossover.registry import Room

ROOMS: tuple[Room, ...] = ("strategies", "metrics", "models")
BUILT_IN = [(room, entry.name) for room in ROOMS for entry in registry.entries(room)]


@pytest.mark.parametrize(("room", "name"), BUILT_IN)
def test_every_option_of_a_built_in_plug_in_says_what_it_is(room: Room, name: str) -> None:
    for option in registry.describe(room, name):
        assert option.about, f"{name}: {option.name}"
        assert "\n" not in option.about
        assert "  " not in option.about
        assert option.type
        assert "typing" not in option.type


def test_types_and_defaults_are_as_a_task_file_has_them() -> None:
    options = {option.name: option for option in registry.describe("strategies", "few_shot")}
    assert (options["shots"].type, options["shots"].default) == ("list of whole number", "[4, 10]")
    assert (options["many"].type, options["many"].default) == ("true or false", "false")
    lora = {option.name: option for option in registry.describe("strategies", "lora")}
    assert (lora["epochs"].type, lora["epochs"].default) == ("whole number or null", "null")
    assert lora["learning_rate"].about.startswith("null is 0.5 / the model's hidden size")
