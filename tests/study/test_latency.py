"""A latency limit on a machine that others use: measured again, removed only where the candidate itself is too slow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.journal import Journal
from crossover.evaluation.contention import Load, Watch
from crossover.report.page import render
from crossover.study import ascent, latency
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results
from crossover.study.run import run_study
from crossover.testing.strategies import toy_bench, toy_examples, toy_start
from crossover.types import Candidate, Demonstration, Prompt
from tests.models.service import Service, serving
from tests.study.tasks import write_task

pytestmark = pytest.mark.usefixtures("all_looks")
QUIET, BUSY = Load(2, 1.0, 0.0), Load(2, 0.2, 1.8)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Load]:
    """What each look finds, in order; the last one for all that follow."""
    found = [QUIET]
    monkeypatch.setattr(Watch, "load", lambda self: found.pop(0) if len(found) > 1 else found[0])
    monkeypatch.setattr(ascent, "judged", lambda *given: latency.judged(*given, wait=lambda: True))
    return found


def decide(folder: Path, limit: float | None) -> dict[str, Any]:
    limits = {} if limit is None else {"latency_p95_ms": limit}
    run_study(write_task(folder, ["zero_shot"], model="fake", limits=limits), folder / "run")
    decision: dict[str, Any] = json.loads((folder / "run" / "decision.json").read_text())
    return decision


def zero(decision: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in decision["candidates"] if c["name"] == "zero_shot")
    return found


def single(folder: Path) -> int:
    """How many calls were made one by one."""
    journal = Journal(folder / "run" / "study.db")
    try:
        return sum(reply.error is None for reply in journal.replies(_keys(folder)).values())
    finally:
        journal.close()


def _keys(folder: Path) -> list[str]:
    import sqlite3

    with sqlite3.connect(folder / "run" / "study.db") as connection:
        rows = connection.execute("SELECT key FROM calls WHERE purpose = 'zero_shot one by one'").fetchall()
    return [key for (key,) in rows]


def test_every_latency_has_an_interval_in_decision_and_report(tmp_path: Path, loads: list[Load]) -> None:
    shown = zero(decide(tmp_path, None))["latency_ms"]
    ends = {"p50_low": 1.0, "p50_high": 1.0, "p95_low": 1.0, "p95_high": None}
    assert shown == {"p50": 1.0, "p95": 1.0, **ends, "n": 11, "others": 0.0, "contended": False}
    results = read_results(StudyFolder(tmp_path / "run"))
    assert "1.0 ms or more" in render(results)
    assert next(c for c in results.candidates if c.name == "zero_shot").latency_p95_interval == (1.0, None)
    assert next(c for c in results.candidates if c.name == "zero_shot").latency_p50_interval == (1.0, 1.0)


def test_on_a_quiet_machine_a_slow_candidate_is_measured_twice_and_removed(tmp_path: Path, loads: list[Load]) -> None:
    decision = decide(tmp_path, 0.5)
    assert zero(decision)["status"] == "removed"
    (said,) = [w for w in decision["verdict"]["warnings"] if w.startswith("zero_shot is removed")]
    assert "1.0 ms (95 % interval 1.0 ms or more" in said
    assert "the limit is 0.5 ms" in said
    made = single(tmp_path)
    decide(tmp_path, 0.5)
    assert single(tmp_path) == made, "what nothing disturbed is not measured a third time"


def test_a_busy_machine_removes_nobody_and_running_again_measures_again(tmp_path: Path, loads: list[Load]) -> None:
    loads[:] = [BUSY]
    decision = decide(tmp_path, 0.5)
    assert zero(decision)["status"] != "removed"
    assert zero(decision)["latency_ms"]["contended"]
    said = " ".join(decision["verdict"]["warnings"])
    assert "zero_shot may be too slow" in said
    assert "others kept 1.8 of the machine's 2 cores busy meanwhile" in said
    assert "other work" in render(read_results(StudyFolder(tmp_path / "run")))
    made = single(tmp_path)
    loads[:] = [QUIET]
    decision = decide(tmp_path, 0.5)
    assert single(tmp_path) > made
    assert zero(decision)["status"] == "removed"


def test_a_machine_that_was_busy_at_first_only(tmp_path: Path, loads: list[Load]) -> None:
    loads[:] = [QUIET, BUSY, QUIET]  # majority, zero_shot, zero_shot again
    assert zero(decide(tmp_path, 0.5))["status"] == "removed"


def test_within_the_limit_nothing_is_measured_twice(tmp_path: Path, loads: list[Load]) -> None:
    loads[:] = [BUSY]
    decision = decide(tmp_path, 5)
    assert not any("slow" in warning for warning in decision["verdict"]["warnings"])
    first = single(tmp_path)
    assert first == zero(decision)["latency_ms"]["n"] + 1


def test_a_server_is_timed_by_rows_of_either_split_though_their_ids_are_the_same(tmp_path: Path) -> None:
    train = [replace(row, id=str(n)) for n, row in enumerate(toy_examples())]  # files of their own, each numbered from 0
    dev = [replace(row, input=f"later {row.input}") for row in train]
    with serving(Service(answer=lambda body: "warm")) as service:
        bench = toy_bench(tmp_path, train, dev, model=f"openai:m?url={service.url}")
        shown = Prompt(demonstrations=tuple(Demonstration(row.input, row.output) for row in train[:6]))
        candidate = Candidate(bench.task.model, shown, toy_start().decoding)
        try:
            load = {"cores": 2.0, "own": 0.0, "others": 0.0, "place": "machine"}
            bench.journal.set_fact(f"latency of {candidate.id}", [load] * 3)  # of an earlier version: no rows beside
            found = latency.timed(bench, candidate)
            rounds = bench.journal.fact(f"rows one by one {candidate.id}")
        finally:
            bench.journal.close()
    assert [one["unasked"] for one in rounds] == [4, 0, 0]
    assert found is not None
    assert found.known == 9
    asked = {str(body["messages"][-1]["content"]) for body in service.bodies}
    assert asked == {row.input for row in (*train[6:], *dev)}, "no demonstration is asked for itself"
