"""The benchmark of regret: small studies through the whole script, which goes on where it stopped."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import regret, regret_reach, regret_study
from benchmarks.board import Board
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

    def here(bench: regret.Bench, job: regret_study.Job) -> str:
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
    monkeypatch.setattr(regret_reach, "DRAWS", 2)
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
        for candidate in one["candidates"]:
            assert sum(candidate["scores"]) / one["unseen"] == pytest.approx(candidate["truth"])
        assert one["planned"]["calls"] == pytest.approx(one["calls"], rel=0.25)
    assert figures["real studies: calls planned, off from what was taken"]["goal"] == 25


def studied(rows: int, **right: float) -> dict[str, Any]:
    """A line of a study of so many rows; each candidate's share of right answers on 400 that it did not see."""
    families = {"a": "control", "b": "prompt", "c": "weights", "d": "hybrid"}
    order = {name: [(i * 37 + 101 * at) % 400 for i in range(400)] for at, name in enumerate(right)}
    candidates = [
        {
            "name": name,
            "family": families[name],
            "status": "champion",
            "truth": share,
            "test": {"n": rows, "value": share, "low": 0.0, "high": 1.0},
            "scores": [int(place < share * 400) for place in order[name]],
        }
        for name, share in right.items()
    ]
    return {"chosen": "a", "candidates": candidates}


def test_what_as_many_fresh_rows_would_tell() -> None:
    wide, narrow = (regret_reach.reach(studied(60, a=0.2, b=low, c=0.9), 4) for low in (0.3, 0.85))
    assert wide is not None
    assert narrow is not None
    assert (wide.rows, wide.regret, wide.undecided) == (60, 0.0, 0.0)
    assert narrow.undecided > 0.7, "five points cannot be told on 60 rows"
    assert 0 < narrow.regret < 5.1
    graded = studied(60, a=0.2, b=0.9)
    graded["candidates"][0]["scores"][0] = 0.5
    assert regret_reach.reach(graded) is None


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


def test_two_forms_are_compared_by_the_best_that_either_made_of_the_same_rows(tmp_path: Path) -> None:
    estimate = {"n": 30, "value": 0.5, "low": 0.4, "high": 0.6}

    def result(folds: int, chosen: str, draw: int = 0, **truths: float) -> dict[str, Any]:
        candidates = [{"name": n, "status": "champion", "test": estimate, "truth": t} for n, t in truths.items()]
        same = {"part": "folds", "task": "t", "model": "m", "kind": "undecided", "stated": {"upper": 1.0}}
        return same | {"folds_used": folds, "draw": draw, "chosen": chosen, "candidates": candidates}

    board = Board(tmp_path / "figures.json")
    one, folded = result(0, "a", a=0.6, b=0.5), result(5, "b", a=0.8, b=0.75)
    regret.figures([one, folded, result(0, "a", 1, a=0.1, b=0.9)], board)
    board.save()
    found = {name: row["value"] for name, row in json.loads((tmp_path / "figures.json").read_text()).items()}
    assert found["130 rows, one split: mean regret"] == pytest.approx(40), "0 where all are bad, 80 in the other"
    assert found["130 rows, one split: regret to the best of either"] == pytest.approx(20), "only where there are both"
    assert found["130 rows, folds: regret to the best of either"] == pytest.approx(5)
    assert found["130 rows: the regrets to the best of either, folds' of one split's"] == pytest.approx(0.25)
    assert found["130 rows: regret of one split's choice, made of all rows"] == pytest.approx(0)


def test_wrong_arguments_are_one_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["--data", str(data / "banking10")], "has none of the tasks banking10"),
        (["--data", str(data), "--sizes", "50,many"], "--sizes: received '50,many'"),
        (["--data", str(data), "--workers", "0"], "--workers is 0; valid is 1 or more"),
    ):
        with pytest.raises(SystemExit):
            regret.arguments(words)
        assert said in capsys.readouterr().err
