"""kill -9 at any moment, run again: the same decision, and nothing done twice."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.study.tasks import write_task

STRATEGIES = [
    "majority",
    "zero_shot",
    {"few_shot": {"shots": [3]}},
    {"lora": {"epochs": 4, "learning_rate": 0.002}},
    "lora+few_shot",
]
KILLS = 5


def start(task: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "crossover", "run", str(task), "--out", str(out), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(task: Path, out: Path) -> float:
    began = time.monotonic()
    process = start(task, out)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - began


def without_times(folder: Path) -> dict[str, Any]:
    decision: dict[str, Any] = json.loads((folder / "decision.json").read_text())
    del decision["created"], decision["spent"]["seconds"]
    for candidate in decision["candidates"]:
        del candidate["latency_ms"], candidate["cost"]
    return decision


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(folder / "study.db") as connection:
        return connection.execute(query).fetchall()


def test_killed_at_five_random_moments_a_run_ends_the_same(tmp_path: Path) -> None:
    task = write_task(tmp_path / "task", STRATEGIES, forgetting=True)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    seconds = finish(task, whole)
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    done: list[int] = []
    for _ in range(KILLS):
        process = start(task, killed)
        # start-up takes part of it, and each kill keeps what was done before: short enough to interrupt all five
        time.sleep(moments.uniform(0.1, 0.5) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (killed / "study.db").exists():
            done.append(rows(killed, "SELECT count(*) FROM calls")[0][0] if has_table(killed) else 0)
    finish(task, killed)
    assert without_times(killed) == without_times(whole), f"seed {seed}"
    assert done, f"no kill came after the study had begun (seed {seed})"
    twice = rows(killed, "SELECT key, count(*) FROM calls GROUP BY key HAVING count(*) > 1")
    assert twice == [], f"calls made twice, seed {seed}"
    epochs = "SELECT tune, count(*) FROM epochs GROUP BY tune ORDER BY tune"
    assert rows(killed, epochs) == rows(whole, epochs)
    assert rows(killed, "SELECT count(*) FROM calls") == rows(whole, "SELECT count(*) FROM calls")

    before = rows(whole, "SELECT count(*) FROM calls")
    decision = without_times(whole)
    finish(task, whole)
    assert rows(whole, "SELECT count(*) FROM calls") == before, "a second run costs no call"
    assert without_times(whole) == decision


def has_table(folder: Path) -> bool:
    return rows(folder, "SELECT count(*) FROM sqlite_master WHERE name = 'calls'")[0][0] == 1
