"""The precision that a study began with is its own: it does not flip, and a resumed study pays for nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.engine.journal import Journal
from crossover.models.hf import precision
from crossover.serve.predict import Predictor
from crossover.study.run import run_study
from tests.models.tiny import build
from tests.study.tasks import write_task
from tests.study.test_conductor import Ear


def calls(run: Path) -> int:
    journal = Journal(run / "study.db")
    try:
        return journal.spent()[0]
    finally:
        journal.close()


@pytest.mark.parametrize(("first", "later", "chosen"), [(9.0, 1.0, "bfloat16"), (1.0, 9.0, "float32")])
def test_another_gain_in_another_process_changes_nothing(
    first: float, later: float, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "SMALL", 0)
    build(tmp_path / "model")
    task = write_task(tmp_path, ["zero_shot", {"lora": {"epochs": 1}}], model="model")
    said = []
    for gain in (first, later):
        monkeypatch.setattr(precision, "measured_gain", lambda device, gain=gain: gain)
        ear = Ear()
        folder = run_study(task, tmp_path / "run", ear)
        said.append([sentence for sentence in ear.said if sentence.startswith("the model answers in")])
        if gain == first:
            paid, epochs = calls(folder.path), sorted((folder.path / "tunes").iterdir())
    assert said[0][0].startswith(f"the model answers in {chosen}: ")
    assert said[0] == said[1], "also the reason stays as it was measured"
    assert calls(folder.path) == paid
    assert sorted((folder.path / "tunes").iterdir()) == epochs
    served = Predictor.open(folder, "lora").model
    assert getattr(served, "precision", ("",))[0] == chosen
