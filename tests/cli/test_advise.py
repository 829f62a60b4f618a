"""`crossover advise`: from a task file, a data file, options, an interview or a finished study; torch is never loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import crossover as package
from crossover.data.task import load_task
from crossover.decision.situation import QUESTIONS, situation
from crossover.errors import OptionError
from crossover.report.advice import advice_of, comparison
from crossover.study.advising import Known, of_study
from crossover.study.ladder import check_strategies
from tests.cli.small import LABELS, Terminal, rows, table, write_task
from tests.report.fixtures import forgotten, results


def test_a_task_file_gets_statements_with_sources_criteria_and_an_experiment(tmp_path: Path, crossover: Terminal) -> None:
    said = crossover("advise", write_task(tmp_path, limits={"requests_per_month": 500}))
    assert said.status == 0
    text = " ".join(said.out.split())
    assert text.startswith("What published evidence expects: a prompt")
    assert "(Le Scao and Rush 2021; Bertsch et al. 2024; studies agree)" in text
    assert "How Many Data Points is a Prompt Worth? NAACL 2021, arXiv 2103.08493" in text
    assert "At 500 requests a month there is little to save on each" in text
    assert "It climbs nearest_neighbour, zero_shot, instruction, few_shot" in text
    assert "Folds: 10, so that every row tests once: a test split of 8 would say little." in text
    for criterion in ("complexity", "custom behaviour", "update rate"):
        assert criterion in said.out


@pytest.mark.parametrize("width", [80, 100])
def test_it_is_clean_at_a_terminals_width(
    tmp_path: Path, crossover: Terminal, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    given = "--rows 5000 --kind classify --labels 77 --changes weekly --private --requests-per-month 1e6"
    said = crossover("advise", *given.split(), "--latency-p95-ms", "100", "--skill", "none", "--consistency", "high")
    assert said.status == 0
    assert max(map(len, said.out.splitlines())) <= width
    assert "1,000,000 a month" in said.out


def test_the_written_task_file_is_what_run_accepts(
    tmp_path: Path, crossover: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    path = write_task(tmp_path / "data", target=0.8)
    said = crossover("advise", path, "--access", "api", "--write", "plans/first.yaml")
    assert said.status == 0
    assert "next: read it, then crossover run plans/first.yaml" in " ".join(said.out.split())
    body = yaml.safe_load(Path("plans/first.yaml").read_text())
    assert (body["data"], body["name"], body["target"]) == ("../data/rows.csv", "parcels-first", 0.8)
    assert body["folds"] == 10
    assert body["strategies"] == ["nearest_neighbour", "zero_shot", "instruction", "few_shot"]
    assert body["limits"] == {"minutes": 20}
    ran = crossover("run", "plans/first.yaml", "--quiet", "--out", "run")
    assert ran.status == 0, ran.err
    assert Path("run/decision.json").exists()


def test_a_model_at_a_provider_leaves_prompts_and_contradicts_data_that_stay(tmp_path: Path, crossover: Terminal) -> None:
    body = json.loads(crossover("advise", write_task(tmp_path, model="gpt-4o"), "--json").out)
    assert (body["expected"]["expected"], body["expected"]["certain"]) == ("prompt", True)
    assert "lora" not in body["experiment"]["strategies"]
    refused = crossover("advise", write_task(tmp_path, model="gpt-4o", limits={"data_stays_here": True}))
    assert refused.status == 2
    assert "limits.data_stays_here is true, and the model 'gpt-4o' runs elsewhere" in " ".join(refused.err.split())


def test_nothing_is_ever_replaced(tmp_path: Path, crossover: Terminal) -> None:
    path = write_task(tmp_path)
    before = path.read_text()
    said = crossover("advise", path, "--write", path)
    assert said.status == 2
    assert "exists already: name another file, nothing is replaced" in " ".join(said.err.split())
    assert path.read_text() == before
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    assert crossover("advise", path, "--write", tmp_path / "link.yaml").status == 2


def test_a_data_file_gets_a_task_file_that_tunes_where_there_are_enough_rows(tmp_path: Path, crossover: Terminal) -> None:
    many = [(f"{text} {n}", label) for n in range(10) for text, label in rows()]
    (tmp_path / "mail.csv").write_text(table(many))
    out = tmp_path / "first.yaml"
    assert crossover("advise", tmp_path / "mail.csv", "--write", out).status == 0
    task = load_task(out)
    assert [spec.name for spec in task.strategies][-2:] == ["lora", "instruction+lora"]
    check_strategies(task, lambda key: str(key))
    assert sorted(task.labels) == sorted(LABELS)
    assert (task.kind, task.metric, bool(task.instruction)) == ("classify", "accuracy", True)


def test_files_that_a_task_names_are_found_from_the_new_place(tmp_path: Path, crossover: Terminal) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "own.py").write_text("def near(gold, answer):\n    return gold == answer\n")
    write_task(home)
    (home / "other.yaml").write_text((home / "task.yaml").read_text())
    labels = {"order": "what one wants", **dict.fromkeys(LABELS[1:])}
    path = write_task(home, metric="own.py:near", forgetting=["other.yaml"], kind="classify", labels=labels)
    out = tmp_path / "elsewhere" / "deep" / "first.yaml"
    assert crossover("advise", path, "--write", out).status == 0
    task = load_task(out)
    assert task.metric == "../../home/own.py:near"
    assert task.forgetting == ["../../home/other.yaml"]
    assert task.labels["order"] == "what one wants"


def test_without_data_there_is_advice_and_no_task_file(tmp_path: Path, crossover: Terminal) -> None:
    said = crossover("advise", "--rows", "300", "--kind", "extract", "--json")
    body = json.loads(said.out)
    assert body["experiment"] is None
    assert body["situation"]["rows"] == 300
    assert all(one["sources"] or one["sure"] in ("by definition", "by arithmetic", "judgement, no study") for one in
               body["statements"])  # fmt: skip
    refused = crossover("advise", "--rows", "300", "--write", tmp_path / "x.yaml")
    assert refused.status == 2
    assert "the experiment needs labelled examples: name a file of them" in " ".join(refused.err.split())
    assert not (tmp_path / "x.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a task file, a data file or a run's folder, answer by options, or take --interview"),
        (["--interview"], "--interview asks on a terminal, and there is none"),
        (["--kind", "sort"], "kind: received 'sort'; valid is classify, extract or generate"),
        (["--private", "--access", "api"], "private says that the data must stay here"),
        (["nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_cannot_be_is_one_sentence(crossover: Terminal, arguments: list[str], said: str) -> None:
    found = crossover("advise", *arguments)
    assert found.status == 2
    assert said in " ".join(found.err.split())
    assert found.out == ""


def test_an_interview_asks_for_what_is_not_known_and_again_for_what_is_not_valid(
    crossover: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = {
        "kind": ["sort", "classify"],
        "rows": ["40"],
        "private": ["yes"],
        "access": ["api"],
        "changes": ["weekly"],
    }

    def prompt(question: str, **_: object) -> str:
        asked.append(question)
        name = next(name for name, text in QUESTIONS.items() if text == question)
        return answers[name].pop(0) if answers.get(name) else ""

    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    said = crossover("advise", "--interview", "--labels", "4", "--json")
    assert said.status == 0, said.err
    assert "received 'sort'; valid is classify" in said.out
    assert QUESTIONS["labels"] not in asked, "an option answers it"
    body = json.loads(said.out[said.out.index("{") :])
    assert "private says that the data must stay here, and access api sends them to a provider" in said.out
    assert body["situation"] == body["situation"] | {"rows": 40, "kind": "classify", "private": None, "access": "api"}


def test_a_finished_study_fills_the_criteria(finished: Path, crossover: Terminal) -> None:
    said = crossover("advise", finished / "study")
    assert said.status == 0, said.err
    assert said.out.startswith("Use “instruction” for now: ")
    assert "cheapest experiment" not in said.out
    body = json.loads(crossover("advise", finished / "study", "--json").out)
    figures = {row["criterion"]: row["figures"] for row in body["comparison"]}
    assert figures["custom behaviour"]["prompt"].startswith("instruction: 37.5 % (")
    assert " per 1,000" in figures["cost"]["prompt"]
    assert body["situation"]["train"] == 24
    refused = crossover("advise", finished / "study", "--write", finished / "again.yaml")
    assert refused.status == 2
    assert "a study is there already" in refused.err


def test_over_folds_every_row_is_counted_once() -> None:
    found = results()
    decision = found.decision | {"splits": {"train": 104, "dev": 26, "test": 130}, "folds": 5}
    assert of_study(replace(found, decision=decision))["rows"] == 130
    assert of_study(replace(found, decision=decision | {"folds": None}))["rows"] == 260


def test_what_may_be_done_with_a_model_is_known_of_who_tuned_it_and_of_a_provider_that_was_only_asked() -> None:
    found = results()
    assert of_study(found)["access"] == "weights"
    elsewhere = tuple(replace(c, model="gpt-4o") for c in found.candidates)
    asked = replace(found, candidates=elsewhere, task={**found.task, "model": "gpt-4o"})
    assert of_study(asked)["access"] == "tuning_api"
    prompts = tuple(c for c in elsewhere if c.family in ("control", "prompt"))
    only = of_study(replace(asked, candidates=prompts))
    assert only["access"] == "api"
    assert advice_of(Known(situation(**only))).expected == "prompt"
    stays = replace(asked, candidates=prompts, task={**asked.task, "limits": {"data_stays_here": True}})
    assert situation(**of_study(stays)).private  # a server of the user's own: no contradiction


def test_a_studys_figures_stand_under_their_ways() -> None:
    study = results()
    weights = next(c for c in study.candidates if c.name == "lora")
    object.__setattr__(weights, "forgetting", forgotten())
    rows = {row.criterion: row for row in comparison(situation(rows=700), study)}
    assert rows["custom behaviour"].figures["prompt"] == "few_shot: 69.4 % (63.2–74.5)"
    assert rows["custom behaviour"].figures["hybrid"].startswith("instruction+lora: 88.1 %")
    assert rows["cost"].figures["weights"] == "0.015 EUR per 1,000, 1.84 EUR whatever is asked"
    assert rows["reusability"].figures == {"weights": "general suite −25.9 (−35.3 to −16.3) points"}
    assert rows["update rate"].figures["weights"] == "tuned in 22 s"
    assert rows["data"].note == "420 for training"


def test_no_torch_is_loaded(tmp_path: Path) -> None:
    path = write_task(tmp_path)
    code = (
        "import sys; from crossover.cli.main import app\n"
        f"try: app(['advise', {str(path)!r}, '--write', {str(tmp_path / 'first.yaml')!r}])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'transformers', 'peft', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout.strip().endswith("[]")
    assert (tmp_path / "first.yaml").exists()


def test_from_python_it_takes_a_file_a_task_or_answers(tmp_path: Path) -> None:
    path = write_task(tmp_path)
    found = package.advise(path, changes="weekly")
    assert found.expected == "prompt"
    assert found.experiment is not None
    assert found.experiment.write(tmp_path / "first.yaml") == tmp_path / "first.yaml"
    assert package.advise(load_task(path)).situation.rows == 40
    weekly = write_task(tmp_path, limits={"retrain_months": 0.25})
    assert package.advise(weekly).situation.changes == "weekly"
    assert package.advise(rows=10_000, kind="classify").expected == "hybrid"
    assert str(found) == found.expectation.said
    held = package.Task(
        name="held", data=[{"text": t, "label": label} for t, label in rows()], input="text", output="label"
    )
    with pytest.raises(OptionError, match="in this program's memory"):
        package.advise(held).experiment.write(tmp_path / "held.yaml")  # type: ignore[union-attr]
    with pytest.raises(OptionError, match="received a int"):
        package.advise(7)  # type: ignore[arg-type]
