"""Forgetting in a study: measured with each tune, told, written down; what replay saves; how it is turned off."""

from __future__ import annotations

import html
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded, OptionError
from crossover.evaluation import forgetting
from crossover.evaluation.forgetting import GENERAL, Memory
from crossover.evaluation.general import items, passages
from crossover.report.page import render
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results
from crossover.study.run import run_study
from tests.study.small import write_small
from tests.study.tasks import write_task
from tests.study.test_conductor import Ear, decide

HARSH = {"learning_rate": 0.006, "epochs": 2, "batch_size": 4, "patience": 0}
STRATEGIES = ["classifier", "zero_shot", {"lora": HARSH}, {"lora": HARSH | {"replay": 0.6}}]


@pytest.fixture(scope="module", autouse=True)
def _half() -> Iterator[None]:
    """Every other item of the general suite, and of the prose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgetting, "items", lambda: items()[::2])
        patch.setattr(forgetting, "passages", lambda: passages()[::2])
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Ear]:
    folder = tmp_path_factory.mktemp("forgetting")
    ear = Ear()
    write_task(folder / "other", ["zero_shot"], name="other")
    task = write_task(folder, STRATEGIES, forgetting=["other/task.yaml"])
    return folder / "run", decide(task, folder / "run", ear), ear


def by_name(decision: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {candidate["name"]: candidate for candidate in decision["candidates"]}


def asked_about_forgetting(run: Path) -> list[str]:
    """The purposes of calls that had to do with it."""
    with closing(sqlite3.connect(run / "study.db")) as database:
        found = [purpose for (purpose,) in database.execute("SELECT DISTINCT purpose FROM uses")]
    assert found
    return [purpose for purpose in found if purpose.startswith("forgetting")]


def test_a_destructive_tune_is_told_with_numbers(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    _, decision, ear = finished
    found = by_name(decision)
    lost = found["lora"]["forgetting"]
    assert lost["suite"] == GENERAL
    assert lost["n"] == len(items()[::2])
    assert lost["after"] < lost["before"]
    assert lost["low"] <= lost["difference"] <= lost["high"] < 0
    assert lost["p"] <= lost["p_adjusted"] < 0.001
    assert lost["perplexity"]["ratio"] == pytest.approx(
        lost["perplexity"]["after"] / lost["perplexity"]["before"], rel=1e-3
    )
    assert sum(kind["n"] for kind in lost["kinds"]) == lost["n"]
    assert found["zero_shot"]["forgetting"] is None
    assert found["classifier"]["status"] != "failed"
    assert found["classifier"]["forgetting"] is None  # it has weights, but knew nothing before
    numbers = f"{100 * lost['before']:.1f} → {100 * lost['after']:.1f} %"
    [warning] = [w for w in decision["verdict"]["warnings"] if w.startswith(f"lora forgot: {GENERAL}")]
    assert numbers in warning
    assert any(said.startswith(f"lora: {GENERAL} {numbers}") for said in ear.said)
    assert any(said.startswith("lora: perplexity of general prose") for said in ear.said)


def test_replay_lowers_it_and_the_report_says_by_how_much(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    path, decision, _ = finished
    found = by_name(decision)
    spoilt, kept = found["lora"], found["lora (replay 0.6)"]
    assert kept["forgetting"]["after"] > spoilt["forgetting"]["after"]
    assert kept["forgetting"]["perplexity"]["after"] < spoilt["forgetting"]["perplexity"]["after"]
    [pair] = decision["forgetting"]["replay"]
    assert (pair["with"], pair["without"]) == (kept["id"], spoilt["id"])
    assert pair["low"] > 0
    assert pair["p"] < 0.01
    assert pair["difference"] == pytest.approx(kept["forgetting"]["after"] - spoilt["forgetting"]["after"], abs=1e-5)
    [sentence] = decision["forgetting"]["said"]
    page = render(read_results(StudyFolder(path)))
    assert sentence in html.unescape(page)
    assert "What tuning forgot" in page


def test_it_is_read_back_and_a_second_run_costs_nothing(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    path, decision, _ = finished
    results = read_results(StudyFolder(path))
    suite, _ = next(c for c in results.candidates if c.name == "lora").forgetting.suites  # type: ignore[union-attr]
    assert suite.before == by_name(decision)["lora"]["forgetting"]["before"]
    journal = Journal(path / "study.db")
    before, purposes = journal.spent()[0], journal.fact("forgetting, lora")
    journal.close()
    assert purposes
    assert asked_about_forgetting(path)
    again = decide(path.parent / "task.yaml", path)
    assert again["spent"]["calls"] == before
    assert again["candidates"] == decision["candidates"]


def test_nothing_is_asked_where_it_is_turned_off_or_nothing_is_tuned(tmp_path: Path) -> None:
    lora = {"lora": {"epochs": 1}}
    off = decide(write_small(tmp_path / "off", ["zero_shot", lora], forgetting=False), tmp_path / "off" / "run")
    assert by_name(off)["lora"]["forgetting"] is None
    assert not asked_about_forgetting(tmp_path / "off" / "run")
    prompts = decide(write_task(tmp_path / "no", ["zero_shot"], model="fake", forgetting=True), tmp_path / "no" / "run")
    assert by_name(prompts)["zero_shot"]["forgetting"] is None
    assert not asked_about_forgetting(tmp_path / "no" / "run")


def test_a_limit_met_while_measuring_keeps_the_tuned_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Memory, weights: object) -> None:
        raise BudgetExceeded("the limit of 1 minutes is reached")

    monkeypatch.setattr(Memory, "measure", stop)
    decision = decide(write_small(tmp_path, ["zero_shot", {"lora": {"epochs": 1}}], forgetting=True), tmp_path / "run")
    assert by_name(decision)["lora"]["dev"] is not None
    assert by_name(decision)["lora"]["forgetting"] is None
    assert "the limit of 1 minutes is reached: what lora forgot was not measured" in decision["verdict"]["warnings"]


def test_the_same_strategy_twice_is_named_by_what_differs_and_refused_where_nothing_does(tmp_path: Path) -> None:
    specs = [{"few_shot": {"shots": [2], "orders": 1}}, {"few_shot": {"shots": [4], "orders": 1}}]
    decision = decide(write_task(tmp_path, specs, model="fake"), tmp_path / "run")
    assert set(by_name(decision)) == {"majority", "zero_shot", "few_shot (shots [2])", "few_shot (shots [4])"}
    with pytest.raises(OptionError, match="strategy 'instruction' stands 2 times"):
        run_study(write_task(tmp_path, ["instruction", "instruction"], model="fake"), tmp_path / "other")


def test_a_users_task_stands_beside_the_general_suite(finished: tuple[Path, dict[str, Any], Ear]) -> None:
    _, decision, ear = finished
    [own] = by_name(decision)["lora"]["forgetting"]["tasks"]
    assert (own["suite"], own["metric"], own["n"], own["kinds"]) == ("other", "accuracy", 60, [])
    assert own["difference"] == pytest.approx(own["after"] - own["before"], abs=1e-5)
    assert own["before"] > 0.4  # it is asked with its labels, which even the bare model can use
    assert any(said.startswith("lora: other ") for said in ear.said)
