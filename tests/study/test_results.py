"""One report of a candidate goes to disk and comes back."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from crossover.study.outcome import Outcome
from crossover.study.results import CandidateReport, Change, CostDetail, Followed, Forgetting, Lost, Stopped, Tried
from crossover.types import Epoch, Estimate, Message
from tests.report.fixtures import ladder

LOST = Lost("general", "accuracy", 9, 0.5, 0.25, Change(-0.25, -0.4, -0.1, 0.02), (("sums", 4, 0.5, 0.25),), 0.01, "t")
WHOLE = CandidateReport(
    id="ab",
    name="lora (replay 0.2)",
    strategy="lora",
    family="weights",
    rung="tuned",
    dev=Estimate(10, 0.5, 0.25, 0.75),
    test=Estimate(12, 0.625, 0.5, 0.75),
    change=None,
    relevance=Estimate(12, 0.75, 0.5, 1.0),
    consistency=Estimate(20, 1.0, 0.84, 1.0),
    failures=1,
    train_gap=0.125,
    latency_p50_ms=4.25,
    latency_p95_ms=9.5,
    tokens_in=30.5,
    tokens_out=2.0,
    cost_fixed=1.84,
    cost_per_1k=0.0031,
    currency="USD",
    status="champion",
    note="the best",
    trace=(Epoch(1, 1.5, 1.25, 0.5, "learning", 3.0),),
    prompt=(Message("user", "hello"),),
    tried=(Tried("ab", "", "{input}", 2, "fixed", False, 1, Estimate(10, 0.5, 0.25, 0.75), {"seed": 1}),),
    test_gap=0.0,
    seeds={"n": 2, "low": 0.5, "high": 0.75},
    forgetting=Forgetting((LOST, replace(LOST, suite="mine", kinds=())), (401.0, 9530.5)),
    followed=(Followed("in", "gold", {"product": "tea"}, "out"),),
    latency_p50_interval=(8.0, 11.0),
    latency_p95_interval=(8.5, 11.0),
    latency_contended=True,
    latency_requests=20,
    latency_others=0.5,
    same_as="lora",
    metric="accuracy",
    model="pocket",
    parent="cd",
    stopped=Stopped(64, 160, "0" * 16),
    cost=CostDetail(9.5, (9.0, 10.0), (1.5, 2.0), (0.003, 0.004), 54, 120, {"labels": 1.5, "tuning": 0.34}),
)


def back(report: CandidateReport) -> CandidateReport:
    row, details = (json.loads(json.dumps(part)) for part in (report.to_json(), report.details()))
    return CandidateReport.from_json(row, details)


def test_all_of_it_comes_back() -> None:
    assert back(WHOLE) == WHOLE
    assert all(getattr(WHOLE, field.name) not in (None, (), "") for field in fields(WHOLE) if field.name != "change")


@pytest.mark.parametrize("report", ladder(), ids=lambda report: report.name)
def test_what_was_rounded_once_stays(report: CandidateReport) -> None:
    again = back(back(report))
    assert again == back(report)
    assert again.to_json() == report.to_json()


def test_a_failed_one_has_no_cost() -> None:
    failed = replace(WHOLE, status="failed", latency_p50_ms=None, cost_fixed=0.0, cost_per_1k=0.0, cost=None)
    assert failed.to_json()["cost"] is failed.to_json()["latency_ms"] is None
    assert back(failed).cost_per_1k == 0.0


def test_a_row_of_the_version_before_is_read() -> None:
    row = WHOLE.to_json()
    for new in ("same_as", "stopped", "model"):
        del row[new]
    row["cost"] = {name: row["cost"][name] for name in ("fixed", "per_1k_requests", "currency")}
    row["latency_ms"] = {name: value for name, value in row["latency_ms"].items() if not name.startswith("p50_")}
    found = CandidateReport.from_json(row, {})
    assert (found.same_as, found.cost, found.latency_p50_interval, found.cost_fixed) == (None, None, None, 1.84)


def test_an_outcome_holds_data_alone() -> None:
    assert not any("Callable" in str(field.type) for field in fields(Outcome))
