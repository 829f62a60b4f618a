"""MLflow: what a study is there, and what its prompt is."""

from __future__ import annotations

import importlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from crossover.engine.journal import Journal
from crossover.errors import OptionError, StudyError
from crossover.publish import mlflow as module
from crossover.publish.figures import figures
from crossover.publish.open import publish
from crossover.study.folder import StudyFolder, read_json, write_json
from crossover.study.read import read_candidate, read_results
from tests.cli.small import rows
from tests.publish.local import running
from tests.publish.tracking import Tracking

INPUTS = [text for text, _ in rows()]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracking]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    at = Tracking()
    with running(at):
        yield at


def copied(study: StudyFolder, folder: Path) -> StudyFolder:
    return StudyFolder(Path(shutil.copytree(study.path, folder / "copy")))


def with_prompt(study: StudyFolder, folder: Path, instruction: str) -> StudyFolder:
    """A copy whose zero_shot candidate has another instruction."""
    copy = copied(study, folder)
    candidate, row = read_candidate(copy, "zero_shot")
    body = read_json(copy.candidate(candidate.id))
    body["prompt"] |= {"instruction": instruction, "template": "{input} {x}"}
    write_json(copy.candidate(row["id"]), body)
    return copy


def test_a_metrics_file_is_named_as_services_take_it(made: StudyFolder) -> None:
    report = replace(read_results(made).candidates[0], metric="../mine/near (1).py:near")
    assert "dev.near _1_.py:near" in figures(report)


def test_a_study_is_a_run_with_a_run_for_each_candidate(made: StudyFolder, server: Tracking) -> None:
    done = publish(made, "mlflow", url=server.url, label="production", candidate="instruction")
    decision, results = read_json(made.decision), read_results(made)
    parent = server.named("parcels")
    assert list(server.experiments) == ["parcels"]
    assert done.place == f"{server.url}/#/experiments/1/runs/{parent.info['run_id']}"
    assert len(server.alive) == 1 + len(results.candidates)
    for report in results.candidates:
        run = server.named(report.name)
        assert run.tags["mlflow.parentRunId"] == parent.info["run_id"]
        assert run.params["candidate"] == report.id
        assert run.params["strategy"] == report.strategy
        assert run.info["status"] == "FINISHED"
        assert report.test is not None
        shown = [run.metrics[f"test.accuracy{end}"] for end in ("", ".low", ".high", ".n")]
        test = report.test
        assert shown == pytest.approx([test.value, test.low, test.high, test.n], abs=1e-6)
        assert run.metrics["cost.per_1k_requests"] == report.cost_per_1k
        assert run.metrics["latency_ms.p95"] == pytest.approx(report.latency_p95_ms, abs=0.01)
        assert run.metrics["consistency"] == pytest.approx(
            report.consistency.value if report.consistency else None, abs=1e-4
        )
    verdict = decision["verdict"]
    assert parent.tags["crossover.verdict"] == verdict["kind"]
    assert verdict["reasons"][0] in parent.tags["mlflow.note.content"]
    assert parent.metrics["spent.calls"] == decision["spent"]["calls"]
    assert parent.params["data_sha256"] == decision["data_sha256"]
    best = next(one for one in results.candidates if one.id == (verdict["choice"] or verdict["provisional"]))
    assert parent.metrics["test.accuracy"] == server.named(best.name).metrics["test.accuracy"]
    assert json.loads(parent.files["decision.json"])["candidates"][1] == decision["candidates"][1]
    assert json.loads(parent.files["task.json"])["instruction"] == "Say what the message is about."
    assert parent.files["report.html"].startswith("<!doctype html>")
    assert str(made.path.parent) not in server.everything()


def test_the_prompt_is_in_the_registry_under_its_label(made: StudyFolder, server: Tracking) -> None:
    publish(made, "mlflow", url=server.url, label="production", candidate="instruction")
    candidate, _ = read_candidate(made, "instruction")
    client = importlib.import_module("mlflow").MlflowClient(tracking_uri=server.url, registry_uri=server.url)
    prompt = client.load_prompt("prompts:/parcels@production", cache_ttl_seconds=0)
    wanted = candidate.prompt.template.replace("{input}", "a b")
    assert prompt.format(input="a b") == [
        {"role": "system", "content": candidate.prompt.instruction},
        {"role": "user", "content": wanted},
    ]
    assert prompt.tags["crossover.candidate"] == candidate.id
    assert server.prompts["parcels"]["tags"]["_mlflow_experiment_ids"] == ",1,"
    assert json.loads(server.named("parcels").tags["mlflow.linkedPrompts"]) == [{"name": "parcels", "version": "1"}]


def test_a_later_prompt_is_a_further_version_and_takes_the_label(made: StudyFolder, server: Tracking) -> None:
    publish(made, "mlflow", url=server.url, label="production", candidate="zero_shot")
    publish(made, "mlflow", url=server.url, label="production", candidate="instruction")
    assert len(server.prompts["parcels"]["versions"]) == 2
    assert server.prompts["parcels"]["aliases"] == {"production": 2}


@pytest.mark.parametrize("text", ["Keep {{x}} as it is.", "Say {% if a %}b{% endif %}.", "{{ input }}"])
def test_a_text_that_mlflow_would_fill_in_is_refused_after_all_else(
    text: str, made: StudyFolder, server: Tracking, tmp_path: Path
) -> None:
    copy = with_prompt(made, tmp_path, text)
    with pytest.raises(StudyError, match=r"which MLflow would fill in .* published by then: the study 'parcels', the run"):
        publish(copy, "mlflow", url=server.url, candidate="zero_shot")
    assert server.prompts == {}
    assert json.loads(server.named("zero_shot").files["prompt.json"])[0]["content"] == text


def test_braces_of_other_kinds_are_kept(made: StudyFolder, server: Tracking, tmp_path: Path) -> None:
    copy = with_prompt(made, tmp_path, 'JSON: {"a": {"b": 1}} %} {input}\r\n é')
    publish(copy, "mlflow", url=server.url, candidate="zero_shot")
    [version] = server.prompts["parcels"]["versions"]
    text = next(tag["value"] for tag in version["tags"] if tag["key"] == "mlflow.prompt.text")
    assert [one["content"] for one in json.loads(text)] == ['JSON: {"a": {"b": 1}} %} {input}\r\n é', "{{input}} {x}"]


def test_of_two_runs_of_a_lost_answer_one_stays(made: StudyFolder, server: Tracking) -> None:
    publish(made, "mlflow", url=server.url)
    first = server.named("zero_shot")
    [created] = [one for one in server.sent if one.path.endswith("create") and one.body.get("run_name") == "zero_shot"]
    server.answer(created)
    publish(made, "mlflow", url=server.url)
    assert server.named("zero_shot") is first


def test_a_run_of_a_candidate_that_is_no_more_is_marked(made: StudyFolder, server: Tracking, tmp_path: Path) -> None:
    publish(made, "mlflow", url=server.url)
    copy = copied(made, tmp_path)
    decision = read_json(copy.decision)
    gone = next(row["id"] for row in decision["candidates"] if row["name"] == "few_shot")
    decision["candidates"] = [row for row in decision["candidates"] if row["id"] != gone]
    decision["comparisons"] = [pair for pair in decision["comparisons"] if gone not in (pair["a"], pair["b"])]
    write_json(copy.decision, decision)
    publish(copy, "mlflow", url=server.url)
    assert server.named("few_shot").tags["crossover.superseded"] == "true"
    assert "crossover.superseded" not in server.named("zero_shot").tags


def test_a_number_that_changed_is_brought_up_to_date(made: StudyFolder, server: Tracking, tmp_path: Path) -> None:
    publish(made, "mlflow", url=server.url)
    copy = copied(made, tmp_path)
    decision = read_json(copy.decision)
    decision["candidates"][1]["cost"]["per_1k_requests"] = 12.5
    write_json(copy.decision, decision)
    publish(copy, "mlflow", url=server.url)
    run = server.named(decision["candidates"][1]["name"])
    assert run.metrics["cost.per_1k_requests"] == 12.5
    assert [key for key, _ in run.history].count("cost.per_1k_requests") == 2
    assert [key for key, _ in run.history].count("test.accuracy") == 1


def test_slices_by_a_column_stay_here_without_rows(made: StudyFolder, server: Tracking, tmp_path: Path) -> None:
    copy = copied(made, tmp_path)
    decision = read_json(copy.decision)
    row = {"column": "customer", "value": "Miller & Co", "pooled": 0, "items": 5, "estimates": {}, "against": []}
    slices = decision["slices"] or {"least": 10, "chosen": None, "rows": [], "said": []}
    decision["slices"] = {**slices, "rows": [*slices["rows"], row]}
    decision["verdict"]["warnings"].append("Where customer is Miller & Co (5 test items), a is worse than b.")
    write_json(copy.decision, decision)
    publish(copy, "mlflow", url=server.url)
    assert "Miller" not in server.everything()


def test_a_searched_prompt_that_quotes_a_row_stays_here(made: StudyFolder, server: Tracking, tmp_path: Path) -> None:
    copy = with_prompt(made, tmp_path, f"As in “{INPUTS[3]}”, say what it is about.")
    done = publish(copy, "mlflow", url=server.url, candidate="zero_shot")
    assert any("'zero_shot', which quotes a row of yours" in sentence for sentence in done.notes)
    assert INPUTS[3] not in server.everything()


def test_a_server_that_takes_no_files_is_said_before_they_are_written_here(
    made: StudyFolder, server: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.location = str(tmp_path / "theirs")
    monkeypatch.setattr(module, "stays_here", lambda url: False)
    with pytest.raises(StudyError, match="--artifacts-destination"):
        publish(made, "mlflow", url=server.url)
    assert not (tmp_path / "theirs").exists()


def test_no_server_is_named(made: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(OptionError, match=r"valid is --url, such as http://127.0.0.1:5000, or MLFLOW_TRACKING_URI"):
        publish(made, "mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mine.db")
    with pytest.raises(OptionError, match="MLFLOW_TRACKING_URI is no http address"):
        publish(made, "mlflow")


@pytest.mark.parametrize("label", ["latest", "v3"])
def test_mlflows_own_labels_are_refused(label: str, made: StudyFolder, server: Tracking) -> None:
    with pytest.raises(OptionError, match="which MLflow keeps for itself"):
        publish(made, "mlflow", url=server.url, label=label)


def test_the_clients_settings_are_as_before(made: StudyFolder, server: Tracking) -> None:
    before = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW")}
    publish(made, "mlflow", url=server.url)
    after = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW")}
    assert after == {**before, "MLFLOW_DISABLE_TELEMETRY": "true"}


def test_with_rows_the_answers_are_an_artifact(made: StudyFolder, server: Tracking) -> None:
    publish(made, "mlflow", url=server.url, rows=True, candidate="instruction")
    with closing(Journal(made.journal)) as journal:
        wanted = journal.run(read_candidate(made, "instruction")[0].id, "test")["records"]
    assert json.loads(server.named("parcels").files["predictions.json"]) == wanted
