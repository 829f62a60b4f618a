"""What a folder shows before its study is finished, and after its task was changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from crossover.models.fake import Fake
from crossover.types import Reply, Request
from tests.cli.small import Terminal, table, write_task


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_task(tmp_path)


def words(text: str) -> str:
    return " ".join(text.split())


def interrupt(crossover: Terminal, monkeypatch: pytest.MonkeyPatch, after: int, *more: str) -> None:
    """Run until so many requests were answered."""
    complete, made = Fake.complete, 0

    def interrupted(self: Fake, requests: Sequence[Request]) -> list[Reply]:
        nonlocal made
        if made >= after:
            raise KeyboardInterrupt
        made += len(requests)
        return complete(self, requests)

    with monkeypatch.context() as context:
        context.setattr(Fake, "complete", interrupted)
        assert crossover("run", "task.yaml", "--quiet", *more).status == 130


def test_an_unfinished_study_shows_what_there_is(crossover: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(crossover, monkeypatch, 29)
    said = crossover("show", "runs/parcels")
    assert (said.status, said.err) == (0, "")
    assert "Not finished: 2 rungs measured; " in words(said.out)
    assert "leads on dev with" in words(said.out)
    assert "still to come: instruction, and the test split. Run it again and it continues." in words(said.out)
    assert "majority" in said.out
    body = json.loads(crossover("show", "runs/parcels", "--json").out)
    assert (body["verdict"]["kind"], body["verdict"]["ahead"]) == ("unfinished", ["instruction"])
    assert crossover("report", "runs/parcels").status == 0
    page = Path("runs/parcels/report.html").read_text()
    assert "Not finished" in page
    assert "zero_shot" in page
    assert "holds a study without a verdict" in crossover("predict", "runs/parcels", "a text").err
    assert crossover("run", "task.yaml", "--quiet").status == 0
    assert "Not finished" not in crossover("show", "runs/parcels").out


def test_before_the_first_rung_there_is_the_plan(crossover: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(crossover, monkeypatch, 13, "--set", "strategies=[zero_shot]")
    said = crossover("show", "runs/parcels")
    assert said.status == 0
    assert "Not finished: 1 rung measured" in words(said.out)
    assert "still to come: zero_shot, and the test split" in words(said.out)


def test_a_changed_task_lists_what_changed_and_keeps_the_earlier_verdict(crossover: Terminal, here: Path) -> None:
    assert crossover("run", "task.yaml", "--quiet").status == 0
    before = Path("runs/parcels/decision.json").read_bytes()
    said = crossover("run", "task.yaml", "--set", "target=0.9", "--set", "limits.calls=5000")
    assert said.status == 0
    changed = "limits.calls: nothing → 5,000"
    assert f"since the last run in runs/parcels the task has changed: target: nothing → 0.9; {changed}" in said.err
    assert json.loads(Path("runs/parcels/history/1.json").read_text()) == json.loads(before)
    shown = words(crossover("show", "runs/parcels").out)
    assert "history/1.json): undecided, " in shown
    assert f"since then changed: target: nothing → 0.9; {changed}" in shown
    assert crossover("run", "task.yaml", "--set", "target=0.9", "--set", "limits.calls=5000", "-q").status == 0
    assert len(list(Path("runs/parcels/history").iterdir())) == 1, "the same again is no further verdict"


def test_a_changed_task_that_is_not_finished_leaves_the_verdict_as_it_is(
    crossover: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert crossover("run", "task.yaml", "--quiet").status == 0
    before = words(crossover("show", "runs/parcels").out)
    interrupt(crossover, monkeypatch, 1, "--set", "instruction=Something else.")
    after = words(crossover("show", "runs/parcels").out)
    assert "a later run in this folder is not finished, still to come: instruction; run it again" in after
    assert after.split("• a later run")[0].strip() in before
    assert crossover("predict", "runs/parcels", "where is my fig").status == 0


def test_other_data_in_the_same_folder_are_refused_with_what_changed(crossover: Terminal, here: Path) -> None:
    assert crossover("run", "task.yaml", "--quiet").status == 0
    said = crossover("run", "task.yaml", "--set", "seed=3", "--quiet")
    assert said.status == 2
    assert "changed in the task: seed: 0 → 3): name another folder" in said.err


def test_warnings_about_the_data_are_said_once_also_where_it_is_quiet(crossover: Terminal, here: Path) -> None:
    rows = [(f"row {n} about fruit {n * n}", ("a", "b", "c")[n % 3]) for n in range(45)]
    Path("rows.csv").write_text(table([*rows, ("", "a"), ("row 3 about fruit 9", "b")]))
    blank = "1 row with a blank input or output, left out (rows.csv, line 47)"
    loud = crossover("run", "task.yaml")
    assert words(loud.out + loud.err).count("1 row with a blank input or output") == 1
    quiet = crossover("run", "task.yaml", "--quiet")
    assert quiet.err == ""
    assert words(quiet.out).count(f"data: {blank}") == 1
    shown = words(crossover("show", "runs/parcels").out)
    assert shown.count(f"data: {blank}") == 1
    assert "with more than one output: the labels contradict each other" in shown


def test_a_task_without_an_instruction_is_warned_about(crossover: Terminal, here: Path) -> None:
    write_task(Path(), instruction=None)
    said = crossover("run", "task.yaml")
    assert "warning: the task has no instruction, so prompts compete blind" in said.err
    decision = json.loads(Path("runs/parcels/decision.json").read_text())
    assert any("compete blind" in warning for warning in decision["verdict"]["warnings"])
    write_task(Path(), instruction=None, input="{instruction}\n{text}", name="own")
    Path("rows.csv").write_text("instruction,text,label\n" + "".join(f"Say it,row {n},{'ab'[n % 2]}\n" for n in range(30)))
    assert "compete blind" not in crossover("run", "task.yaml").err
