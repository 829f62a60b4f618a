"""What a plug-in says of its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover import registry
from crossover.errors import OptionError
from crossover.registry import ROOMS, Room

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


BROKEN = {
    "plain": ("class Plain:\n    pass\n", "is no dataclass"),
    "function": ("def Plain():\n    pass\n", "is no dataclass"),
    "exits": ("raise SystemExit('no licence')\n", "does not import: no licence"),
    "hint": ("import dataclasses\n@dataclasses.dataclass\nclass Plain:\n    n: 'Nowhere' = 1\n", "type cannot be read"),
}


def _install(folder: Path, package: str, name: str, target: str) -> None:
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[crossover.metrics]\n{name} = {target}\n")


@pytest.mark.parametrize("case", BROKEN)
def test_an_outsider_that_cannot_be_used_is_one_sentence(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, said = BROKEN[case]
    (tmp_path / f"broken_{case}.py").write_text(source)
    _install(tmp_path, "broken", "odd", f"broken_{case}:Plain")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.has("metrics", "odd")
    with pytest.raises(OptionError, match=said) as error:
        registry.describe("metrics", "odd")
    assert "'odd'" in str(error.value)


def test_two_outsiders_of_one_name_are_refused_not_chosen_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path, "first", "twin", "first:Twin")
    _install(tmp_path, "second", "twin", "second:Twin")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(OptionError, match="'twin' is there 2 times: first:Twin of first and second:Twin of second"):
        registry.create("metrics", "twin")
