"""What a study's choice costs in truth: real studies on draws of few rows, against rows that they did not see.

    python -m benchmarks.regret --data FOLDER [--quick] [--json FILE] [--work FOLDER] [--workers N] [--only folds real]
                                [--tasks TASK ...] [--model MODEL] [--sizes 50,150,all] [--folds N] [--draws N]
                                [--strategies JSON] [--seconds N] [--minutes N] [--truths N] [--keep]

FOLDER holds a folder with a task file, train and test rows for each task. Two parts:

- folds: with 130 rows of three tasks, a single split (78/26/26) beside cross-fitting, over ten draws;
- real: every task with the model (without --model: all of them with `pocket`, banking10 and trec6 also with `smollm2`), in
  the form that `crossover init` proposes at each size.

The regret of a study is the best true value among its candidates less the true value of what it chose. One split makes its
candidates of 78 rows and cross-fitting of 104, so that a study whose candidates are all worse loses little by them. Beside
it stands the regret to the best that either form made of the same rows; and beside a real study, what as many fresh rows
would tell of the same candidates (`benchmarks/regret_reach.py`), and how far its plan was from what it took. Each study
runs in a process of its own, and its result is a line in `studies.jsonl` of the work folder as it ends: a rerun goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.board import Board
from benchmarks.peers import HERE, QUIET
from benchmarks.regret_reach import reach
from benchmarks.regret_study import Job

PARTS = ("folds", "real")
SMALL = 130  # rows
LEAST = 20.0  # seconds: in fewer no study ends
THREE = ("banking10", "clincbank15", "trec6")
REAL = ("banking10", "clincbank15", "trec6", "sst2", "restaurant_slots", "gsm8k")
LARGER = {"smollm2": ("banking10", "trec6")}
QUICK = ["majority", "zero_shot", {"few_shot": {"shots": [4], "selection": ["random"]}}, {"lora": {"epochs": 4}}]
# What costs most and wins least with few rows is left out of the default ladder: full tuning.
LADDER = [
    *("majority", "nearest_neighbour", "zero_shot", {"instruction": {"screen": 16}}, {"few_shot": {"screen": 16}}),
    *("lora", "instruction+lora", "lora+few_shot"),
]
Result = dict[str, Any]


def jobs(given: argparse.Namespace) -> list[Job]:
    """All studies, the cheap ones first."""
    found: list[Job] = []

    def add(part: str, task: str, model: str, size: int | None, draw: int, folds: int | None) -> None:
        file = str((given.data / task / "task.yaml").resolve())
        found.append(Job(part, file, model, size, draw, folds, given.folds, given.strategies, given.truths, given.minutes))

    there = [task for task in REAL if (given.data / task).is_dir() and task in (given.tasks or REAL)]
    tasks = [task for task in THREE if task in there]
    if "folds" in given.only:
        for draw in range(given.draws):
            for task in tasks[:1] if given.quick else tasks:
                for folds in (0, None):
                    add("folds", task, given.model or "pocket", SMALL, draw, folds)
    models = [given.model] if given.model else ["pocket"] if given.quick else ["pocket", *LARGER]
    for model in models if "real" in given.only else ():
        known = [task for task in LARGER.get(model, REAL) if task in there]
        for size in given.sizes:
            for draw in range(1 if size is None else min(given.draws, 3)):
                for task in known[:1] if given.quick else known:
                    add("real", task, model, size, draw, None)
    return found


class Bench:
    """Runs what is not in the work folder yet."""

    def __init__(self, work: Path, keep: bool, alone: bool, seconds: float | None) -> None:
        self.work, self._keep, self._alone = work, keep, alone
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self._lock = threading.Lock()
        work.mkdir(parents=True, exist_ok=True)
        self.lines = work / "studies.jsonl"

    def known(self) -> dict[str, Result]:
        """The results so far by their job; a line that was cut off is left out."""
        found = {}
        for line in self.lines.read_text(encoding="utf-8").splitlines() if self.lines.is_file() else ():
            try:
                result = json.loads(line)
            except ValueError:
                continue
            found[_key(Job(**{name: result[name] for name in Job.__dataclass_fields__}))] = result
        return found

    def one(self, job: Job) -> str:
        """Run a study; an empty text, or why there is no result. What a limit of time cut off goes on in a rerun."""
        left = self._end - time.monotonic()
        if left < LEAST:
            return f"{job.name}: no time left"
        place = self.work / "studies" / f"{job.name}-{_key(job)}"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"job": asdict(job), "place": str(place)}, file)
            file.flush()
            paths = os.pathsep.join(
                filter(None, [str(HERE.parent / "src"), str(HERE.parent), os.environ.get("PYTHONPATH")])
            )
            env = {**os.environ, **QUIET, "PYTHONPATH": paths, **({} if self._alone else {"OMP_NUM_THREADS": "1"})}
            command = [sys.executable, "-m", "benchmarks.regret_study", file.name]
            limit = None if math.isinf(left) else left
            try:
                done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=limit)
            except subprocess.TimeoutExpired:
                return f"{job.name}: out of time"
        if done.returncode:
            last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
            return f"{job.name}: ended with {done.returncode}: {''.join(last)}"
        with self._lock, self.lines.open("a", encoding="utf-8") as out:
            out.write(done.stdout.strip().splitlines()[-1] + "\n")
        if not self._keep:
            shutil.rmtree(place, ignore_errors=True)
        return ""


def _key(job: Job) -> str:
    from crossover.types import content_hash

    return content_hash(asdict(job) | {"task": Path(job.task).parent.name})[:8]


def regret(result: Result, tested: bool = False) -> float:
    """In points. `tested`: against those on which the stated bound rests, else against all that could be shipped."""
    open_to = [c for c in result["candidates"] if c["status"] != "removed" and (c["test"] or not tested)]
    return float(100 * (max(c["truth"] for c in open_to) - _truth(result)))


def _truth(result: Result) -> float:
    return float(next(c["truth"] for c in result["candidates"] if c["name"] == result["chosen"]))


def _covered(result: Result) -> bool:
    """Whether the chosen one's interval holds its truth."""
    chosen = next(c for c in result["candidates"] if c["name"] == result["chosen"])
    return bool(chosen["test"]["low"] <= chosen["truth"] <= chosen["test"]["high"])


def figures(results: Sequence[Result], board: Board) -> None:
    """All of both parts that there is anything of."""
    found = [
        one for one in results if one["chosen"] and any(c["test"] for c in one["candidates"] if c["name"] == one["chosen"])
    ]
    small = [one for one in found if one["part"] == "folds"]
    forms = {"one split": [r for r in small if not r["folds_used"]], "folds": [r for r in small if r["folds_used"]]}
    if all(forms.values()):
        means = {}
        for name, some in forms.items():
            means[name] = board.add(f"{SMALL} rows, {name}: mean regret", [regret(r) for r in some], None, "points", True)
            board.add(f"{SMALL} rows, {name}: true value of the choice", [100 * _truth(r) for r in some])
            board.add(f"{SMALL} rows, {name}: the choice's interval holds", [100 * _covered(r) for r in some])
            board.add(f"{SMALL} rows, {name}: regret above its bound", _above(some), 5, lower=True)
            board.add(f"{SMALL} rows, {name}: undecided", _open(some), None, lower=True)
        ratio = means["folds"] / max(means["one split"], 1e-9)
        board.add(f"{SMALL} rows: mean regret over folds, of that of one split", [ratio], 0.5, "", True)
        _of_the_same_rows(forms["one split"], forms["folds"], board)
    for model in dict.fromkeys(r["model"] for r in found if r["part"] == "real"):
        own = [r for r in found if r["part"] == "real" and r["model"] == model]
        for size in dict.fromkeys(r["size"] for r in own):
            some = [r for r in own if r["size"] == size]
            name = f"{model}, {size or 'all'} rows"
            board.add(f"{name}: mean regret", [regret(r) for r in some], None, "points", True)
            board.add(f"{name}: undecided", _open(some), None, lower=True)
            possible = [one for one in map(reach, some) if one]
            if possible:
                board.add(f"{name}: mean regret on fresh rows", [one.regret for one in possible], None, "points", True)
                board.add(f"{name}: undecided on fresh rows", [100 * one.undecided for one in possible], None, lower=True)
    real = [r for r in found if r["part"] == "real"]
    if real:
        worst = max(map(regret, real))
        board.add("real studies: mean regret", [regret(r) for r in real], 1.0, "points", True)
        board.add("real studies: worst regret", [worst], 4, "points", True)
        board.add("real studies: undecided", _open(real), 33.4, lower=True)
        board.add("real studies: regret above its bound", _above(real), 5, lower=True)
        board.add("real studies: the choice's interval holds", [100 * _covered(r) for r in real])
    for what in ("calls", "tokens"):
        off = [100 * abs(r["planned"][what] - r[what]) / r[what] for r in real if "planned" in r]
        if off:
            board.add(f"real studies: {what} planned, off from what was taken", [max(off)], 25, lower=True)


def _of_the_same_rows(single: Sequence[Result], folded: Sequence[Result], board: Board) -> None:
    """What each form's choice loses to the best that either made of the same rows, where there are both."""
    one, other = ({(r["task"], r["model"], r["draw"]): r for r in some} for some in (single, folded))
    pairs = [(one[key], other[key]) for key in one if key in other]
    if not pairs:
        return
    best = [max(_best(a), _best(b)) for a, b in pairs]
    lost = {
        "one split": [100 * (top - _truth(a)) for top, (a, _) in zip(best, pairs, strict=True)],
        "folds": [100 * (top - _truth(b)) for top, (_, b) in zip(best, pairs, strict=True)],
    }
    means = {
        name: board.add(f"{SMALL} rows, {name}: regret to the best of either", some, None, "points", True)
        for name, some in lost.items()
    }
    again = [100 * (_best(b) - made) for a, b in pairs if (made := _made(b, a["chosen"])) is not None]
    if again:
        name = f"{SMALL} rows: regret of one split's choice, made of all rows"
        board.add(name, again, None, "points", True)
    ratio = means["folds"] / max(means["one split"], 1e-9)
    board.add(f"{SMALL} rows: the regrets to the best of either, folds' of one split's", [ratio], 0.5, "", True)


def _best(result: Result) -> float:
    return float(max(c["truth"] for c in result["candidates"] if c["status"] != "removed"))


def _made(result: Result, name: str) -> float | None:
    """The truth of what a rung made; None where it made nothing."""
    return next((float(c["truth"]) for c in result["candidates"] if c["name"] == name), None)


def _open(some: Sequence[Result]) -> list[float]:
    return [100 * (r["kind"] == "undecided") for r in some]


def _above(some: Sequence[Result]) -> list[float]:
    return [100 * (regret(r, tested=True) > 100 * r["stated"]["upper"] + 1e-6) for r in some]


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says, checked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of tasks, each with a task.yaml")
    parser.add_argument("--quick", action="store_true", help="one task, one draw, a short ladder: under five minutes")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument(
        "--work", type=Path, default=HERE / ".work" / "regret", help="where the studies and their results go"
    )
    parser.add_argument("--workers", type=int, default=1, help="studies at a time")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--tasks", nargs="+", choices=REAL, help="of the folder's (all)")
    parser.add_argument("--model", help="instead of pocket, and smollm2 on two tasks")
    parser.add_argument("--sizes", default="50,150,all", help="labelled rows of the real studies")
    parser.add_argument("--folds", type=int, help="in how many, where there are (as `crossover init` proposes)")
    parser.add_argument("--draws", type=int, help="of each task's 130 rows (10); of other sizes at most 3")
    parser.add_argument(
        "--strategies", type=json.loads, help='as JSON, in the place of the ladder; "default" for a task\'s own'
    )
    parser.add_argument("--truths", type=int, help="the most rows that truths are measured on")
    parser.add_argument("--minutes", type=float, help="limits.minutes of each study")
    parser.add_argument("--seconds", type=float, help="of all: then the figures are of what there is, and a rerun goes on")
    parser.add_argument("--keep", action="store_true", help="keep the studies' folders")
    given = parser.parse_args(words)
    if not any((given.data / task / "task.yaml").is_file() for task in REAL):
        parser.error(f"--data: {given.data} has none of the tasks {', '.join(REAL)}")
    try:
        given.sizes = [None if size == "all" else int(size) for size in given.sizes.split(",")]
    except ValueError:
        parser.error(f"--sizes: received '{given.sizes}'; valid are numbers and 'all', with commas between them")
    for option, least in (("workers", 1), ("folds", 2)):
        value = getattr(given, option)
        if value is not None and value < least:
            parser.error(f"--{option} is {value}; valid is {least} or more")
    given.draws = given.draws or (1 if given.quick else 10)
    given.truths = given.truths or (200 if given.quick else None)
    if given.strategies is None:
        given.strategies = QUICK if given.quick else LADDER
    elif given.strategies == "default":
        given.strategies = None
    if given.quick:
        given.sizes = given.sizes[:1]
    return given


def main(words: Sequence[str] | None = None) -> int:
    given = arguments(words)
    bench, board = (
        Bench(given.work, given.keep, given.workers == 1, given.seconds),
        Board(given.json or given.work / "regret.json"),
    )
    wanted = {_key(job): job for job in jobs(given)}
    left = [job for key, job in wanted.items() if key not in bench.known()]
    print(f"{len(wanted)} studies, {len(wanted) - len(left)} of them known", file=sys.stderr, flush=True)
    failed = []

    def one(job: Job) -> None:
        wrong = bench.one(job)
        failed.extend([wrong] if wrong else [])
        print(wrong or f"{job.name} is done", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(given.workers) as pool:
        list(pool.map(one, left))
    figures([result for key, result in bench.known().items() if key in wanted], board)
    board.save()
    print(board.table())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
