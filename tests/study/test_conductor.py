"""A study from task file to decision: the schema, the limits, the failures, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossover.api.study import open_study
from crossover.data.economics import Limits
from crossover.data.task import load_task
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import DataError, MetricError, ModelError, OptionError, StudyError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.probe import Probe
from crossover.report.page import render
from crossover.study.folder import StudyFolder
from crossover.study.ladder import floor
from crossover.study.listener import Quiet, Stage
from crossover.study.read import read_candidate, read_results
from crossover.study.run import run_study
from crossover.types import Estimate, Example, Run
from tests.models.tiny import build
from tests.study.small import write_small
from tests.study.tasks import NOTES, write_task

SCHEMA = {
    "top": "version task model seed created crossover_version splits data_sha256 candidates comparisons crossover verdict"
    " spent",
    "candidate": "id name strategy family parent metric dev test failures relevance consistency forgetting train_gap"
    " latency_ms tokens_in tokens_out cost status note",
    "comparison": "a b difference low high p p_adjusted test n",
    "verdict": "choice kind target_met needed_test_items reasons warnings confidence regret",
    "spent": "calls cached_calls tokens_in tokens_out seconds money",
}


class Ear:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.plans: list[list[Stage]] = []
        self.stages: list[Stage] = []
        self.said: list[str] = []
        self.results: dict[str, Estimate | None] = {}

    def plan(self, stages: Sequence[Stage]) -> None:
        self.plans.append(list(stages))

    def stage(self, stage: Stage) -> None:
        self.stages.append(stage)

    def progress(self, what: str, done: int, total: int) -> None:
        assert 0 <= done <= total

    def result(self, name: str, dev: Estimate | None, note: str) -> None:
        self.results[name] = dev

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def note(self, sentence: str) -> None:
        self.said.append(sentence)


def decide(task: Path, out: Path, ear: Ear | None = None) -> dict[str, Any]:
    folder = run_study(task, out, ear or Ear())
    decision: dict[str, Any] = json.loads(folder.decision.read_text())
    return decision


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Ear]:
    folder = tmp_path_factory.mktemp("finished")
    strategies = ["zero_shot", {"few_shot": {"shots": [3]}}, {"lora": {"epochs": 3}}, "lora+few_shot"]
    ear = Ear()
    return folder / "run", decide(write_small(folder, strategies, target=0.9), folder / "run", ear), ear


def test_decision_json_keeps_its_schema(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    _, decision, _ = finished
    assert decision["version"] == 1
    assert set(SCHEMA["top"].split()) <= set(decision)
    assert set(SCHEMA["verdict"].split()) <= set(decision["verdict"])
    assert set(SCHEMA["spent"].split()) <= set(decision["spent"])
    assert {"labels", "requests", "curve"} <= set(decision["crossover"])
    for candidate in decision["candidates"]:
        assert set(SCHEMA["candidate"].split()) <= set(candidate)
    for comparison in decision["comparisons"]:
        assert set(SCHEMA["comparison"].split()) <= set(comparison)


def test_every_family_is_there_with_an_interval(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    _, decision, _ = finished
    tested = {c["family"]: c["test"] for c in decision["candidates"] if c["test"]}
    assert set(tested) == {"control", "prompt", "weights", "hybrid"}
    for estimate in tested.values():
        assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1
        assert estimate["n"] == decision["splits"]["test"]


def test_a_listener_is_told_every_stage_ahead_with_what_it_is_thought_to_take(
    finished: tuple[Path, dict[str, Any], Ear],
) -> None:
    _, decision, ear = finished
    plan = ear.plans[-1]
    assert [stage.name for stage in plan if stage.kind == "climb"] == [c["name"] for c in decision["candidates"]]
    assert (plan[-1].kind, plan[-1].name) == ("test", "the finalists")
    assert all(stage.seconds is not None for stage in plan)
    assert [stage.seconds for stage in plan if stage.name == "majority"] == [0.0]
    assert all(stage.seconds for stage in plan if stage.name in ("zero_shot", "few_shot", "lora"))
    begun = [(stage.kind, stage.name) for stage in ear.stages if stage.kind != "test"]
    assert begun == [(stage.kind, stage.name) for stage in plan if stage.kind != "test"]
    tested = [stage.name for stage in ear.stages if stage.kind == "test"]
    assert tested == [c["name"] for c in decision["candidates"] if c["test"]]


def test_a_short_prompt_with_weights_is_no_hybrid_though_a_long_one_taught_it(tmp_path: Path) -> None:
    few = {"shots": [2], "selection": ["random"]}
    taught = {"few_shot+distill": {"few_shot": few, "distill": {"epochs": 1}}}
    decision = decide(write_small(tmp_path, ["zero_shot", taught]), tmp_path / "run")
    families = {row["name"]: row["family"] for row in decision["candidates"]}
    assert families == {"majority": "control", "zero_shot": "prompt", "few_shot+distill": "weights"}


def test_the_most_frequent_answer_is_measured_where_the_others_are(tmp_path: Path) -> None:
    """Another control goes to test in its place, and test has other labels than dev: what dev says of it says nothing."""
    path = write_task(tmp_path, ["majority", "nearest_neighbour", "zero_shot"], model="fake")
    often = {"train": (12, 3), "dev": (9, 3), "test": (2, 10)}
    for split, counts in often.items():
        rows = [
            f"{note.strip()} {split},{topic}\n"
            for topic, count in zip(("garden", "kitchen"), counts, strict=True)
            for note in NOTES[topic].strip().splitlines()[:count]
        ]
        (tmp_path / f"{split}.csv").write_text("note,topic\n" + "".join(rows))
    body = json.loads(path.read_text()) | {"data": {split: f"{split}.csv" for split in often}}
    path.write_text(json.dumps(body))
    decision = decide(path, tmp_path / "run")
    tested = {row["name"] for row in decision["candidates"] if row["test"]}
    assert tested == {"nearest_neighbour", "zero_shot"}
    with closing(JournalReader(tmp_path / "run" / "study.db")) as journal:
        floor = journal.fact("evidence")["floor"]
    assert (floor["n"], floor["value"]) == (12, pytest.approx(2 / 12))


def test_a_control_is_added_and_said(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    _, decision, ear = finished
    assert decision["candidates"][0]["name"] == "majority"
    assert "no control is given: added majority" in ear.said
    assert [stage.name for stage in ear.stages[:2]] == ["majority", "zero_shot"]


def test_the_results_can_be_read_back_without_a_model(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    path, decision, _ = finished
    results = read_results(StudyFolder(path))
    assert [c.name for c in results.candidates] == [c["name"] for c in decision["candidates"]]
    lora = next(c for c in results.candidates if c.name == "lora")
    assert [epoch.epoch for epoch in lora.trace] == list(range(1, len(lora.trace) + 1))
    traces = {c.trace for c in results.candidates if c.trace}
    assert decision["spent"]["tuning_epochs"] == sum(map(len, traces)), "epochs of shared weights are spent once"
    assert lora.prompt[-1].role == "user"
    candidate, row = read_candidate(StudyFolder(path), "lora")
    assert candidate.id == row["id"]
    assert candidate.weights is not None
    assert Path(candidate.weights.path).is_dir()


def test_every_prompt_that_was_tried_is_kept_with_its_score(tmp_path: Path) -> None:
    decision = decide(write_task(tmp_path, ["instruction"], model="fake"), tmp_path / "run")
    by_name = {c.name: c for c in read_results(StudyFolder(tmp_path / "run")).candidates}
    tried = by_name["instruction"].tried
    assert len(tried) >= 8
    assert by_name["instruction"].id in {row.id for row in tried}
    assert max(row.dev.value for row in tried) == max(row.dev.value for row in tried if row.id == by_name["instruction"].id)
    [chosen] = [row for row in tried if row.id == by_name["instruction"].id]
    assert by_name["instruction"].note.endswith("; calibrated") is chosen.calibrated
    plain = [row.dev.value for row in tried if not row.calibrated]
    assert decision["prompt_sensitivity"] == {
        "tried": len(plain),
        "low": round(min(plain), 6),
        "high": round(max(plain), 6),
    }


def test_what_a_plainer_rung_gives_too_is_not_paid_as_what_a_dearer_one_took(tmp_path: Path) -> None:
    """The instruction is tried and taken away again: what is left is the bare input, which takes nothing to make."""
    decision = decide(write_task(tmp_path, ["instruction+zero_shot", "zero_shot"], model="fake"), tmp_path / "run")
    rows = {row["name"]: row for row in decision["candidates"]}
    assert rows["zero_shot"]["same_as"] == "instruction+zero_shot"
    assert [(row["cost"]["calls"], row["cost"]["labels"]) for row in rows.values() if row["name"] != "majority"] == [
        (0, 0)
    ] * 2


def test_failed_calls_make_no_request_look_cheaper(tmp_path: Path) -> None:
    """About every fifth call fails and takes nothing; at 1,000 a million, a thousand requests cost their mean of tokens."""
    prices = {"input": 1000, "output": 0}
    decision = decide(write_task(tmp_path, ["zero_shot"], model="fake:fail:5", prices=prices), tmp_path / "run")
    [row] = [row for row in decision["candidates"] if row["name"] == "zero_shot"]
    journal = JournalReader(tmp_path / "run" / "study.db")
    records = journal.run(row["id"], "dev")["records"]
    journal.close()
    answered = [record["tokens_in"] for record in records if record["error"] is None]
    assert 0 < len(answered) < len(records)
    assert row["cost"]["per_1k_requests"] == pytest.approx(sum(answered) / len(answered))


def test_other_data_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot"], model="fake")
    decide(task, tmp_path / "run")
    with (tmp_path / "notes.csv").open("a") as file:
        file.write("the kettle whistles,kitchen\n")
    with pytest.raises(StudyError, match="other data or splits"):
        decide(task, tmp_path / "run")


@pytest.mark.parametrize("judge", [False, True])
def test_another_model_at_the_same_place_is_refused_and_test_is_not_met_by_it(judge: bool, tmp_path: Path) -> None:
    judged = {"metric": {"judge": {"model": "judge", "rubric": "Is it right?"}}} if judge else {}
    build(tmp_path / "judge", hidden_act="gelu")
    task = write_small(tmp_path, ["zero_shot"], **judged)
    decided = run_study(task, tmp_path / "run").read_decision()
    changed = "judge" if judge else "model"
    build(tmp_path / changed, hidden_act="relu")
    with pytest.raises(
        StudyError, match=rf"holds a study of the model '{changed}' as it was \(.*have it as it was \(its files"
    ):
        run_study(task, tmp_path / "run")
    assert StudyFolder(tmp_path / "run").read_decision() == decided
    if not judge:  # nor does it answer for the one that was measured
        with pytest.raises(StudyError, match="measured the model 'model' as it was"):
            open_study(tmp_path / "run").predict("a text", name="zero_shot")
    build(tmp_path / changed, **({"hidden_act": "gelu"} if judge else {}))
    again = run_study(task, tmp_path / "run").read_decision()
    assert again["candidates"] == decided["candidates"]
    assert again["spent"]["calls"] == decided["spent"]["calls"]


def test_a_rung_added_later_pays_only_for_itself_and_test_reuse_is_said(tmp_path: Path) -> None:
    decide(write_task(tmp_path, ["zero_shot"], model="fake"), tmp_path / "run")
    journal = Journal(tmp_path / "run" / "study.db")
    before = journal.spent()[0]
    journal.close()
    decision = decide(write_task(tmp_path, ["zero_shot", "instruction"], model="fake"), tmp_path / "run")
    names = [c["name"] for c in decision["candidates"]]
    assert names == ["majority", "zero_shot", "instruction"]
    assert decision["spent"]["calls"] > before
    assert any("used for 2 different sets of finalists" in w for w in decision["verdict"]["warnings"])


def test_a_sibling_renames_no_candidate_and_tests_none_again(tmp_path: Path) -> None:
    few = [{"few_shot": {"shots": [n], "selection": ["random"]}} for n in (2, 3)]
    before = decide(write_task(tmp_path, ["zero_shot", few[0]], model="fake"), tmp_path / "run")
    after = decide(write_task(tmp_path, ["zero_shot", *few], model="fake"), tmp_path / "run")
    assert [row["strategy"] for row in after["candidates"]] == ["majority", "zero_shot", "few_shot", "few_shot"]
    [alone, first] = before["candidates"][2], after["candidates"][2]
    assert (alone["name"], first["name"]) == ("few_shot", "few_shot (shots [2])")
    assert alone["id"] == first["id"]
    assert after["candidates"][3]["id"] != first["id"]
    shown = {c.name: c.tried for c in read_results(StudyFolder(tmp_path / "run")).candidates}
    assert {row.demonstrations for row in shown["few_shot (shots [2])"]} == {2}
    other = write_task(tmp_path, ["zero_shot", {"few_shot": {"shots": [4], "selection": ["random"]}}], model="fake")
    decide(other, tmp_path / "run")
    shown = {c.name: c.tried for c in read_results(StudyFolder(tmp_path / "run")).candidates}
    assert {row.demonstrations for row in shown["few_shot"]} == {4}, "not those of a rung that had this name"


def test_two_rungs_that_end_in_the_same_candidate_are_both_shown_and_tested_once(tmp_path: Path) -> None:
    ear = Ear()
    task = write_task(tmp_path, ["zero_shot", "instruction+zero_shot"], model="fake")
    decision = decide(task, tmp_path / "run", ear)
    _, first, second = decision["candidates"]
    assert (first["name"], second["name"]) == ("zero_shot", "instruction+zero_shot")
    assert first["id"] == second["id"]
    assert (first["same_as"], second["same_as"]) == (None, "zero_shot")
    assert second["note"].startswith("the same candidate as zero_shot")
    assert first["parent"] is second["parent"] is None, "it is what its rung began with"
    assert first["test"] == second["test"] is not None
    assert "instruction+zero_shot ends in the same candidate as zero_shot: it is measured once" in ear.said
    assert [stage.name for stage in ear.stages if stage.kind == "test"] == ["majority", "zero_shot"]
    assert not any(pair["a"] == pair["b"] for pair in decision["comparisons"])
    results = read_results(StudyFolder(tmp_path / "run"))
    assert [c.same_as for c in results.candidates] == [None, None, "zero_shot"]
    found, _ = read_candidate(StudyFolder(tmp_path / "run"), "instruction+zero_shot")
    assert found.id == first["id"]


def test_a_folder_of_the_version_before_is_read_but_not_continued(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot"], model="fake")
    decide(task, tmp_path / "run")
    journal = Journal(tmp_path / "run" / "study.db")
    journal.set_fact("version", 1)
    journal.close()
    assert [c.name for c in read_results(StudyFolder(tmp_path / "run")).candidates] == ["majority", "zero_shot"]
    with pytest.raises(StudyError, match=r"journal version 1, here 2.*cannot be continued: name another folder with --out"):
        decide(task, tmp_path / "run")


def test_a_failed_rung_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    strategies = ["zero_shot", {"lora": {"epochs": 1, "learning_rate": 1e30}}, "instruction"]
    decision = decide(write_small(tmp_path, strategies), tmp_path / "run")
    by_name = {c["name"]: c for c in decision["candidates"]}
    assert by_name["lora"]["status"] == "failed"
    assert by_name["lora"]["test"] is None
    assert "loss" in by_name["lora"]["note"]
    assert by_name["instruction"]["dev"] is not None


def test_failed_calls_are_left_out_and_too_many_of_them_cannot_win(tmp_path: Path) -> None:
    decision = decide(write_task(tmp_path, ["zero_shot"], model="fake:fail:3"), tmp_path / "run")
    zero = next(c for c in decision["candidates"] if c["name"] == "zero_shot")
    assert zero["failures"] > 0
    assert zero["status"] == "removed"
    assert zero["dev"]["n"] < decision["splits"]["dev"]
    again = decide(tmp_path / "task.yaml", tmp_path / "run")["spent"]
    assert again["calls"] > decision["spent"]["calls"]
    assert again["cached_calls"] == decision["spent"]["cached_calls"] >= 0
    assert any("zero_shot cannot win" in w for w in decision["verdict"]["warnings"])


def test_the_next_one_stands_in_for_a_champion_that_is_removed_on_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def refused(limits: Limits, name: str, local: bool, probe: Probe | None, *runs: Run) -> str | None:
        if name.startswith("few_shot") and any(run.split == "test" for run in runs):
            seen.extend([name] if name not in seen else [])
            return f"{name} cannot win: its calls failed" if name == seen[0] else None
        return None

    for place in ("crossover.study.finals.removal", "crossover.decision.deciding.removal"):
        monkeypatch.setattr(place, refused)
    strategies = [
        {"few_shot": {"shots": [2], "selection": ["random"]}},
        {"few_shot": {"shots": [4], "selection": ["random"]}},
    ]
    decision = decide(write_task(tmp_path, strategies, model="fake"), tmp_path / "run")
    removed, stands = (next(c for c in decision["candidates"] if c["name"] == name) for name in seen)
    assert (removed["status"], stands["status"]) == ("removed", "champion")
    assert f"{seen[0]} cannot win: its calls failed" in decision["verdict"]["warnings"]


def test_no_margin_no_tolerance_and_nothing_that_costs_end_in_a_verdict_and_a_report(tmp_path: Path) -> None:
    free = dict.fromkeys(("machine_cost_per_hour", "requests_per_month", "horizon_months", "label_cost"), 0)
    task = write_task(tmp_path, ["zero_shot", "instruction"], model="fake", margin=0, tolerance=0, limits=free)
    decision = decide(task, tmp_path / "run")
    verdict = decision["verdict"]
    assert (decision["margin"], decision["tolerance"]) == (0, 0)
    assert verdict["choice"] or verdict["provisional"]
    assert 0 <= verdict["regret"]["expected"] <= verdict["regret"]["upper"] <= 1
    assert "Lost at most" in render(read_results(StudyFolder(tmp_path / "run")))


def test_at_the_limit_of_minutes_what_is_finished_is_decided_upon(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot", "instruction"], model="fake", limits={"minutes": 0})
    decision = decide(task, tmp_path / "run")
    assert any("limit of 0 minutes is reached" in w for w in decision["verdict"]["warnings"])
    assert decision["verdict"]["kind"] == "undecided"
    assert decision["spent"]["calls"] == 0


def test_at_the_limit_of_calls_some_are_kept_for_the_test_split(tmp_path: Path) -> None:
    strategies = ["zero_shot", "instruction", {"few_shot": {"shots": [2, 4]}}]
    task = write_task(tmp_path, strategies, model="fake", limits={"calls": 150})
    decision = decide(task, tmp_path / "run")
    assert any(
        "80 % of the limit of 150 calls" in w and "(the rest is kept for the test) while climbing" in w
        for w in decision["verdict"]["warnings"]
    )
    assert 0 < decision["spent"]["calls"] <= 150
    assert any(row["test"] for row in decision["candidates"])


def test_thirty_rows_never_give_a_confident_fine_tune(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot", {"lora": {"epochs": 3}}, {"instruction+lora": {"lora": {"epochs": 3}}}])
    lines = (tmp_path / "notes.csv").read_text().splitlines()
    (tmp_path / "notes.csv").write_text("\n".join([lines[0], *lines[1::2]]) + "\n")
    verdict = decide(task, tmp_path / "run")["verdict"]
    assert verdict["kind"] in ("undecided", "prompt", "neither")
    assert verdict["needed_test_items"] is None or verdict["needed_test_items"] > 6


def test_a_metric_that_does_not_suit_the_kind_is_refused_with_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"metric 'field_f1' does not suit kind 'classify'; valid: accuracy"):
        decide(write_task(tmp_path, ["zero_shot"], metric="field_f1"), tmp_path / "run")


def test_errors_in_the_data_stop_before_anything_is_spent(tmp_path: Path) -> None:
    task = write_task(tmp_path, ["zero_shot"], labels=["garden", "kitchen"])
    with pytest.raises(DataError, match="journey"):
        decide(task, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_data_that_must_stay_is_never_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crossover.models.fake import Fake

    asked: list[object] = []
    monkeypatch.setattr(Fake, "local", False)
    monkeypatch.setattr(Fake, "complete", lambda self, requests: asked.append(requests))
    task = write_task(tmp_path, ["zero_shot"], model="fake", limits={"data_stays_here": True})
    with pytest.raises(OptionError, match="data_stays_here is true, and the model 'fake' runs elsewhere"):
        decide(task, tmp_path / "run")
    assert asked == []


def test_labels_that_the_model_cannot_tell_apart_are_refused_before_anything_is_spent(tmp_path: Path) -> None:
    folder = build(tmp_path / "model")
    body = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(body | {"normalizer": {"type": "NFKC"}}))
    task = write_task(tmp_path, ["zero_shot"], model=str(folder), labels=["m\u00b2", "m2"])
    names = ["m\u00b2", "m2"] * 8
    rows = "".join(f"{word} is in room {n},{names[n]}\n" for n, word in enumerate("abcdefghijklmnop"))
    (tmp_path / "notes.csv").write_text("note,topic\n" + rows, encoding="utf-8")
    with pytest.raises(DataError, match="the labels 'm\u00b2', 'm2' are the same tokens for the model"):
        run_study(task, tmp_path / "study", Ear())
    assert not list((tmp_path / "study").glob("candidates/*"))


def test_nothing_learns_from_a_test_input_in_another_form(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "study")
    study.path.mkdir()
    journal = Journal(study.journal)
    task = load_task(write_task(tmp_path, ["zero_shot"], model="fake"))
    seen = Example("1", "Le caf\u00e9 est froid", "x")
    bench = StudyBench(task, [seen], [], None, journal, None, study.path, frozenset(["Un th\u00e9"]))  # type: ignore[arg-type]
    assert bench.unseen(["LE CAFE\u0301 est  froid", "un the\u0301\u200b", "un the"]) == ["un the"]
    journal.close()


def test_a_metric_that_fails_on_the_answer_of_a_control_that_is_not_tested_ends_no_study() -> None:
    """What that control reaches is then known of dev alone."""

    class Strict:
        def score(self, gold: str, prediction: str) -> Any:
            raise MetricError(f"m.py, line 3: no rule for {gold} and {prediction}")

    dev = SimpleNamespace(estimate="of dev", records=[SimpleNamespace(prediction="home")])
    made: Any = SimpleNamespace(candidate=SimpleNamespace(id="a", model="constant:home"), dev=dev)
    tested: Any = SimpleNamespace(records=[SimpleNamespace(example=SimpleNamespace(output="sky"))])
    assert floor([made], {"b": tested}, cast(Any, Strict()), 0) == "of dev"


@pytest.mark.parametrize(
    ("strategies", "more"),
    [
        (["zero_shot"], {"model": "nearest_neighbour"}),
        ([{"distill": {"teacher": "classifier"}}], {"model": "fake"}),
        (["zero_shot"], {"models": {"small": "fake", "other": "constant"}}),
        (
            ["zero_shot"],
            {"model": "fake", "metric": {"judge": {"model": "constant", "rubric": "good"}}, "kind": "generate"},
        ),
    ],
)
def test_a_control_is_no_model_to_prompt_teach_or_judge(
    strategies: list[Any], more: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="is a control and no language model"):
        run_study(write_task(tmp_path, strategies, **more), tmp_path / "out", Quiet())
    assert not (tmp_path / "out").exists()
