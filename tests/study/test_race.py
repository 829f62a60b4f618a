"""Finalists that are raced: who has surely lost stops, what is said of it is said, and a killed race goes on."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossover.engine.journal import Journal
from crossover.models.fake import Fake
from crossover.report.page import render
from crossover.report.table import glance
from crossover.study.finals import RACES
from crossover.study.read import read_results
from crossover.study.run import run_study

TOPICS = {"garden": "rose hedge pond lawn", "kitchen": "soup oven knife dough", "journey": "train ticket border ferry"}
TEST = 240


def task(folder: Path, **more: Any) -> Path:
    """Looking up a word solves it, and the fake model guesses: the control surely beats each prompt."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [(word, topic) for topic, line in TOPICS.items() for word in line.split()]
    for split, rows in (("train", 60), ("dev", 60), ("test", TEST)):
        with (folder / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["note", "topic"])
            for i in range(rows):
                word, topic = words[i % len(words)]
                writer.writerow([f"{word} {split} {i}", topic])
    body = {
        "name": "raced",
        "instruction": "Say what the note is about.",
        "data": {split: f"{split}.csv" for split in ("train", "dev", "test")},
        "input": "note",
        "output": "topic",
        "kind": "classify",
        "model": "fake",
        "strategies": ["nearest_neighbour", "zero_shot", {"few_shot": {"shots": [2]}}],
        "forgetting": False,
    }
    path = folder / "task.yaml"
    path.write_text(json.dumps(body | more))
    return path


def decided(path: Path, out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_study(path, out).decision.read_text())
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("both")
    raced = decided(task(folder / "raced", exhaustive=False), folder / "raced" / "run")
    return folder, raced, decided(task(folder / "whole", exhaustive=True), folder / "whole" / "run")


def test_a_race_comes_to_the_same_verdict_with_a_part_of_the_calls(
    both: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    _, raced, whole = both
    for key in ("kind", "confidence", "choice"):
        assert raced["verdict"][key] == whole["verdict"][key]
    assert raced["verdict"]["confidence"] == "proven"
    tested = {c["name"]: c for c in raced["candidates"] if c["test"]}
    assert all(c["test"]["n"] < TEST // 2 for c in tested.values())
    assert all(c["stopped"] is None and c["test"]["n"] == TEST for c in whole["candidates"] if c["test"])
    best = tested["nearest_neighbour"]
    assert best["stopped"]["lost_to"] is None
    assert tested["zero_shot"]["stopped"] == {
        "after": tested["zero_shot"]["test"]["n"],
        "of": TEST,
        "lost_to": best["id"],
    }
    assert raced["spent"]["calls"] < whole["spent"]["calls"] - TEST


def test_figures_of_a_race_say_what_they_are(both: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    folder, raced, _ = both
    results = read_results(folder / "raced" / "run")
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(glance(results, 200))
    text = " ".join(console.export_text().split())
    n = next(c for c in raced["candidates"] if c["name"] == "zero_shot")["test"]["n"]
    assert f"† stopped early, its interval holds whenever one stops: nearest_neighbour after {n} of {TEST} rows" in text
    page = render(results)
    assert f"stopped after {n} of {TEST} rows, surely beaten by nearest_neighbour" in page
    pair = next(p for p in raced["comparisons"] if p["family"] == "verdict")
    assert pair["test"] == "betting, stopped early"
    assert f"{n} of {TEST} test items" in page
    assert any("block by block" in said for said in results.assumptions)


def test_a_race_that_was_killed_ends_as_one_in_one_go(
    both: tuple[Path, dict[str, Any], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, raced, _ = both
    path, out = task(tmp_path, exhaustive=False), tmp_path / "run"
    add, seen = Journal.add_calls, []

    def killed(self: Journal, purpose: str, replies: Any) -> None:
        add(self, purpose, replies)
        seen.append(purpose)
        if sum("on test" in one for one in seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "add_calls", killed)
    with pytest.raises(KeyboardInterrupt):
        run_study(path, out)
    monkeypatch.undo()
    again = decided(path, out)
    for key in ("verdict", "candidates", "comparisons"):
        left, right = (json.loads(json.dumps(one[key])) for one in (raced, again))
        for rows in (left, right):
            for row in rows if key == "candidates" else ():
                del row["latency_ms"], row["cost"]
        if key == "verdict":
            left, right = ({k: v for k, v in one.items() if k in ("kind", "choice", "regret")} for one in (left, right))
        assert left == right
    assert again["spent"]["calls"] == raced["spent"]["calls"]


@pytest.mark.parametrize(("local", "expected"), [(True, False), (False, True)])
def test_by_default_a_race_is_for_calls_that_cost_something(
    local: bool, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fake, "local", local)
    folder = run_study(task(tmp_path), tmp_path / "run")
    journal = Journal(folder.journal)
    assert journal.fact(RACES) is expected
    journal.close()
    [row] = [c for c in json.loads(folder.decision.read_text())["candidates"] if c["name"] == "zero_shot"]
    assert (row["stopped"] is not None) is expected


def test_a_metric_that_is_no_mean_is_not_raced_and_says_so(tmp_path: Path) -> None:
    found = decided(task(tmp_path, exhaustive=False, metric="macro_f1"), tmp_path / "run")
    assert all(c["stopped"] is None for c in found["candidates"])
    assert any("macro_f1 is no mean over rows" in said for said in read_results(tmp_path / "run").assumptions)


def test_a_limit_ends_a_race_where_it_is(tmp_path: Path) -> None:
    guesses = ["majority", "zero_shot", {"few_shot": {"shots": [2]}}]
    path = task(tmp_path, exhaustive=False, strategies=guesses, limits={"calls": 850})
    found = decided(path, tmp_path / "run")
    assert found["spent"]["calls"] <= 850
    assert any("on the test split; it ends there" in warning for warning in found["verdict"]["warnings"])
    stops = [c["stopped"] for c in found["candidates"]]
    assert all(32 <= stop["after"] < stop["of"] == TEST and stop["lost_to"] is None for stop in stops)
    assert found["verdict"]["choice"] or found["verdict"]["provisional"]
