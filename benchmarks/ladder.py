"""How long a default ladder takes: `crossover run` on ten topics of Banking77, in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.board import Board
from benchmarks.peers import HERE, QUIET, Failed
from benchmarks.tasks import CASES, draw

TRAIN, TEST = 600, 400
SECONDS = 60  # with `pocket` on a card


def ladder(data: Path, model: str, device: str, quick: bool, board: Board) -> None:
    """The whole study, from the command to the report."""
    drawn = draw(CASES["banking10"], data, 0, 150 if quick else TRAIN, 100 if quick else TEST)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, rows in (("train", drawn.pool), ("test", drawn.test)):
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([("text", "category"), *rows])
        task = {
            "name": "banking10",
            "instruction": "Decide which topic a bank customer's message is about.",
            "data": {"train": "train.csv", "test": "test.csv"},
            "input": "text",
            "output": "category",
            "kind": "classify",
            "target": 0.8,
            "model": model,
        }
        (folder / "task.yaml").write_text(json.dumps(task), encoding="utf-8")  # YAML reads JSON
        study = folder / "study"
        command = [sys.executable, "-m", "crossover", "run", str(folder / "task.yaml"), "--out", str(study)]
        paths = os.pathsep.join(filter(None, [str(HERE.parent / "src"), os.environ.get("PYTHONPATH")]))
        env = {**os.environ, **QUIET, **({"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}), "PYTHONPATH": paths}
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env) as run:
            assert run.stderr is not None
            said = [_told(line, began) for line in run.stderr]  # a line as each rung ends
        seconds = time.perf_counter() - began
        if run.returncode:
            raise Failed(f"crossover run ended with {run.returncode}: {''.join(said[-20:])}")
        decision = json.loads((study / "decision.json").read_text(encoding="utf-8"))
    print(f"      {decision['verdict']['choice']} after {seconds:.1f} s", flush=True)
    bar = SECONDS if model == "pocket" and device != "cpu" and not quick else None
    board.add(f"{device}, {model}: default ladder of banking10", [seconds], bar, "s", lower=True)


def _told(line: str, began: float) -> str:
    print(f"      {time.perf_counter() - began:6.1f} s {line.rstrip()[:110]}", flush=True)
    return line
