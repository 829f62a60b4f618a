"""Whether cross-fitted verdicts keep their promises: simulated studies of few rows, whose candidates are made with luck.

    python -m benchmarks.verdict_folds [--studies N] [--rows N] [--folds K] [--json FILE] [--seed N]

Eight rungs, as a ladder has them: what a rung makes of more rows is better, by its own slope, and has luck, which is drawn
for each making. One split makes candidates of 60 % of the rows, chooses on 20 % and tests on 20 %; over folds all rows test
what is made of 71 % (of 5 folds), and what ships is made of 80 %. Truths are those of what ships. The regret is against
the best of a study's own candidates; and against the best that either form makes of the rows, as one split has worse ones.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from benchmarks.board import Board
from benchmarks.verdict import ACCURACY, record
from crossover.data.splits import IN_FOLD
from crossover.decision.contenders import Contender, finalists, standing
from crossover.decision.costs import Cost
from crossover.decision.recommend import recommend
from crossover.decision.wording import Wording
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.design import Effect, seen_effect
from crossover.study.crossfit import leaning
from crossover.types import Estimate, Family, Run

NORMAL = NormalDist()
SHARED, OWN, MAKING = 0.5, 0.35, 0.15  # of what decides an answer: the row's difficulty, the rung's, and that of one making
SINGLE = math.log(0.8 / 0.6) / math.log(1.25)  # what one split's makings lack
SPREAD = 0.05  # of a rung's mean over tasks
LUCK = (0.0, 0.02, 0.04)  # of a tuned rung's making: its standard deviation


@dataclass(frozen=True)
class Way:
    """A rung: its share of right answers with 80 % of the rows, what it gains as they become 1.25 times as many, its luck
    beside that of a tuned rung, and how much too good dev is, as it chooses on it."""

    name: str
    family: Family
    kind: str
    mean: float
    gain: float = 0.0
    luck: float = 0.0
    choice: float = 0.0


WAYS = (
    Way("majority", "control", "control", 0.12),
    Way("nearest_neighbour", "control", "control", 0.72, 0.02, 0.5),
    Way("zero_shot", "prompt", "baseline", 0.4),
    Way("instruction", "prompt", "engineered prompt", 0.68, 0.0, 0.5, 0.03),
    Way("few_shot", "prompt", "few-shot", 0.8, 0.01, 0.5, 0.02),
    Way("lora", "weights", "tuned", 0.81, 0.03, 1.0, 0.02),
    Way("instruction+lora", "hybrid", "hybrid", 0.82, 0.03, 1.0, 0.02),
    Way("lora+few_shot", "hybrid", "hybrid", 0.81, 0.03, 1.0, 0.02),
)


@dataclass(frozen=True)
class Found:
    """In shares. `above`: the regret exceeds its stated bound. `held`: the stated interval holds the choice's truth."""

    regret: float
    either: float  # regret against the best that either form makes of the rows
    above: bool
    truth: float
    held: bool
    wrong: bool  # proven, though another is better by more than the margin


class Rows:
    """A study's rows: what they are for all makings of a way."""

    def __init__(self, rng: Any, rows: int) -> None:
        self._rng = rng
        self._base = math.sqrt(SHARED) * rng.standard_normal(rows)
        self._own = {way.name: math.sqrt(OWN) * rng.standard_normal(rows) for way in WAYS}

    def answers(self, way: Way, share: float, part: Any) -> Any:
        """1 where what a way made, which is right in this share of all rows, is right in these."""
        noise = math.sqrt(MAKING) * self._rng.standard_normal(len(self._base[part]))
        at = NORMAL.inv_cdf(min(max(share, 0.01), 0.99))
        return (self._base[part] + self._own[way.name][part] + noise < at).astype(int)


def _run(name: str, tested: Any, design: float = 1.0) -> Run:
    records = tuple(record(i, float(value)) for i, value in enumerate(tested))
    value = estimate([r.score for r in records], "mean", True, design=design)
    return Run(name, "test", "accuracy", records, value, design=design)


def study(rng: Any, rows: int, folds: int, luck: float) -> Found:
    """One study; `folds` 0 is one split."""
    own = {way.name: way.mean + (rng.normal(0, SPREAD) if way.mean > 0.2 else 0.0) for way in WAYS}
    data, places = Rows(rng, rows), np.arange(rows) % (folds or 5)
    runs, contenders, truth, other = {}, [], {}, {}
    shown: list[tuple[Contender, Any, list[Estimate]]] = []
    fewer = (1 - 1 / folds) * IN_FOLD["train"] / sum(IN_FOLD.values()) if folds else 0.6
    lack = math.log(0.8 / fewer) / math.log(1.25)
    little = int((1 - 1 / folds) * IN_FOLD["dev"] / sum(IN_FOLD.values()) * rows) if folds else 0

    def made(way: Way, gains: float) -> float:
        """The share of a new making, which lacks so many times what the way gains."""
        return float(np.clip(own[way.name] - gains * way.gain + rng.normal(0, luck * way.luck), 0.02, 0.98))

    for order, way in enumerate(WAYS):
        truth[way.name] = ships = made(way, 0.0 if folds else lack)
        other[way.name] = made(way, SINGLE if folds else 0.0)
        kept = data.answers(way, ships + way.choice, places == 0)
        dev = Estimate(len(kept), float(kept.mean()), 0, 1)
        devs: list[Estimate] = []
        if folds:
            tested = np.zeros(rows, int)
            for fold in range(folds):
                share = made(way, lack)
                tested[places == fold] = data.answers(way, share, places == fold)
                kept = data.answers(way, share + way.choice, places == (fold + 1) % folds)[:little]
                devs.append(Estimate(len(kept), float(kept.mean()), 0, 1))
        else:
            tested = data.answers(way, ships, places == 1)
        kind: Any = way.kind
        cost = Cost(0.0, order)
        shown.append((Contender(way.name, way.name, way.family, kind, order, dev, cost, 10.0 * order), tested, devs))
    lucky = [
        [_run(way.name, tested[places == fold]) for fold in range(folds)]
        for way, (_, tested, _) in zip(WAYS, shown, strict=True)
        if way.luck
    ]
    seen = seen_effect(lucky) if folds else Effect()
    for way, (contender, tested, devs) in zip(WAYS, shown, strict=True):
        run = replace(_run(way.name, tested, seen.whole if way.luck else 1.0), folds=folds)
        if folds:
            run = replace(run, leaning=leaning(rows, contender.dev, devs, seen) if way.luck else 0.0)
            contender = replace(contender, dev=Estimate(run.estimate.n, run.estimate.value + run.leaning, 0, 1))
        runs[way.name] = run
        contenders.append(contender)
    if not folds:
        tested_ones = {c.id for c in finalists(contenders, 0.01)}
        runs = {name: run for name, run in runs.items() if name in tested_ones}
    best, others = standing(contenders, 0.01, runs), [c for c in contenders if c.id in runs]
    wording = Wording("accuracy", 1000, folds=folds)
    verdict, _ = recommend(best, runs, ACCURACY, 0.01, None, 0, wording, None, 1.0, others)  # nothing is open: no planning
    choice = verdict.choice or verdict.provisional or ""
    assert verdict.regret is not None
    lost, near = max(truth.values()) - truth[choice], max(truth[name] for name in runs) - truth[choice]
    interval = runs[choice].estimate
    return Found(
        lost,
        max(lost, max(other.values()) - truth[choice]),
        near > verdict.regret.upper + 1e-9,
        truth[choice],
        interval.low <= truth[choice] <= interval.high,
        verdict.confidence == "proven" and lost > 0.01,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--studies", type=int, default=300, help="in each setting")
    parser.add_argument("--rows", type=int, default=130)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.studies < 1 or given.rows < 30 or given.folds < 2:
        parser.error("valid are 1 study or more, 30 rows or more, 2 folds or more")
    board = Board(given.json or Path("verdict_folds.json"))
    for luck in LUCK:
        means, eithers = [], []
        for folds in (0, given.folds):
            rng = np.random.default_rng(given.seed)
            found = [study(rng, given.rows, folds, luck) for _ in range(given.studies)]
            name = f"luck {100 * luck:.0f}, {f'{folds} folds' if folds else 'one split'}"
            means.append(board.add(f"{name}: mean regret", [100 * one.regret for one in found], None, "points", True))
            either = [100 * one.either for one in found]
            eithers.append(board.add(f"{name}: the same, of what either makes", either, None, "points", True))
            board.add(f"{name}: true value of the choice", [100 * one.truth for one in found])
            board.add(f"{name}: the choice's interval holds", [100 * one.held for one in found], 93)
            board.add(f"{name}: regret above its bound", [100 * one.above for one in found], 5, lower=True)
            board.add(f"{name}: proven wrongly", [100 * one.wrong for one in found], 5, lower=True)
        board.add(
            f"luck {100 * luck:.0f}: mean regret over folds, of that of one split", [means[1] / means[0]], 0.5, "", True
        )
        board.add(f"luck {100 * luck:.0f}: the same, of what either makes", [eithers[1] / eithers[0]], 0.5, "", True)
        if given.json:
            board.save()
    print("\n".join(line[:110].rstrip() for line in board.table().splitlines()))  # without every study's own
    return 0


if __name__ == "__main__":
    sys.exit(main())
