"""What a run would take, on the command line: printed before anything is spent, and asked about where it costs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from crossover.cli import run
from crossover.models.fake import Fake
from tests.cli.small import Terminal, rows, table, write_task


def test_a_plan_says_what_a_run_then_takes_and_leaves_nothing_behind(
    tmp_path: Path, crossover: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_task(tmp_path, exhaustive=True)
    before = sorted(tmp_path.iterdir())
    said = crossover("run", path, "--plan", "--json")
    plan = json.loads(said.out)
    assert (said.status, sorted(tmp_path.iterdir())) == (0, before)
    taken = json.loads(crossover("run", path, "--json").out)["spent"]
    for planned, spent in (
        (plan["total"]["calls"], taken["calls"]),
        (plan["total"]["tokens_in"] + plan["total"]["tokens_out"], taken["tokens_in"] + taken["tokens_out"]),
    ):
        assert abs(planned - spent) <= 0.25 * spent
    assert plan["total"]["calls"] == sum(stage["calls"] for stage in plan["stages"])
    assert plan["splits"]["test"] == 8
    assert plan["paid_models"] == []


def test_a_plan_for_a_reader_has_a_line_for_each_stage_and_the_difference_that_test_shows(
    tmp_path: Path, crossover: Terminal
) -> None:
    out = crossover("run", write_task(tmp_path), "--plan", "--set", "margin=0.02").out
    lines = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert {"parcels,", "majority", "zero_shot", "instruction", "all"} <= set(lines)
    assert "8 test rows: " in out
    assert "how long it takes is not known before the model is asked" in out


def test_a_plan_says_what_is_doubtful_with_the_data_as_a_run_does(tmp_path: Path, crossover: Terminal) -> None:
    path = write_task(tmp_path, instruction=None)
    (tmp_path / "rows.csv").write_text(table([*rows(), *rows()[:2], ("a lone remark", "Billing")]))
    out = " ".join(crossover("run", path, "--plan").out.split())
    twice = "with the same input and output as an earlier row (rows.csv, line "
    assert twice in out
    assert "the labels 'Billing', 'billing' differ only in case" in out.replace(
        "'billing', 'Billing'", "'Billing', 'billing'"
    )
    assert "the task has no instruction, so prompts compete blind" in out
    found = json.loads(crossover("run", path, "--plan", "--json").out)["findings"]
    assert {"duplicates", "label_variants"} <= {one["code"] for one in found}


def test_an_input_that_says_its_answer_is_refused_before_anything_is_spent(tmp_path: Path, crossover: Terminal) -> None:
    path = write_task(tmp_path)
    (tmp_path / "rows.csv").write_text(table([(f"{text} / label: {label}", label) for text, label in rows()]))
    for options in ([], ["--plan"], ["--quiet"]):
        said = crossover("run", path, "--out", tmp_path / "study", *options)
        assert (said.status, said.out) == (2, "")
        assert "40 of 40 inputs say their own output ('label: order'): every prompt would hold its answer" in said.err
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("arguments", [("--set", "margn=1"), ("--model", "fake:nothing")])
def test_what_cannot_be_run_cannot_be_planned(arguments: tuple[str, str], tmp_path: Path, crossover: Terminal) -> None:
    said = crossover("run", write_task(tmp_path), "--plan", *arguments)
    assert said.status == 2
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize(("answer", "options", "goes_on"), [("n", [], False), ("y", [], True), ("", ["--yes"], True)])
def test_a_run_that_costs_something_asks_first(
    answer: str,
    options: list[str],
    goes_on: bool,
    tmp_path: Path,
    crossover: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Fake, "local", False)
    monkeypatch.setattr(run, "_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    path, study = write_task(tmp_path), tmp_path / "study"
    said = crossover("run", path, "--out", study, *options)
    assert (study / "decision.json").is_file() is goes_on
    assert study.exists() is goes_on
    assert said.status == (0 if goes_on else 1)
    assert ("This asks fake, which costs money or sends data away" in said.out) is not bool(options)
    if goes_on:  # what is begun is not asked about again
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        assert crossover("run", path, "--out", study).status == 0


def test_what_runs_here_is_not_asked_about(tmp_path: Path, crossover: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert crossover("run", write_task(tmp_path), "--out", tmp_path / "study").status == 0
