"""The benchmark of regret: small studies through the whole script, which goes on where it stopped."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import regret, regret_study
from tests.study.tasks import NOTES


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one task, of 40 rows to draw from and 18 to test on."""
    folder = tmp_path / "data" / "banking10"
    folder.mkdir(parents=True)
    rows = [(note.strip(), topic) for topic, notes in NOTES.items() for note in notes.strip().splitlines()]
    for name, part in (("train", rows[::3] + rows[1::3]), ("test", rows[2::3][:18])):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "category"), *part])
    task = {"name": "banking10", "data": {"train": "train.csv", "test": "test.csv"}, "input": "text", "output": "category"}
    (folder / "task.yaml").write_text(json.dumps(task | {"kind": "classify", "instruction": "What is it about?"}))
    return tmp_path / "data"


def test_studies_are_run_once_and_their_figures_told(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def here(bench: regret.Bench, job: regret.Job) -> str:
        """In this process, where the script takes one of its own."""
        if ran.count(job.name):
            return "twice"
        ran.append(job.name)
        if len(ran) == 2:
            return f"{job.name}: ended with 1"
        result = regret_study.run(job, bench.work / job.name)
        with bench.lines.open("a", encoding="utf-8") as out:
            out.write(json.dumps(result) + "\n")
        return ""

    monkeypatch.setattr(regret.Bench, "one", here)
    monkeypatch.setattr(regret, "SMALL", 30)
    words = ["--data", str(data), "--work", str(tmp_path / "work"), "--json", str(tmp_path / "figures.json")]
    words += ["--draws", "1", "--sizes", "20,all", "--folds", "3", "--model", "fake", "--strategies", '["zero_shot"]']
    assert regret.main(words) == 1, "one study failed"
    assert len(ran) == 4
    ran.remove(failed := ran[1])
    ran.append("")  # so that none is the second again
    assert regret.main(words) == 0
    assert ran[-1] == failed, "what was known is not run again"
    assert regret.main(words) == 0
    assert len(ran) == 5
    figures: dict[str, Any] = json.loads((tmp_path / "figures.json").read_text())
    assert {"value", "goal", "unit", "lower_is_better"} <= set(figures["real studies: mean regret"])
    assert figures["30 rows: mean regret over folds, of that of one split"]["goal"] == 0.5
    assert figures["real studies: mean regret"]["goal"] == 1.0
    assert figures["fake, all rows: mean regret"]["value"] >= 0
    assert "bars are reached" in capsys.readouterr().out
    lines = [json.loads(line) for line in (tmp_path / "work" / "studies.jsonl").read_text().splitlines()]
    assert sorted((one["part"], one["rows"], one["folds_used"]) for one in lines) == [
        ("folds", 30, 0),
        ("folds", 30, 3),
        ("real", 20, 3),
        ("real", 40, 3),
    ]
    for one in lines:
        assert {c["name"] for c in one["candidates"]} == {"majority", "zero_shot"}
        assert all(0 <= c["truth"] <= 1 for c in one["candidates"])
        assert one["unseen"] == 18 + 40 - one["rows"]


def test_regret_is_the_best_truth_less_that_of_the_choice() -> None:
    estimate = {"n": 30, "value": 0.5, "low": 0.4, "high": 0.6}
    found = {
        "chosen": "a",
        "candidates": [
            {"name": "a", "status": "champion", "test": estimate, "truth": 0.55},
            {"name": "b", "status": "champion", "test": estimate, "truth": 0.6},
            {"name": "c", "status": "candidate", "test": None, "truth": 0.65},
            {"name": "d", "status": "removed", "test": estimate, "truth": 0.9},
        ],
    }
    assert regret.regret(found) == pytest.approx(10)
    assert regret.regret(found, tested=True) == pytest.approx(5)


def test_wrong_arguments_are_one_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["--data", str(data / "banking10")], "has none of the tasks banking10"),
        (["--data", str(data), "--sizes", "50,many"], "--sizes: received '50,many'"),
        (["--data", str(data), "--workers", "0"], "--workers is 0; valid is 1 or more"),
    ):
        with pytest.raises(SystemExit):
            regret.arguments(words)
        assert said in capsys.readouterr().err
