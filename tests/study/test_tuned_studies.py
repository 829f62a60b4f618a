"""What goes wrong with tuned rungs, seen from outside: overfitting, a full disk, rows and labels that are not there."""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crossover.cli.main import main
from crossover.report.page import render
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results
from crossover.study.run import run_study
from tests.forked import command
from tests.models.tiny import build
from tests.study.small import write_small
from tests.study.tasks import NOTES, write_task

TEXTS = [note.strip() for notes in NOTES.values() for note in notes.strip().splitlines()]
Pairs = Sequence[tuple[str, str]]


def write(folder: Path, strategies: list[Any], splits: dict[str, Pairs], **more: Any) -> Path:
    for name, pairs in splits.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("note", "topic"), *pairs])
    return write_task(folder, strategies, data={name: f"{name}.csv" for name in splits}, **more)


def by_name(folder: StudyFolder) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in json.loads(folder.decision.read_text())["candidates"]}


def test_planted_overfitting_is_flagged_in_the_trace_the_report_and_the_decision(tmp_path: Path) -> None:
    """Forty rows whose labels are drawn by lot, 24 epochs, no early stop: there is nothing to learn but the rows.

    28 of dev's rows say the same as rows of training, so that dev prefers an epoch that has learnt those by heart: with
    fewer, an early one that is lucky wins on some processors.
    """
    draw = random.Random(6)
    marked = [(text, draw.choice(["red", "blue"])) for text in [*TEXTS, *(f"{text}, they said" for text in TEXTS[12:40])]]
    said_again = [(f"{text}, they said", label) for text, label in marked[:28]]
    splits = {"train": marked[:40], "dev": [*said_again, *marked[40:56]], "test": marked[56:]}
    lora = {"epochs": 24, "patience": 0, "batch_size": 20, "rank": 4, "learning_rate": 3e-3, "targets": "attention"}
    folder = run_study(write(tmp_path, ["majority", "zero_shot", {"lora": lora}], splits), tmp_path / "run")
    decision = json.loads(folder.decision.read_text())
    found = by_name(folder)["lora"]
    assert found["train_gap"] > 0.1
    assert found["test_gap"] > 0.2
    (warning,) = [w for w in decision["verdict"]["warnings"] if w.startswith("lora overfits: ")]
    assert "% on its training rows" in warning
    results = read_results(folder)
    trace = results.candidates[-1].trace
    assert len(trace) == 24
    said = [epoch.observation for epoch in trace if epoch.observation.startswith("overfitting: ")]
    assert len(said) > 8
    assert all("from train to dev" in sentence for sentence in said)
    page = render(results)
    assert warning in page
    assert (
        f"train minus dev +{100 * found['train_gap']:.1f} points, minus test +{100 * found['test_gap']:.1f} points" in page
    )
    assert said[-1].split(":")[0] in page


def test_a_label_without_a_training_row_is_a_warning(tmp_path: Path) -> None:
    pairs = [(text, "home" if i % 2 else "away") for i, text in enumerate(TEXTS)]
    splits = {"train": pairs[:30], "dev": pairs[30:44], "test": [*pairs[44:], ("the moon is full", "sky")]}
    folder = run_study(
        write(tmp_path, ["zero_shot"], splits, model="fake", labels=["home", "away", "sky"]), tmp_path / "run"
    )
    found = {finding.code: finding.message for finding in read_results(folder).findings}
    assert found["unseen_label"] == "test: no training row has the label 'sky'"


def test_rows_that_no_tune_could_meet_are_counted_in_the_note(tmp_path: Path) -> None:
    model = build(tmp_path / "model", "gpt2", n_positions=60)
    pairs = [(text, "home" if i % 2 else "away") for i, text in enumerate(TEXTS)]
    splits = {"train": [*pairs[:10], ("long " * 80, "home")], "dev": pairs[10:16], "test": pairs[16:24]}
    task = write(tmp_path, [{"lora": {"epochs": 1}}], splits, model=str(model))
    folder = run_study(task, tmp_path / "run")
    wanted = "left out of the tune, as they exceed the context window: 1 of 11 training rows"
    assert by_name(folder)["lora"]["note"] == wanted
    assert wanted in render(read_results(folder))


def test_a_lora_whose_loss_goes_off_fails_alone_also_where_it_is_tried_twice(tmp_path: Path) -> None:
    wild = {"epochs": 1, "learning_rate": 1e30, "tries": 2, "seeds": 2}
    full = {"epochs": 1, "learning_rate": 1e-4}
    found = by_name(run_study(write_small(tmp_path, [{"lora": wild}, {"full": full}]), tmp_path / "run"))
    assert found["lora"]["status"] == "failed"
    assert "the loss is no longer a number in epoch 1" in found["lora"]["note"]
    assert found["full"]["dev"] is not None


def test_weights_that_were_swapped_for_another_bases_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder of a finished study lies an adapter that says it is another model's: one sentence and status 2."""
    task = write_task(tmp_path, [{"lora": {"epochs": 1, "rank": 2}}])
    folder = run_study(task, tmp_path / "run")
    (origin,) = folder.path.glob("tunes/*/weights-*/crossover.json")
    origin.write_text(json.dumps({"base": "0123456789abcdef"}))
    monkeypatch.setattr(sys, "argv", ["crossover", "run", str(task), "--out", str(folder.path), "--quiet"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err.strip().splitlines()
    assert ended.value.code == 2
    assert len(said) == 1
    assert "were made for another model (0123456789abcdef), not for 'pocket'" in said[0]


def test_a_disk_that_takes_no_more_ends_the_study_and_running_again_resumes(tmp_path: Path) -> None:
    """No file may grow beyond eight megabytes: the first tune fits and the second does not, as on a disk that fills up."""
    strategies = ["zero_shot", {"lora": {"epochs": 1, "rank": 1, "targets": "attention"}}, {"full": {"epochs": 1}}]
    task, out = write_task(tmp_path, strategies), tmp_path / "run"

    told = tmp_path / "told"
    ended = command("run", task, "--out", out, "--quiet", told=told, most=8 << 20)
    said = told.read_text()
    assert ended == 2, said
    assert len(said.strip().splitlines()) == 1
    assert "cannot be written (" in said
    assert "run the same command again, it continues" in said
    assert not (out / "decision.json").exists()
    finished = list(out.glob("tunes/*/weights-*/adapter_model.safetensors"))
    assert len(finished) == 1
    made = finished[0].stat().st_mtime_ns
    again = command("run", task, "--out", out, "--quiet", told=told)
    assert again == 0, told.read_text()
    found = by_name(StudyFolder(out))
    assert {c["status"] for c in found.values()} <= {"champion", "finalist", "candidate"}
    assert finished[0].stat().st_mtime_ns == made
