"""kill -9 at any moment, run again: the same decision, and nothing done twice.

Each process kills itself at a moment of its own walk: in front of a write to the journal, behind one, or at a step of a
tune. So how quick it is decides nothing. They are forked from one that has only imported what they need.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.engine.journal import Journal
from crossover.evaluation import forgetting
from crossover.study import outlook
from crossover.study.run import run_study
from crossover.tuning import sft
from tests.forked import forked
from tests.study.small import write_small

STRATEGIES = [
    "majority",
    "zero_shot",
    {"few_shot": {"shots": [3], "orders": 1}},
    {"lora": {"epochs": 2, "learning_rate": 0.002, "rank": 4}},
    "lora+few_shot",
]
KILLS = 4  # at writes to the journal, beside one in the middle of a tune
DONE = ("calls", "epochs", "runs")  # tables that only grow
FEWER = 12  # every so manieth item of the general suite


@dataclass(frozen=True)
class Moment:
    """When so many rows of `DONE` are there, before or behind the next write; or behind a checkpoint of a tune."""

    rows: int = 0
    before: bool = False
    checkpoint: int = 0


def work(task: Path, out: Path, moment: Moment | None) -> None:
    """Run the study, with a short general suite, up to the moment."""
    sft.INTERVAL, sft.SHARE = 0.0, 1e9  # a checkpoint at every step
    items, passages, write, save = forgetting.items, forgetting.passages, Journal._write, sft.save_checkpoint
    saved: list[Path] = []
    forgetting.items = lambda: items()[::FEWER]  # type: ignore[attr-defined]
    forgetting.passages = lambda: passages()[::FEWER]  # type: ignore[attr-defined]

    def counted(journal: Journal, *given: Any) -> None:
        due = moment is not None and not moment.checkpoint and done(out) >= moment.rows
        if due and moment and moment.before:
            os.kill(os.getpid(), signal.SIGKILL)
        write(journal, *given)
        if due:
            os.kill(os.getpid(), signal.SIGKILL)

    def kept(folder: Path, *state: Any) -> None:
        save(folder, *state)
        if folder.is_relative_to(out):  # and no measurement of the pace
            saved.append(folder)
        if moment and moment.checkpoint and len(saved) == moment.checkpoint:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal._write, sft.save_checkpoint = counted, kept  # type: ignore[method-assign]
    outlook.measure_tuning = lambda *given: 0.01  # type: ignore[attr-defined]  # else each process measures it anew
    run_study(task, out)


def run(task: Path, out: Path, moment: Moment | None = None) -> None:
    """In a process of its own, which is killed at the moment, or else ends well."""
    assert forked(work, task, out, moment) == (-signal.SIGKILL if moment else 0), moment


def without_times(folder: Path) -> dict[str, Any]:
    decision: dict[str, Any] = json.loads((folder / "decision.json").read_text())
    del decision["created"], decision["spent"]["seconds"]
    for candidate in decision["candidates"]:
        del candidate["latency_ms"], candidate["cost"]
    decision["flips"] = decision["flips"]["searched"]  # what flips the verdict hangs on the milliseconds of a run
    return decision


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "study.db")) as connection:
        return connection.execute(query).fetchall()


def done(folder: Path) -> int:
    """How far a study is."""
    there = {name for (name,) in rows(folder, "SELECT name FROM sqlite_master")}
    return sum(rows(folder, f"SELECT count(*) FROM {table}")[0][0] for table in DONE if table in there)


def test_killed_at_random_moments_a_run_ends_the_same(tmp_path: Path) -> None:
    task = write_small(tmp_path / "task", STRATEGIES, forgetting=True)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(task, whole)
    every = done(whole)
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    # one in each part of the walk, so that each finds more done than the one before; behind the last there is still some
    part = every * 9 // (10 * KILLS)
    moments = [Moment(draw.randrange(k * part, (k + 1) * part), draw.random() < 0.5) for k in range(KILLS)]
    met = rows(whole, "SELECT count(*) FROM calls WHERE made < (SELECT min(made) FROM epochs)")[0][0]
    at = sum(moment.rows < met for moment in moments)
    moments.insert(at, Moment(checkpoint=draw.randint(1, 4)))
    kept = []
    for moment in moments:
        run(task, killed, moment)
        kept.append(done(killed))
    run(task, killed)
    assert kept == sorted(kept), f"seed {seed}"
    assert kept[-1] > kept[0], f"nothing was kept (seed {seed}, {kept})"
    assert without_times(killed) == without_times(whole), f"seed {seed}"
    twice = rows(killed, "SELECT key, count(*) FROM calls GROUP BY key HAVING count(*) > 1")
    assert twice == [], f"calls made twice, seed {seed}"
    epochs = "SELECT tune, count(*) FROM epochs GROUP BY tune ORDER BY tune"
    assert rows(killed, epochs) == rows(whole, epochs)
    assert rows(killed, "SELECT count(*) FROM calls") == rows(whole, "SELECT count(*) FROM calls")

    before = rows(whole, "SELECT count(*) FROM calls")
    decision = without_times(whole)
    run(task, whole)
    assert rows(whole, "SELECT count(*) FROM calls") == before, "a second run costs no call"
    assert without_times(whole) == decision
