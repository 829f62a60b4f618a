"""Does the predicted gain of doubling the labels hold? A curve up to N labels, and then the truth at 2 N.

    python -m benchmarks.doubling --data FOLDER [--quick] [--json FILE] [--rows FILE] [--workers N]

For each task, size and draw: N labels (three quarters to train, a quarter as dev) get a learning curve as a study measures
it, with the rungs named; its interval for what N more labels bring is held against what they bring: accuracy with 2 N less
that with N, on rows of the data set's test file that nothing else saw, averaged over adaptations that differ in their seeds
(the curve itself) and of single ones (what a user gets). `--data` is a folder of the public data sets. Each case is written
to `--rows` as a JSON line as it ends, and is not measured again.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.board import lines
from benchmarks.tasks import CASES, chosen, draw, present
from crossover.data.curve import CurveSpec
from crossover.data.splits import Splits
from crossover.data.task import StrategySpec, Task
from crossover.decision.learning import LabelRun, learnt
from crossover.engine.journal import Journal
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.base import Model
from crossover.models.open import open_model
from crossover.study.curve import OWN, CurveStudy
from crossover.study.curve_plan import curve_plan
from crossover.study.folder import StudyFolder
from crossover.study.ladder import Rung, adapted, ladder, start
from crossover.study.listener import Quiet
from crossover.types import Candidate, Example, Family

TASKS = "banking10,trec6,sst2"
SIZES = (80, 160)
DRAWS = 4
UNSEEN = 400  # rows that the truth is measured on
TIMES = 3  # adaptations whose mean is the truth of the curve
STRATEGIES = ("few_shot", "lora")
HELD = 80.0  # % of the intervals that hold the truth, at the least
QUICK = (("banking10", 80, 0), ("trec6", 80, 0))


@dataclass(frozen=True)
class Held:
    """One prediction, in shares: what twice the labels bring, and what they brought: `mean` of several, `single` ones."""

    task: str
    labels: int
    draw: int
    family: Family
    value: float
    low: float
    high: float
    mean: float
    single: tuple[float, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of the public data sets")
    parser.add_argument("--tasks", default=TASKS, help=f"of {', '.join(CASES)} (default: {TASKS})")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of labels, at least 40")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of rows, for each task and size")
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--quick", action="store_true", help="two cases")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--rows", type=Path, help="where each case is written as it ends, and read from")
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    names = chosen(parser, "--tasks", given.tasks, [name for name, case in CASES.items() if not case.extract])
    if not all(size.isdecimal() and int(size) >= 40 for size in given.sizes.split(",")):
        parser.error(f"--sizes {given.sizes}: valid are whole numbers from 40 up, with commas between")
    cases = [(n, int(s), d) for d in range(given.draws) for s in given.sizes.split(",") for n in names]
    cases = list(QUICK) if given.quick else cases
    present(parser, given.data, [CASES[name] for name, *_ in cases])
    began = time.monotonic()
    found = figures(_all(cases, given.data, given.model, given.workers, given.rows))
    print(lines(found))
    print(f"{time.monotonic() - began:.0f} s")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def figures(held: Sequence[Held]) -> dict[str, dict[str, Any]]:
    """Every figure by name; empty without a case."""
    found: dict[str, dict[str, Any]] = {}
    families = list(dict.fromkeys(one.family for one in held))
    for name, some in [("", list(held)), *((f"{f}: ", [h for h in held if h.family == f]) for f in families)]:
        if some:
            inside = [one.low <= one.mean <= one.high for one in some]
            singly = [one.low <= gain <= one.high for one in some for gain in one.single]
            goal = None if name else HELD
            found[f"{name}gain of doubling: intervals hold"] = _figure(100 * _mean(inside), goal, "%", lower=False)
            found[f"{name}gain of doubling: hold single runs"] = _figure(100 * _mean(singly), None, "%", lower=False)
            error = _mean(abs(one.value - one.mean) for one in some)
            found[f"{name}gain of doubling: error"] = _figure(100 * error, None, "points", lower=True)
            nothing = _mean(abs(one.mean) for one in some)
            found[f"{name}gain of doubling: error of no gain"] = _figure(100 * nothing, None, "points", lower=True)
            width = _mean(one.high - one.low for one in some)
            found[f"{name}gain of doubling: width"] = _figure(100 * width, None, "points", lower=True)
            found[f"{name}gain of doubling: cases"] = _figure(len(some), None, "cases", lower=False)
    return found


def _all(cases: Sequence[tuple[str, int, int]], data: Path, model: str, workers: int, rows: Path | None) -> list[Held]:
    known = [json.loads(line) for line in rows.read_text().splitlines()] if rows and rows.is_file() else []
    done = {tuple(one["case"]): one["held"] for one in known if one["model"] == model}
    left = [case for case in cases if case not in done]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for case, held in pool.imap_unordered(partial(measured, data=data, model=model), left):
            done[case] = held
            print(f"      {case}: {' '.join(_told(one) for one in held)}", flush=True)
            if rows:
                with rows.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"case": case, "model": model, "held": held}) + "\n")
    return [Held(**one | {"single": tuple(one["single"])}) for case in cases for one in done[case]]


def _told(one: dict[str, Any]) -> str:
    low, value, high, mean = (f"{100 * one[key]:+.1f}" for key in ("low", "value", "high", "mean"))
    return f"{one['family']} {value} ({low} to {high}), truly {mean};"


def measured(case: tuple[str, int, int], data: Path, model: str) -> tuple[tuple[str, int, int], list[dict[str, Any]]]:
    """The case, and a prediction with its truth for each family."""
    name, labels, number = case
    own = max(8, labels // 3)  # the study's own test rows, as many as the default splits would leave
    drawn = draw(CASES[name], data, number, 2 * labels, own + UNSEEN)
    pool, end = _examples("pool", drawn.pool), _examples("test", drawn.test)
    fewer, more = _split(pool[:labels]), _split(pool)
    task = Task(
        name=name, instruction=drawn.instruction, data="rows.csv", input="text", output="label", kind="classify",
        metric="accuracy", labels=dict.fromkeys(drawn.labels, ""), model=model, seed=number, forgetting=False,
        strategies=[StrategySpec(name=strategy) for strategy in STRATEGIES],
    )  # fmt: skip
    opened = open_model(model, Path())
    begin = start(task, opened, [e.output for e in fewer[0]])
    rungs: dict[Family, Rung] = {r.strategy.family: r for r in ladder(task, opened)[0] if r.name in STRATEGIES}
    with tempfile.TemporaryDirectory() as scratch, closing(Journal(Path(scratch) / "study.db")) as journal:
        small, large = (_bench(task, rows, Path(scratch), journal, opened) for rows in (fewer, more))
        splits = Splits(tuple(fewer[0]), tuple(fewer[1]), tuple(end[:own]), "")
        plan = curve_plan(CurveSpec(), task, splits)
        runs, _ = CurveStudy(plan, small, begin, StudyFolder(Path(scratch)), Quiet()).measured(rungs)
        held = []
        for family, rung in rungs.items():
            made = adapted(rung, begin, small)
            value = small.evaluator.run(made, "test", end[:own]).estimate.value
            counts = (labels, len(fewer[0]), len(fewer[1]), OWN)
            runs.append(LabelRun(family, rung.name, *counts, value, own, split="test"))
        told = learnt(runs, labels, {f: r.name for f, r in rungs.items()}, None, number)
        for family, rung in rungs.items():
            gains = [
                _reached(rung, begin, large.again(n), end[own:]) - _reached(rung, begin, small.again(n), end[own:])
                for n in range(TIMES)
            ]
            gain = told.gains[family]
            found = Held(name, labels, number, family, gain.value, gain.low, gain.high, _mean(gains), tuple(gains))
            held.append(vars(found))
    return case, held


def _bench(
    task: Task, rows: tuple[list[Example], list[Example]], folder: Path, journal: Journal, opened: Model
) -> StudyBench:
    return open_bench(task, *rows, folder, journal, lambda spec: opened, relevance_scorer())


def _reached(rung: Rung, begin: Candidate, bench: StudyBench, rows: Sequence[Example]) -> float:
    return bench.evaluator.run(adapted(rung, begin, bench), "test", rows).estimate.value


def _split(rows: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Three quarters to train, a quarter as dev: of twice the rows, the same are each."""
    return [e for i, e in enumerate(rows) if i % 4], [e for i, e in enumerate(rows) if not i % 4]


def _examples(name: str, rows: Iterable[tuple[str, str]]) -> list[Example]:
    return [Example(f"{name}-{i}", text, label) for i, (text, label) in enumerate(rows)]


def _figure(value: float, goal: float | None, unit: str, *, lower: bool) -> dict[str, Any]:
    return {"value": round(float(value), 3), "goal": goal, "unit": unit, "lower_is_better": lower}


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return math.fsum(kept) / len(kept)


if __name__ == "__main__":
    main()
