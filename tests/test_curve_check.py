"""`benchmarks.verdict_curves` on tables of both forms, made here."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path

import pytest

from benchmarks.verdict_curves import main
from tests.evaluation.simulated import rectified, runs

SIZES = (32, 64, 128, 256, 512, 1024)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with (tmp_path / "runs.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["task", "family", "method", "labels", "run", "accuracy"])
        for family, method, truth in (
            ("weights", "full", rectified(0.1, 0.95, 150, 1.1)),
            ("prompt", "model:random", rectified(0.4, 0.8, 100, 1.0)),
        ):
            for p in runs(truth, SIZES, items=250):
                table.writerow(["letters", family, method, p.labels, p.seed, p.value])
    with (tmp_path / "law.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["config name", 0, *SIZES, "size", "family"])
        for name, bend in (("small", 300), ("large", 100)):
            table.writerow([name, 5.0, *(1 + 2 / (1 + (n / bend) ** 0.5) for n in SIZES), 1000, "made"])
    return tmp_path


def figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *given: str) -> dict[str, dict[str, float]]:
    out = tmp_path / "out.json"
    monkeypatch.setattr(sys, "argv", ["verdict_curves", *given, "--json", str(out)])
    main()
    found: dict[str, dict[str, float]] = json.loads(out.read_text())
    return found


def test_a_folder_of_both_forms_gives_every_figure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = figures(monkeypatch, tmp_path, "--data", str(folder))
    for name in ("tuning, 2N: error", "prompts, 2N: error", "law, 2N: error", "crossover: intervals hold"):
        assert set(found[name]) == {"value", "goal", "unit", "lower_is_better"}
        assert math.isfinite(found[name]["value"])
    assert found["tuning, 2N: error"]["goal"] == 2.8
    assert found["tuning, 2N: error"]["value"] < found["tuning, 2N: error of the last value"]["value"]
    assert found["crossover: wrongly not within reach"]["value"] == 0
    assert "tuning, 2N: error" in capsys.readouterr().out


def test_one_table_of_either_form_is_checked_alone(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not any(name.startswith("law") for name in figures(monkeypatch, tmp_path, "--curves", str(folder / "runs.csv")))
    alone = figures(monkeypatch, tmp_path, "--law", str(folder / "law.csv"), "--quick")
    assert alone["law, 2N: cases"]["value"] == 4  # the first model of the two, at four sizes


def test_a_file_of_another_form_is_refused_in_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given in (("--curves", str(folder / "law.csv")), ("--law", str(folder / "missing.csv")), ()):
        with pytest.raises(SystemExit) as ended:
            figures(monkeypatch, tmp_path, *given)
        assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "law.csv is no CSV file with a column 'accuracy'" in told
    assert "missing.csv is no CSV file with a column 'config name'" in told
