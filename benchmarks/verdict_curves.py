"""Forecasts of learning curves and label crossovers, held against what others measured later on the same curves.

    python -m benchmarks.verdict_curves --data FOLDER [--quick] [--json FILE]
    python -m benchmarks.verdict_curves --curves FILE --law FILE

From the runs at up to N labels, for every N that leaves at least two larger sizes, the accuracy at the measured sizes
nearest to 2N and 4N (within half an octave) is forecast, and the count from which tuning stays ahead of the best prompt.
Two forms of table: `task,family,method,labels,run,accuracy`, one run a row, `family` being `prompt` or `weights` and
`method` of a prompt `model:how`; and `config name,200,400,..,size,family`, a test loss by rows tuned on, which is taken as
the likelihood of a token, exp(-loss). A folder is searched for both.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.board import lines
from crossover.decision.label_crossing import LabelCrossing, crossing
from crossover.evaluation.curve import Curve, Point, fit

ITEMS = 250  # test rows behind each accuracy of the tables of runs
TOKENS = 1_000_000  # behind each test loss, about: its noise is next to nothing
AHEAD = (2, 4)
NEAR = 0.5  # octaves that the size compared may lie off 2N or 4N
SIZES = 3  # from that many on, errors count
QUICK = 6  # a quick run takes every sixth model of a law's table
Runs = dict[int, list[float]]  # values by labels
Figure = dict[str, float | str | bool | None]


@dataclass(frozen=True)
class Check:
    """One forecast: its error, that of the last value, both in shares; whether the interval held the truth; its width."""

    sizes: int
    ahead: int
    error: float
    carried: float
    held: bool
    width: float
    relative: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of tables of either form")
    parser.add_argument("--curves", type=Path, action="append", default=[], help="a table of runs")
    parser.add_argument("--law", type=Path, action="append", default=[], help="a table of test losses")
    parser.add_argument("--quick", action="store_true", help="a sixth of the models of a law's table")
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    curves, laws = list(given.curves), list(given.law)
    if given.data:
        for path in sorted(given.data.glob("*.csv")):
            (laws if _header(path)[0] == "config name" else curves).append(path)
    if not curves and not laws:
        parser.error("give --data FOLDER with tables in it, --curves FILE or --law FILE")
    for path, column in [*((path, "accuracy") for path in curves), *((path, "config name") for path in laws)]:
        if not path.is_file() or column not in _header(path):
            parser.error(f"{path} is no CSV file with a column {column!r}")
    started = time.monotonic()
    found = figures(curves, laws, given.quick)
    print(lines(found))
    print(f"{time.monotonic() - started:.0f} s")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def figures(curves: Sequence[Path], laws: Sequence[Path], quick: bool = False) -> dict[str, Figure]:
    """Every figure of the check by name, over all tables given."""
    found: dict[str, Figure] = {}
    tables: dict[tuple[str, str, str], Runs] = {}
    for path in curves:
        tables |= {(f"{path.stem}/{task}", family, method): runs for (task, family, method), runs in _runs(path).items()}
    fitted: dict[tuple[tuple[str, str, str], int], Curve] = {}
    for family, name, goal in (("weights", "tuning", 2.8), ("prompt", "prompts", 3.0)):
        own = {key: runs for key, runs in tables.items() if key[1] == family}
        if own:
            checks = [check for key, runs in own.items() for check in _checks(key, runs, ITEMS, fitted)]
            found |= _summed(name, checks, goal)
    if fitted:
        found |= _crossings(tables, fitted)
    for path in laws:
        rows = _losses(path)
        checks = [c for key, runs in (rows[::QUICK] if quick else rows) for c in _checks(key, runs, TOKENS, {})]
        found |= _summed(path.stem, checks, None)
    return found


def _checks(
    key: tuple[str, str, str], runs: Runs, items: int, fitted: dict[tuple[tuple[str, str, str], int], Curve]
) -> Iterator[Check]:
    sizes = sorted(runs)
    means = {n: math.fsum(values) / len(values) for n, values in runs.items()}
    for index, n in enumerate(sizes[:-2]):
        known = sizes[: index + 1]
        curve = fitted[key, n] = fit([Point(m, v, items, run) for m in known for run, v in enumerate(runs[m])])
        for ahead in AHEAD:
            target = min(sizes[index + 1 :], key=lambda m: abs(math.log2(m / (ahead * n))))
            if abs(math.log2(target / (ahead * n))) > NEAR or target > curve.reach:
                continue
            truth, told = means[target], curve.at(target, runs=len(set(runs[target])), same_items=True)
            relative = abs(math.log(max(told.value, 1e-9)) / math.log(truth) - 1) if 0 < truth < 1 else 0.0
            yield Check(
                len(known),
                ahead,
                abs(told.value - truth),
                abs(means[n] - truth),
                told.low <= truth <= told.high,
                told.high - told.low,
                relative,
            )


def _summed(name: str, checks: Sequence[Check], goal: float | None) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    for ahead in AHEAD:
        all_sizes = [c for c in checks if c.ahead == ahead]
        counted = [c for c in all_sizes if c.sizes >= SIZES]
        if not counted:
            continue
        at, bar = f"{name}, {ahead}N", goal if ahead == AHEAD[0] else None
        found[f"{at}: error"] = _figure(100 * _mean(c.error for c in counted), bar, "points", True)
        found[f"{at}: error of the last value"] = _figure(100 * _mean(c.carried for c in counted), None, "points", True)
        if goal is None:
            found[f"{at}: error of the loss"] = _figure(100 * _mean(c.relative for c in counted), None, "%", True)
        found[f"{at}: intervals hold"] = _figure(100 * _mean(c.held for c in all_sizes), None, "%", False)
        found[f"{at}: width of the intervals"] = _figure(100 * _mean(c.width for c in all_sizes), None, "points", True)
        found[f"{at}: cases"] = _figure(len(all_sizes), None, "forecasts", False)
    held = 100 * _mean(c.held for c in checks) if checks else 0.0
    found[f"{name}: intervals hold"] = _figure(held, 90.0, "%", False)
    found[f"{name}: intervals hold, not too often"] = _figure(held, 99.0, "%", True)
    return found


def _crossings(
    tables: dict[tuple[str, str, str], Runs], fitted: dict[tuple[tuple[str, str, str], int], Curve]
) -> dict[str, Figure]:
    """Each task's tuning against the best prompt of each model."""
    held: list[bool] = []
    named: list[float] = []
    wrongly_out = 0
    for tuned in [key for key in tables if key[1] == "weights"]:
        models = sorted({m.split(":")[0] for task, family, m in tables if task == tuned[0] and family == "prompt"})
        for model in models:
            prompts = [k for k in tables if k[0] == tuned[0] and k[1] == "prompt" and k[2].split(":")[0] == model]
            truth = _true_crossing(tables[tuned], [tables[k] for k in prompts])
            if truth is None:
                continue
            for n in sorted(tables[tuned])[SIZES - 1 : -2]:
                told = _told(n, tuned, prompts, tables, fitted)
                if told is None:
                    continue
                known = told.value is not None or told.low is not None or told.high is not None
                held.append(known and (told.low or 0) <= truth <= (told.high or math.inf))
                wrongly_out += told.reason.startswith("not within") and truth <= 2 * n
                if told.value is not None:
                    named.append(abs(math.log2(told.value / truth)))
    if not held:
        return {}
    return {
        "crossover: intervals hold": _figure(100 * _mean(held), 90.0, "%", False),
        "crossover: wrongly not within reach": _figure(wrongly_out, 0.0, "cases", True),
        "crossover: cases": _figure(len(held), None, "cases", False),
        "crossover: a number is named": _figure(100 * len(named) / len(held), None, "%", False),
        "crossover: octaves off": _figure(_mean(named) if named else 0.0, None, "octaves", True),
    }


def _told(
    n: int,
    tuned: tuple[str, str, str],
    prompts: Sequence[tuple[str, str, str]],
    tables: dict[tuple[str, str, str], Runs],
    fitted: dict[tuple[tuple[str, str, str], int], Curve],
) -> LabelCrossing | None:
    """What is said of the crossover when nothing beyond `n` labels is known; None where prompts have no three sizes."""
    curves, most = [], []
    for key in prompts:
        sizes = [m for m in sorted(tables[key]) if m <= n]
        if len(sizes) < SIZES:
            continue
        if (key, sizes[-1]) not in fitted:
            fitted[key, sizes[-1]] = fit([Point(m, v, ITEMS, run) for m in sizes for run, v in enumerate(tables[key][m])])
        curves.append(fitted[key, sizes[-1]])
        most.append(max(tables[key]))  # what fits the context is known beforehand
    return crossing(fitted[tuned, n], curves, most, same_items=True) if curves else None


def _true_crossing(weights: Runs, prompts: Sequence[Runs]) -> float | None:
    """Where the mean of tuning comes to stay above the best prompt's, straight lines in log labels; None where never."""
    import numpy as np

    start, end = max(min(weights), *(min(p) for p in prompts)), max(weights)
    grid = np.geomspace(start, end, 2000)

    def line(runs: Runs) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        sizes = sorted(runs)
        return np.interp(np.log(grid), np.log(sizes), [math.fsum(runs[n]) / len(runs[n]) for n in sizes])

    ahead = line(weights) > np.max([line(p) for p in prompts], axis=0)
    if ahead.all() or not ahead[-1]:
        return None
    return float(grid[len(grid) - int(np.argmin(ahead[::-1]))])


def _runs(path: Path) -> dict[tuple[str, str, str], Runs]:
    found: dict[tuple[str, str, str], Runs] = defaultdict(lambda: defaultdict(list))
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["task"], row["family"], row["method"]][int(row["labels"])].append(float(row["accuracy"]))
    return dict(found)


def _losses(path: Path) -> list[tuple[tuple[str, str, str], Runs]]:
    """Each model's likelihood of a token by rows; none at 0 rows, where the format is not known yet."""
    found = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            runs = {int(k): [math.exp(-float(v))] for k, v in row.items() if k.isdigit() and int(k) > 0 and v}
            found.append(((path.stem, "weights", row["config name"]), runs))
    return found


def _header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [""])


def _figure(value: float, goal: float | None, unit: str, lower: bool) -> Figure:
    return {"value": round(float(value), 3), "goal": goal, "unit": unit, "lower_is_better": lower}


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return math.fsum(kept) / len(kept)


if __name__ == "__main__":
    main()
