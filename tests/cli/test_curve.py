"""`crossover curve` as a person meets it, on a finished study."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.small import Terminal


@pytest.fixture
def study(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "study"


def test_the_curve_of_a_finished_study_is_printed_and_shown_from_then_on(crossover: Terminal, study: Path) -> None:
    said = crossover("curve", study, "--sizes", "9,18", "--seeds", "2")
    assert said.status == 0, said
    assert "labels" in said.out
    words = " ".join(said.out.split())
    assert "• Tuned weights were not measured, so no number of labels can be named from which they overtake a" in words
    assert "report: " in said.out
    assert "the learning curve: each family's best is adapted again" not in said.out, "progress goes to standard error"
    shown = " ".join(crossover("show", study).out.split())
    assert "Tuned weights were not measured" in shown
    body = json.loads(crossover("show", study, "--json").out)["crossover"]
    assert sorted({run["labels"] for run in body["runs"] if run["split"] == "curve"}) == [9, 18]
    assert "crossover curve" not in (study / "report.html").read_text()
    again = crossover("curve", study, "--quiet", "--json")
    assert (again.status, again.err) == (0, "")
    found = json.loads(again.out)
    assert found["crossover"]["runs"] == body["runs"], "without options the study's own curve goes on"
    assert found["spent"]["calls"] == json.loads((study / "decision.json").read_text())["spent"]["calls"]


def test_before_there_is_a_curve_the_report_says_how_to_get_one(crossover: Terminal, study: Path) -> None:
    assert crossover("report", study).status == 0
    page = (study / "report.html").read_text()
    assert "From how many labels on fine-tuning wins is not known yet: crossover curve " in page
