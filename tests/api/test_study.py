"""From Python: run a study, open it, look at it. What goes wrong is a sentence here too."""

from __future__ import annotations

import builtins
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crossover
from crossover.api.study import Study, Verdict
from crossover.errors import CrossoverError, DataError, MissingExtra, OptionError, StudyError, TaskError
from crossover.study.read import read_task
from tests.study.tasks import write_task

FIELDS: dict[str, Any] = {
    "input": "note",
    "output": "topic",
    "instruction": "Say what the note is about.",
    "model": "fake",
    "strategies": ["zero_shot", "instruction"],
    "forgetting": False,
    "limits": {"machine_cost_per_hour": 0},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def study(place: Path) -> Study:
    path = write_task(place, ["zero_shot", "instruction"], model="fake")
    return crossover.run_study(str(path), out=str(place / "run"))


@pytest.fixture(scope="module")
def frame(study: Study, place: Path) -> pd.DataFrame:
    return pd.read_csv(place / "notes.csv")


def test_a_finished_study_is_opened_from_text_and_read(study: Study, place: Path) -> None:
    found = crossover.open_study(str(place / "run"))
    assert found.path == place / "run"
    assert found.decision == json.loads((place / "run" / "decision.json").read_text())
    assert [c.name for c in found.candidates] == ["majority", "zero_shot", "instruction"]
    verdict = found.verdict
    assert verdict.kind == found.decision["verdict"]["kind"]
    assert (verdict.choice or verdict.provisional) in [c.name for c in found.candidates]
    assert str(verdict) == verdict.headline
    assert verdict.headline in repr(found)
    assert found.candidate("zero_shot").model == "fake"
    assert (found.path / "report.html").exists()
    assert found.report(str(place / "again.html")).read_text() == (found.path / "report.html").read_text()


def test_the_learning_curve_is_measured_and_read_as_points_and_as_a_frame(study: Study, tmp_path: Path) -> None:
    assert study.curve == []
    assert study.curve_frame().empty
    place = tmp_path / "copy"
    shutil.copytree(study.path, place)
    found = crossover.open_study(place).measure_curve([10, 20], seeds=2)
    assert [point["labels"] for point in found.curve if point["series"] == "prompt"] == [10, 20, 48]
    frame = found.curve_frame()
    assert len(frame) == 2 * (2 * 2 + 1), "families, sizes and draws, and the study's own"
    assert frame[frame.split == "curve"].value.between(0, 1).all()


def test_predictions_are_the_measured_ones(study: Study) -> None:
    shown = study.predictions("zero_shot")
    (zero,) = [c for c in study.candidates if c.name == "zero_shot"]
    assert zero.test is not None
    assert len(shown) == zero.test.n
    assert sum(one.score or 0 for one in shown) / len(shown) == pytest.approx(zero.test.value, abs=1e-6)
    assert re.fullmatch(r"notes\.csv, line \d+", shown[0].source)
    assert {one.split for one in study.predictions(split="dev")} == {"dev"}
    assert len({one.candidate for one in study.predictions(split="dev")}) == 3
    answered = study.predict("the roses need water", "zero_shot")
    assert answered[0].text in ("garden", "kitchen", "journey")


def test_data_frames_have_a_row_for_each(study: Study) -> None:
    candidates = study.candidates_frame()
    assert list(candidates["name"]) == ["majority", "zero_shot", "instruction"]
    assert (candidates["dev_low"] <= candidates["dev"]).all()
    predictions = study.predictions_frame()
    assert {"candidate", "gold", "prediction", "score"} <= set(predictions.columns)
    tested = candidates.dropna(subset=["test"])
    means = predictions.groupby("candidate")["score"].mean()
    for _, row in tested.iterrows():
        assert means[row["name"]] == pytest.approx(row["test"], abs=1e-6)
    pairs = study.comparisons_frame()
    assert set(pairs["a"]) | set(pairs["b"]) <= set(candidates["name"])
    assert len(pairs) == len(study.decision["comparisons"])


def test_without_pandas_one_is_told_what_to_install(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"a data frame needs an optional part .* pip install 'crossover\[pandas\]'"):
        study.candidates_frame()


def test_a_data_frame_gives_the_study_of_its_file_and_leaves_nothing_else(
    study: Study, frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    found = crossover.run_study(data=frame, name="mine", kind="classify", **FIELDS)
    assert found.path == Path("runs/mine")
    assert found.decision["data_sha256"] == study.decision["data_sha256"]
    scores = [{c.name: c.dev for c in one.candidates} for one in (found, study)]
    assert scores[0] == scores[1]
    assert not list((tmp_path / "tmp").iterdir())
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("runs", "tmp")] == []
    assert "crossover.run_study(...), with a task made in Python" in (found.path / "report.html").read_text()
    again = crossover.open_study("runs/mine")
    assert again.predict(["the soup wants salt"])[0].error is None
    assert read_task(again.folder).data == "DataFrame (in memory)"
    assert crossover.run_study(crossover.Task(name="mine", data=frame, kind="classify", **FIELDS)).path == found.path


def test_keywords_stand_in_the_place_of_the_task_files(study: Study, place: Path, tmp_path: Path) -> None:
    found = crossover.run_study(place / "task.yaml", out=tmp_path / "run", strategies=["zero_shot"], seed=3)
    assert [c.name for c in found.candidates] == ["majority", "zero_shot"]
    assert found.decision["seed"] == 3
    task = crossover.load_task(str(place / "task.yaml"))
    again = crossover.run_study(task, out=tmp_path / "run", strategies=["zero_shot"], seed=3)
    assert again.decision["candidates"] == found.decision["candidates"]
    assert again.decision["spent"]["calls"] == found.decision["spent"]["calls"], "no model is asked again"


def test_tuples_and_numpys_numbers_are_taken_for_lists_and_numbers(frame: pd.DataFrame, tmp_path: Path) -> None:
    keys = FIELDS | {"strategies": ("zero_shot", {"few_shot": {"shots": (2,)}}), "limits": {"label_cost": np.int64(2)}}
    found = crossover.run_study(data=frame, out=tmp_path / "run", seed=np.int64(3), exhaustive=np.bool_(True), **keys)
    assert [one.name for one in found.candidates] == ["majority", "zero_shot", "few_shot"]
    written = json.loads((tmp_path / "run" / "decision.json").read_text())
    assert written["candidates"][0]["cost"]["parts"]["labels"] == 2 * written["candidates"][0]["cost"]["labels"]
    dear = found.redecide(limits={"label_cost": np.float32(4)})
    assert dear.decision["candidates"][0]["cost"]["parts"]["labels"] == 4 * written["candidates"][0]["cost"]["labels"]


def test_mistakes_are_sentences(study: Study, frame: pd.DataFrame, tmp_path: Path) -> None:
    def said(kind: type[CrossoverError], text: str, *given: Any, **keys: Any) -> None:
        with pytest.raises(kind, match=text) as raised:
            crossover.run_study(*given, out=tmp_path / "run", **keys)
        assert "\n" not in str(raised.value)
        assert not (tmp_path / "run").exists()

    said(TaskError, r"gone\.yaml", tmp_path / "gone.yaml")
    said(TaskError, "received 3; valid is a task file's path, or a Task", 3)
    said(TaskError, r"the task: received '[^\n]{1,80}; valid is a task file's path, or a Task", frame)
    said(TaskError, "key 'data': it is missing", **FIELDS)
    said(TaskError, "key 'outputs': unknown key; did you mean 'output'", data=frame, outputs="topic", **FIELDS)
    said(TaskError, "there is no metric 'acuracy'", data=frame, metric="acuracy", **FIELDS)
    said(TaskError, "there is no strategy 'lorra'", data=frame, **FIELDS | {"strategies": ["lorra"]})
    said(DataError, "has no column 'notes'; did you mean 'note'", data=frame, **FIELDS | {"input": "notes"})
    own = "valid is a DataFrame, a datasets.Dataset, or a list of mappings, a mapping of train, dev and test to such"
    said(DataError, f"data: received a list of tuple; {own}", data=[("a", "b")], **FIELDS)
    said(DataError, f"data: received a list of str in a mapping; {own}", data={"note": ["a"], "topic": ["b"]}, **FIELDS)
    said(DataError, f"data: received a generator; {own}", data=(row for row in [{"note": "a"}]), **FIELDS)
    with pytest.raises(OptionError, match="on: received 3; valid is ray"):
        crossover.run_study(data=frame, out=tmp_path / "run", on=3, **FIELDS)  # type: ignore[arg-type]
    for path in ("", "a\0b", b"run"):
        with pytest.raises(StudyError, match=r"the study.s folder: received .*; valid is a path"):
            crossover.run_study(data=frame, out=path, **FIELDS)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="open_study: received a int; valid is the folder of a run"):
        crossover.open_study(3)  # type: ignore[arg-type]
    for wrong, kind in ((3, "int"), ([None], "NoneType"), (["text", 3.5], "float")):
        with pytest.raises(DataError, match=f"predict: received a {kind}; valid is a text, or a list of texts"):
            study.predict(wrong)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="holds no study"):
        crossover.open_study(tmp_path)
    with pytest.raises(StudyError, match="has no candidate 'lora'"):
        study.predictions("lora")
    with pytest.raises(OptionError, match="there are no predictions on 'train'; valid: test, dev"):
        study.predictions(split="train")


def test_the_prompt_of_a_candidate_is_kept_by_name_with_its_score(study: Study, tmp_path: Path) -> None:
    kept = study.keep_prompt("notes", "instruction", label="live", folder=tmp_path)
    found = crossover.prompts.get("notes@live", tmp_path)
    assert (found, found.prompt) == (kept, study.candidate("instruction").prompt)
    assert [one.version for one in crossover.prompts.Registry(tmp_path).scores("notes")] == [kept.identity]
    with pytest.raises(StudyError, match="has no candidate 'lora'"):
        study.keep_prompt("notes", "lora", folder=tmp_path)


def test_what_a_notebook_shows_is_escaped(frame: pd.DataFrame, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    data = frame.replace("garden", f"{evil}&")
    found = crossover.run_study(data=data, out=tmp_path / "run", kind="classify", **FIELDS | {"instruction": evil})
    for html in (found._repr_html_(), found.verdict._repr_html_()):
        assert "<script" not in html
        assert found.verdict.headline.split(":")[0] in html
    warned = Verdict("undecided", evil, None, None, None, None, (evil,), (evil,))
    assert "<script" not in warned._repr_html_()
    assert "zero_shot" in found._repr_html_()


def test_importing_crossover_loads_nothing_heavy_and_neither_does_opening_a_study(study: Study) -> None:
    code = (
        "import sys, crossover\n"
        "early = [m for m in ('pandas', 'torch', 'pydantic', 'numpy', 'jinja2') if m in sys.modules]\n"
        "crossover.open_study(sys.argv[1]).verdict\n"
        "print(early, [m for m in ('pandas', 'torch', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(study.path)], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    assert done.stdout.strip() == "[] []"
