"""The figures beside plain loops: what they are made of, and the whole way on the smallest model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import card, engine, model
from benchmarks.board import Board


def test_kernels_that_run_side_by_side_count_once() -> None:
    assert card.covered([]) == 0
    assert card.covered([(5, 7), (0, 2)]) == 4
    assert card.covered([(0, 10), (2, 3), (8, 12), (20, 21)]) == 13


def test_every_figure_of_a_model_with_goals_has_one(tmp_path: Path) -> None:
    for name, goals in card.GOALS.items():
        at = card.Card.__new__(card.Card)
        at.name, at.device, at.goals, at.board = name, "cuda", dict(goals), Board(tmp_path / "figures.json")
        for goal in goals:
            at.note(goal, [1.0, 3.0, 2.0], goal)
        assert [figure.goal for figure in at.board.figures] == list(goals.values())
        assert {figure.value for figure in at.board.figures} == {2.0}


def test_the_parts_run_from_the_command_to_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(card, "ROWS", {"16-shot": (2, 1), "zero-shot": (2, 1), "generation": (2, 2)})
    monkeypatch.setattr(engine, "WORK", tmp_path)
    figures = tmp_path / "figures.json"
    command = ["engine", "--peers", "plain", "--model", "tiny", "--quick", "--only", "scoring,generation,agreement"]
    monkeypatch.setattr(sys, "argv", [*command, "--json", str(figures)])
    assert engine.main() == 0, capsys.readouterr().err
    found = json.loads(figures.read_text())
    assert [name.removeprefix("cpu, tiny: ") for name in found] == [
        "scoring, 16-shot, in a study: times a plain loop's examples/s",
        "scoring, zero-shot, in a study: times a plain loop's examples/s",
        "generation, in a study: times a plain loop's tokens/s",
        "scoring: largest difference of a log-probability, float32",
    ]
    assert all(set(figure) == {"value", "goal", "unit", "lower_is_better", "draws"} for figure in found.values())
    apart = found["cpu, tiny: scoring: largest difference of a log-probability, float32"]
    assert 0 <= apart["value"] < apart["goal"] == 1


def test_a_shape_is_built_once(tmp_path: Path) -> None:
    folder = model.find("tiny", tmp_path)
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert model.find("tiny", tmp_path) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made


def test_figures_of_other_models_than_the_usual_say_so() -> None:
    assert model.prefix("pocket", "pocket") == ""
    assert model.prefix("smollm2", "pocket") == "smollm2: "
    assert model.prefix("/some/where/mine", "pocket") == "mine: "
