"""Where rungs are climbed side by side, latency is measured behind the climb: what of a limit is left for it, and for test.

The work itself is done here, one after the other: no cluster is needed for what is asked in the study's own process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.data.task import Task
from crossover.study import run
from crossover.study.listener import Listener
from crossover.study.run import run_study
from crossover.study.works import Scene, Serial
from tests.study.tasks import write_task

STRATEGIES: list[Any] = ["zero_shot", "instruction"]


class Apart:
    def executor(self, scene: Scene, task: Task, listener: Listener) -> Serial:
        return Serial(replace(scene, apart=True), apart=True)

    def close(self) -> None: ...


@contextmanager
def apart(*given: Any) -> Iterator[Apart]:
    yield Apart()


def decided(folder: Path, **limits: float) -> dict[str, Any]:
    run_study(write_task(folder, STRATEGIES, model="fake", limits=limits), folder / "run", on="ray")
    decision: dict[str, Any] = json.loads((folder / "run" / "decision.json").read_text())
    return decision


def known(decision: dict[str, Any], what: str) -> int:
    return sum(candidate[what] is not None for candidate in decision["candidates"])


def test_at_a_limit_finalists_come_before_latency_unless_that_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "cluster", apart)
    free = decided(tmp_path / "free", calls=90)
    limited = decided(tmp_path / "limited", calls=90, latency_p95_ms=1000)
    assert (known(free, "latency_ms"), known(free, "test")) == (0, 1)
    assert (known(limited, "latency_ms"), known(limited, "test")) == (2, 0), "what would be removed is known first"
    missing = (
        "80 % of the limit of 90 calls are used (the rest is kept for the test): the latency of zero_shot was not measured"
    )
    assert [missing in found["verdict"]["warnings"] for found in (free, limited)] == [True, False]
    for found in (free, limited):
        assert found["spent"]["calls"] <= 90
        assert any("while climbing; not finished: instruction" in one for one in found["verdict"]["warnings"])
