"""Learning curves in a study: nested labels, honest rows, resumed and cut off, and a verdict that stands whatever comes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossover.data.infer import Prepared, prepare
from crossover.data.task import Task, load_task
from crossover.engine.journal import Journal
from crossover.errors import DataError, OptionError, StudyError, TuningError
from crossover.report.page import render
from crossover.strategies.base import Bench
from crossover.strategies.few_shot import FewShot
from crossover.strategies.zero_shot import ZeroShot
from crossover.study import again, asked
from crossover.study.again import measure_curve
from crossover.study.curve_plan import curve_plan
from crossover.study.read import read_results
from crossover.study.redecide import redecide
from crossover.study.run import run_study
from crossover.types import Candidate
from tests.forked import forked
from tests.models.tiny import build
from tests.study.small import write_small
from tests.study.tasks import write_task
from tests.study.test_conductor import Ear

PROMPTS = ["zero_shot", {"few_shot": {"shots": [2], "selection": ["random"]}}]
CURVE: dict[str, Any] = {"sizes": [10, 20, 30], "seeds": 2}


def decided(task: Path, out: Path, ear: Ear | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_study(task, out, ear).decision.read_text())
    return found


def purposes(out: Path) -> dict[str, int]:
    """How many different calls each purpose wanted."""
    with closing(sqlite3.connect(out / "study.db")) as connection:
        return dict(connection.execute("SELECT purpose, count(*) FROM uses GROUP BY purpose").fetchall())


def series(decision: dict[str, Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for point in decision["crossover"]["curve"]:
        found.setdefault(point["series"], []).append(point["labels"])
    return found


def test_a_study_with_tuned_weights_gives_its_curves_and_their_sentences(tmp_path: Path) -> None:
    tuned = {"lora": {"epochs": 1, "rank": 2}}
    task = write_small(
        tmp_path, ["zero_shot", tuned], curve={"sizes": [10, 30], "seeds": 2}, limits={"label_cost": 0.5}, target=0.9
    )
    ear = Ear()
    decision = decided(task, tmp_path / "run", ear)
    crossover = decision["crossover"]
    assert series(decision) == {"control": [10, 30, 48], "prompt": [10, 30, 48], "weights": [10, 30, 48]}
    assert {"value", "low", "high", "reason", "weights", "prompt"} <= set(crossover["labels"])
    assert crossover["labels"]["value"] is not None or crossover["labels"]["reason"]
    assert {(row["series"], row["more"], row["cost"]) for row in crossover["double"]} >= {("weights", 48, 24.0)}
    assert all(point["low"] <= point["value"] <= point["high"] for point in (*crossover["curve"], *crossover["fits"]))
    own = {run["series"]: run["value"] for run in crossover["runs"] if run["split"] == "test"}
    tested = {c["family"]: c["test"]["value"] for c in decision["candidates"] if c["status"] == "champion"}
    assert own == pytest.approx(tested, abs=1e-6)
    assert set(crossover["said"]) <= set(decision["verdict"]["reasons"])
    assert "48 more labels (as many again) cost 24.00 USD and bring" in " ".join(crossover["said"])
    assert [stage.name for stage in ear.stages if stage.kind == "curve"][:2] == [
        "majority, 10 labels, seed 0",
        "zero_shot, 10 labels, seed 0",
    ]
    kept = {path.name for path in (tmp_path / "run" / "tunes").iterdir() if (path / "best").exists() or any(path.iterdir())}
    assert len(kept) == 1, "the weights of a curve's runs are not kept"
    assert ear.plans[-1][-1].kind == "curve"
    assert (ear.plans[-1][-1].seconds or 0) > 0
    assert any("then" not in s and s.startswith("after the verdict, the learning curve") for s in ear.said)
    page = render(read_results(tmp_path / "run"))
    assert "you have 48" in page
    assert "48 more labels (as many again)" in page


def test_rows_are_read_and_compared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decided(write_task(tmp_path, PROMPTS, model="fake"), tmp_path / "run")
    read: list[str] = []

    def counted(task: Task, *telling: Any) -> Prepared:
        read.append(task.name)
        return prepare(task, *telling)

    for module in (again, asked):
        monkeypatch.setattr(module, "prepare", counted)
    measure_curve(tmp_path / "run", [10, 20, 30], 2)
    assert len(read) == 1, "of many rows it takes long, and nothing is shown meanwhile"


def test_no_run_meets_the_rows_that_it_is_measured_on_nor_is_test_asked_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    decided(write_task(tmp_path, PROMPTS, model="fake"), out)
    before, tested = purposes(out), json.loads((out / "decision.json").read_text())["candidates"]
    measure_curve(out, [10, 20, 30], 2)
    after = purposes(out)
    assert {name: count for name, count in after.items() if name in before} == before, "nothing is asked again"
    assert {name.rpartition(" on ")[2] for name in after if name not in before} == {"dev", "curve"}
    decision = json.loads((out / "decision.json").read_text())
    assert [c["test"] for c in decision["candidates"]] == [c["test"] for c in tested]
    assert not (out / "history").exists(), "it is the same verdict"
    prepared = prepare(load_task(tmp_path / "task.yaml"))
    task = load_task(write_task(tmp_path, PROMPTS, curve=CURVE))
    assert task.curve is not None
    plan = curve_plan(task.curve, prepared.task, prepared.splits)
    held = [{example.id for example in part} for part in plan.held]
    assert not held[0] & held[1]
    assert set.union(*held) <= {example.id for example in prepared.splits.train}
    rungs = {c["name"] for c in decision["candidates"]}
    assert rungs == {"majority", "zero_shot", "few_shot"}, "a curve's runs are no candidates"


@pytest.mark.usefixtures("all_looks")
def test_a_curve_begun_in_a_run_goes_on_after_a_kill_and_pays_nothing_twice(tmp_path: Path) -> None:
    task = write_task(tmp_path, PROMPTS, model="fake", curve=CURVE)
    whole = decided(task, tmp_path / "whole")
    assert forked(_killed, task, tmp_path / "run") == -signal.SIGKILL
    stands = json.loads((tmp_path / "run" / "decision.json").read_text())
    assert stands["verdict"]["choice"] == whole["verdict"]["choice"]
    assert stands["crossover"]["curve"] == []
    again = decided(task, tmp_path / "run")
    assert again["crossover"] == whole["crossover"]
    for key in ("calls", "cached_calls", "tokens_in"):
        assert again["spent"][key] == whole["spent"][key]
    assert decided(task, tmp_path / "run")["spent"]["calls"] == whole["spent"]["calls"]


def _killed(task: Path, out: Path) -> None:
    """Run until the fourth run of the curve is noted, and no further."""
    noted: list[str] = []
    note = Journal.set_fact

    def counted(journal: Journal, name: str, body: Any) -> None:
        note(journal, name, body)
        noted.extend([name] if name.startswith("curve ") else [])
        if len(noted) == 4:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(Journal, "set_fact", counted)  # noqa: B010
    run_study(task, out)


def test_a_curve_that_a_limit_cuts_off_leaves_the_verdict_with_the_points_it_has(tmp_path: Path) -> None:
    plain = decided(write_task(tmp_path, PROMPTS, model="fake"), tmp_path / "plain")
    calls = plain["spent"]["calls"] * 5 // 4 + 20
    task = write_task(tmp_path, PROMPTS, model="fake", curve=CURVE | {"seeds": 3}, limits={"calls": calls})
    cut = decided(task, tmp_path / "run")
    assert cut["verdict"]["choice"] == plain["verdict"]["choice"]
    assert cut["crossover"]["cut"] == f"what is asked next may take more than is left of the limit of {calls} calls"
    assert 0 < sum(run["split"] == "curve" for run in cut["crossover"]["runs"]) < 27
    assert any("the learning curve is not finished" in warning for warning in cut["verdict"]["warnings"])
    measure_curve(tmp_path / "run", settings=["limits.calls=100000"])
    found = json.loads((tmp_path / "run" / "decision.json").read_text())["crossover"]
    assert found["cut"] is None
    assert sum(run["split"] == "curve" for run in found["runs"]) == 18, "three sizes, three seeds, two families"


def test_a_rung_that_fails_with_few_labels_is_recorded_and_is_no_wrong_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for strategy in (FewShot, ZeroShot):
        monkeypatch.setattr(strategy, "adapt", _picky(strategy.adapt))
    decision = decided(write_task(tmp_path, PROMPTS, model="fake", curve=CURVE), tmp_path / "run")
    name = next(c["name"] for c in decision["candidates"] if c["family"] == "prompt" and c["status"] == "champion")
    failed = [run for run in decision["crossover"]["runs"] if run["value"] is None]
    assert {(run["name"], run["labels"]) for run in failed} == {(name, 10)}
    assert len(failed) == CURVE["seeds"]
    said = f"With 10 labels {name} failed, and is no point of its curve: ten rows are needed"
    assert decision["verdict"]["warnings"].count(said) == 1, "it is said once"
    assert series(decision)["prompt"] == [20, 30, 48]


def _picky(adapt: Callable[..., Candidate]) -> Callable[..., Candidate]:
    def picky(self: Any, start: Candidate, bench: Bench) -> Candidate:
        if len(bench.train) < 10:
            raise TuningError("ten rows are needed")
        return adapt(self, start, bench)

    return picky


def test_failed_calls_are_left_out_and_asked_again(tmp_path: Path) -> None:
    decision = decided(write_task(tmp_path, PROMPTS, model="fake:fail:9", curve=CURVE), tmp_path / "run")
    runs = [run for run in decision["crossover"]["runs"] if run["failures"] and run["split"] == "curve"]
    assert runs
    assert all(run["items"] + run["failures"] == 9 for run in runs)


@pytest.mark.parametrize(
    ("curve", "error", "words"),
    [
        ({"sizes": [10, 400]}, OptionError, "400 labels are more than can be drawn; valid are up to 36 of the 48 training"),
        ({"seeds": 20}, DataError, "with 20 seeds needs at least 40"),
    ],
)
def test_a_curve_that_cannot_be_is_one_sentence(
    tmp_path: Path, curve: dict[str, Any], error: type[Exception], words: str
) -> None:
    task = load_task(write_task(tmp_path, PROMPTS, curve=curve))
    prepared = prepare(task)
    assert task.curve is not None
    with pytest.raises(error, match=words):
        curve_plan(task.curve, prepared.task, prepared.splits)


def test_too_few_rows_for_three_sizes_leave_a_study_its_verdict_and_a_sentence(tmp_path: Path) -> None:
    write_task(tmp_path, PROMPTS)
    rows = (tmp_path / "notes.csv").read_text().splitlines()
    some = [rows[0], *(row for at in (1, 21, 41) for row in rows[at : at + 10])]
    (tmp_path / "few.csv").write_text("\n".join(some))
    task = write_task(tmp_path, PROMPTS, model="fake", data="few.csv", curve=True)
    decision = decided(task, tmp_path / "run")
    assert decision["crossover"]["curve"] == []
    said = [w for w in decision["verdict"]["warnings"] if w.startswith("No learning curve is measured.")]
    assert len(said) == 1
    assert "24 labels (training and dev rows, of which 1 in 4 measures) are too few for 3 numbers of labels" in said[0]
    with pytest.raises(DataError, match="are too few for 3 numbers of labels"):
        measure_curve(tmp_path / "run")


def test_there_is_no_curve_without_a_finished_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="holds no study"):
        measure_curve(tmp_path)


@pytest.mark.parametrize("given", [[], ["--model", "fake"]])
def test_a_study_is_walked_again_as_it_was_given(tmp_path: Path, given: Sequence[str]) -> None:
    """Model and settings of the command stay, and a task file that was changed since does not count."""
    task = write_task(tmp_path, PROMPTS, model="fake:answer=garden" if given else "fake")
    folder = run_study(task, tmp_path / "run", model=given[-1] if given else None, settings=["margin=0.02"])
    write_task(tmp_path, ["zero_shot"], model="fake:echo", margin=0.5)
    decision = json.loads(measure_curve(folder, [10, 20]).decision.read_text())
    assert (decision["model"], decision["margin"]) == ("fake", 0.02)
    assert [c["name"] for c in decision["candidates"]] == ["majority", "zero_shot", "few_shot"]


def test_what_is_decided_again_tells_the_curves_again_at_its_prices(tmp_path: Path) -> None:
    folder = run_study(write_task(tmp_path, PROMPTS, model="fake", curve=CURVE), tmp_path / "run")
    first = json.loads(folder.decision.read_text())["crossover"]
    again = json.loads(redecide(folder, ["limits.label_cost=2", "target=0.4"]).read_text())
    assert "48 more labels (as many again) cost 96.00 USD and bring" in " ".join(again["verdict"]["reasons"])
    for name in ("runs", "curve", "fits", "have", "labels"):
        assert again["crossover"][name] == first[name]
    assert {row["series"] for row in again["crossover"]["target"]} == {"control", "prompt"}
    assert first["target"] == []


def test_a_plain_run_of_the_same_task_keeps_the_curve_that_was_measured(tmp_path: Path) -> None:
    task = write_task(tmp_path, PROMPTS, model="fake")
    folder = run_study(task, tmp_path / "run")
    first = json.loads(measure_curve(folder, [10, 20], 1).decision.read_text())["crossover"]["runs"]
    assert json.loads(run_study(task, tmp_path / "run").decision.read_text())["crossover"]["runs"] == first
    write_task(tmp_path, PROMPTS, model="fake", curve=False)
    assert not json.loads(run_study(task, tmp_path / "run").decision.read_text())["crossover"]["runs"]


def test_a_changed_task_measures_its_curve_anew(tmp_path: Path) -> None:
    """Of the same rows and model with other words: in the same folder as in a new one."""
    (tmp_path / "prompt.json").write_text(json.dumps([{"role": "user", "content": "What is it about? {input}"}]))
    curve = {"sizes": [10, 20], "seeds": 1}

    def points(out: str, instruction: str) -> list[dict[str, Any]]:
        told = {"instruction": instruction, "curve": curve, "model": "fake"}
        rungs = ["zero_shot", {"given": {"prompt": "prompt.json"}}, {"instruction": {"formats": 0}}]
        task = write_task(tmp_path, rungs, **told)
        found: list[dict[str, Any]] = decided(task, tmp_path / out)["crossover"]["runs"]
        return found

    first = points("run", "Say what the note is about.")
    assert points("run", "Name the topic.") == points("fresh", "Name the topic.") != first
    (tmp_path / "prompt.json").write_text(json.dumps([{"role": "user", "content": "Its topic? {input}"}]))
    assert points("run", "Name the topic.") == points("other", "Name the topic.")


def test_a_chains_step_of_another_task_is_measured_anew_where_that_tasks_rows_changed(tmp_path: Path) -> None:
    (tmp_path / "place.yaml").write_text("name: place\ndata: place.csv\ninput: text\noutput: label\nkind: classify\n")
    steps = [{"name": "place", "task": "place.yaml"}, {"name": "topic", "template": "{input} {place}"}]

    def points(out: str, labels: tuple[str, str]) -> list[dict[str, Any]]:
        rows = [f"something {n} is {labels[n % 2]},{labels[n % 2]}" for n in range(40)]
        (tmp_path / "place.csv").write_text("\n".join(["text,label", *rows]))
        curve = {"sizes": [10, 20], "seeds": 1}
        task = write_task(tmp_path, ["zero_shot", "chain"], model="fake", chain=steps, curve=curve, margin=0.0)
        found: list[dict[str, Any]] = decided(task, tmp_path / out)["crossover"]["runs"]
        return found

    first = points("run", ("near", "far"))
    again = points("run", ("here", "there"))
    assert "chain" in {run["name"] for run in first} & {run["name"] for run in again}
    assert again == points("fresh", ("here", "there")) != first


def test_another_teacher_in_the_same_folder_teaches_anew(tmp_path: Path) -> None:
    curve = {"sizes": [10, 20], "seeds": 1}
    task = write_small(tmp_path, ["zero_shot", {"distill": {"teacher": "teacher", "epochs": 1, "rank": 2}}], curve=curve)

    def points(out: str, kind: str) -> list[dict[str, Any]]:
        shutil.rmtree(tmp_path / "teacher", ignore_errors=True)
        build(tmp_path / "teacher", kind)
        found: list[dict[str, Any]] = decided(task, tmp_path / out)["crossover"]["runs"]
        return [run for run in found if run["split"] == "curve"]

    first = points("run", "llama")
    assert points("run", "gpt2") == points("fresh", "gpt2") != first


def test_an_option_that_is_too_long_for_a_files_name_is_none(tmp_path: Path) -> None:
    tuned = {"lora": {"epochs": 1, "rank": 2, "targets": f".*q_proj|{'ä' * 200}"}}  # 200 letters, 400 bytes
    task = write_small(tmp_path, ["zero_shot", tuned], curve={"sizes": [10, 30], "seeds": 1})
    assert decided(task, tmp_path / "run")["crossover"]["runs"]


@pytest.mark.parametrize("setting", ["curve.seeds=1", "curve={sizes: [10, 20], seeds: 1}"])
def test_a_curve_in_the_settings_is_measured_as_it_says(tmp_path: Path, setting: str) -> None:
    folder = run_study(write_task(tmp_path, PROMPTS, model="fake"), tmp_path / "run")
    runs = json.loads(measure_curve(folder, settings=[setting]).decision.read_text())["crossover"]["runs"]
    measured = [run for run in runs if run["split"] == "curve"]
    assert {run["seed"] for run in measured} == {0}
    assert "{" not in setting or {run["labels"] for run in measured} == {10, 20}


@pytest.mark.parametrize("setting", ["curve=false", "curve="])
def test_a_curve_that_the_settings_take_away_is_refused_in_a_sentence(tmp_path: Path, setting: str) -> None:
    folder = run_study(write_task(tmp_path, PROMPTS, model="fake"), tmp_path / "run")
    with pytest.raises(OptionError, match="curve: received none to measure, in --set curve; valid is true"):
        measure_curve(folder, settings=[setting])
    with pytest.raises(OptionError, match="valid is one of the two"):
        measure_curve(folder, [10, 20], settings=[setting])
