"""A study that is asked in batches: killed in the middle of one, it pays for none twice."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from crossover.engine import batches
from crossover.errors import OptionError
from crossover.report.plan import plan_text
from crossover.study.run import preview_study, run_study
from tests.forked import begun
from tests.models.batch_service import BatchService, Body, serving
from tests.models.service import said
from tests.study.test_hosted import assumptions, task


def label(body: Body) -> str:
    return json.dumps({"label": said(body)}) if "response_format" in body else said(body)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LOOK", 0.005)


def test_killed_while_a_batch_is_under_way_it_finds_it_again(tmp_path: Path) -> None:
    with serving(BatchService(answer=label, seconds=600.0)) as service:
        path = task(tmp_path, f"{service.url}&batch=true", more="prices: {input: 1, output: 4}\nlimits: {money: 1}\n")
        process = begun("run", path, "--out", tmp_path / "out", "--quiet", "--yes")
        while not service.asked["GET batches"] and process.is_alive():
            time.sleep(0.01)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert len(service.batches) == 1
        service.seconds = 0.0
        folder = run_study(path, tmp_path / "out")
        decision = json.loads(folder.decision.read_text())
        assert decision["verdict"]["kind"] == "prompt"
        assert set(service.paid.values()) == {1}, "nothing is answered twice"
        assert len(service.batches) == 2, "dev, then test, whole: nothing is raced"
        money = sum(service.paid.values()) * (10 * 1 + 2 * 4) / 1e6
        assert decision["spent"]["money"] == pytest.approx(money)
        row = next(row for row in decision["candidates"] if row["name"] == "zero_shot")
        assert row["latency_ms"] is None
        assert "is held to a form by the service" in " ".join(assumptions(folder.journal))


@pytest.mark.usefixtures("all_looks")
def test_what_does_not_wait_for_another_answer_shares_a_batch(tmp_path: Path) -> None:
    with serving(BatchService(answer=label)) as service:
        shots = "strategies: [majority, zero_shot, {few_shot: {shots: [1, 2], selection: [random]}}, chain]"
        steps = "chain: [{name: word, template: '{input}'}, {name: last, template: '{word} of {input}'}]"
        path = task(tmp_path, f"{service.url}&batch=true", more=f"{steps}\nprices: {{input: 1, output: 4}}\n")
        path.write_text(path.read_text().replace("strategies: [majority, zero_shot]", shots))
        folder = run_study(path, tmp_path / "out")
        decision = json.loads(folder.decision.read_text())
        sizes = [len(service.lines(batch)) for batch in service.batches.values()]
        dev = sizes[0]
        assert sizes[1] >= 2 * dev, "all ways of few_shot together"
        assert sizes[2:4] == [dev, dev], "a step after the other"
        assert 1 <= len(sizes) - 4 <= 2, "the finalists together, but for the second step of a chain"
        assert decision["spent"]["cached_calls"] == dev, "few_shot meets the plain prompt, too; no more"
        assert decision["verdict"]["kind"] == "prompt"


def test_a_plan_says_what_batches_mean_for_its_time(tmp_path: Path) -> None:
    with serving(BatchService(answer=label)) as service:
        path = task(tmp_path, f"{service.url}&batch=true", more="prices: {input: 1, output: 4}\n")
        plan = preview_study(path)
        [told] = [one for one in plan.said if "in batches" in one]
        assert "each within 24 hours" in told
        assert "at least one in each of the 2 stages with calls" in told
        assert plan_text(plan)
        assert not service.asked


def test_a_limit_of_latency_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with serving(BatchService()) as service:
        path = task(tmp_path, f"{service.url}&batch=true", more="limits: {latency_p95_ms: 500}\n")
        with pytest.raises(OptionError, match="answers in batches, within a day; valid: without batch"):
            run_study(path, tmp_path / "out")
        assert not service.asked
