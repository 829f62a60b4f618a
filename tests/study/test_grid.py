"""few_shot*lora: both alone, in every order, and twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossover.data.task import StrategySpec
from crossover.errors import OptionError, TaskError
from crossover.study.grid import expanded
from crossover.study.run import run_study
from tests.study.tasks import write_task


def spec(name: str, **options: Any) -> StrategySpec:
    return StrategySpec(name=name, options=options)


def test_a_grid_is_two_strategies_alone_in_every_order_and_the_repeats() -> None:
    options = {"few_shot": {"shots": [2]}, "lora": {"rank": 4}}
    found = expanded([spec("zero_shot"), spec("few_shot*lora", **options)])
    assert found[0] == spec("zero_shot")
    assert {one.name: one.options for one in found[1:]} == {
        "few_shot": {"shots": [2]},
        "lora": {"rank": 4},
        "few_shot+lora": options,
        "lora+few_shot": options,
        "few_shot+lora+few_shot": options,
        "few_shot+few_shot": {"few_shot": {"shots": [2]}},
        "lora+lora": {"lora": {"rank": 4}},
    }


def test_what_is_on_the_ladder_already_is_not_there_twice() -> None:
    names = [one.name for one in expanded([spec("lora"), spec("instruction*lora"), spec("instruction*full")])]
    assert len(names) == len(set(names)) == 7 + 4 + 1
    assert expanded([spec("lora"), spec("lora")]) == [spec("lora"), spec("lora")]  # a mistake is left to be told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (spec("lora*lora"), "'lora\\*lora': a grid has two different strategies"),
        (spec("a*b*c"), "a grid has two different strategies"),
        (spec("a+b*c"), "a grid has two different strategies"),
        (
            spec("instruction*lora", full={}),
            "the grid 'instruction\\*lora' has no strategy 'full'; valid: instruction, lora",
        ),
    ],
)
def test_another_grid_is_one_sentence(given: StrategySpec, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        expanded([given])


def test_a_name_in_a_grid_that_is_none_is_told_with_the_task_file(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="there is no strategy 'lara'"):
        run_study(write_task(tmp_path, ["instruction*lara"]), tmp_path / "run")


def test_a_study_climbs_the_grid(tmp_path: Path) -> None:
    task = write_task(tmp_path, [{"instruction*few_shot": {"few_shot": {"shots": [2]}}}], model="fake")
    decision = json.loads(run_study(task, tmp_path / "run").decision.read_text())
    families = {row["name"]: row["family"] for row in decision["candidates"]}
    assert families.keys() == {
        *("majority", "zero_shot", "instruction", "few_shot", "instruction+few_shot", "few_shot+instruction"),
        *("instruction+few_shot+instruction", "instruction+instruction", "few_shot+few_shot"),
    }
    assert all(row["failed"] is None for row in decision["candidates"] if "failed" in row)
