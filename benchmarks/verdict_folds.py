"""Whether cross-fitted verdicts keep their promises: simulated studies of few rows, whose candidates are made with luck.

    python -m benchmarks.verdict_folds [--studies N] [--rows N] [--folds K] [--json FILE] [--seed N]

Eight rungs, as a ladder has them: what a rung makes of more rows is better, by its own slope, and has luck, which is drawn
for each making. One split makes candidates of 60 % of the rows, chooses on 20 % and tests on 20 %; over folds all rows test
what is made of 64 %, and what ships is made of 80 %. Truths are those of what ships.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from benchmarks.board import Board
from benchmarks.verdict import ACCURACY, record
from crossover.decision.contenders import Contender, finalists, standing
from crossover.decision.costs import Cost
from crossover.decision.recommend import recommend
from crossover.decision.wording import Wording
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.design import refit_effect
from crossover.study.crossfit import leaning
from crossover.types import Estimate, Family, Run

NORMAL = NormalDist()
SHARED, OWN, MAKING = 0.5, 0.35, 0.15  # of what decides an answer: the row's difficulty, the rung's, and that of one making
SPREAD = 0.05  # of a rung's mean over tasks
LUCK = (0.0, 0.02, 0.04)  # of a tuned rung's making: its standard deviation


@dataclass(frozen=True)
class Way:
    """A rung: its share of right answers with 80 % of the rows, what it gains from 64 to 80 % of them, its luck beside that
    of a tuned rung, and how much too good dev is, as it chooses on it."""

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


def study(rng: Any, rows: int, folds: int, luck: float) -> Found:
    """One study; `folds` 0 is one split."""
    own = {way.name: way.mean + (rng.normal(0, SPREAD) if way.mean > 0.2 else 0.0) for way in WAYS}
    data, places = Rows(rng, rows), np.arange(rows) % (folds or 5)
    runs, contenders, truth = {}, [], {}

    def made(way: Way, gains: float) -> float:
        """The share of a new making, which lacks so many times what the way gains up to 80 % of the rows."""
        return float(np.clip(own[way.name] - gains * way.gain + rng.normal(0, luck * way.luck), 0.02, 0.98))

    for order, way in enumerate(WAYS):
        truth[way.name] = ships = made(way, 0.0 if folds else 1.2)
        kept = data.answers(way, ships + way.choice, places == 0)
        dev, moved, design = Estimate(len(kept), float(kept.mean()), 0, 1), 0.0, 1.0
        if folds:
            tested = np.zeros(rows, int)
            devs = []
            for fold in range(folds):
                share = made(way, 1.0)
                tested[places == fold] = data.answers(way, share, places == fold)
                kept = data.answers(way, share + way.choice, places == (fold + 1) % folds)[: int(0.16 * rows)]
                devs.append(Estimate(len(kept), float(kept.mean()), 0, 1))
            if way.luck:
                moved, design = leaning(rows, dev, devs), refit_effect(folds)
        else:
            tested = data.answers(way, ships, places == 1)
        records = tuple(record(i, float(value)) for i, value in enumerate(tested))
        value = estimate([r.score for r in records], "mean", True, design=design)
        runs[way.name] = Run(way.name, "test", "accuracy", records, value, folds=folds, design=design, leaning=moved)
        if folds:
            dev = Estimate(value.n, value.value + moved, 0, 1)
        kind: Any = way.kind
        contenders.append(Contender(way.name, way.name, way.family, kind, order, dev, Cost(0.0, order), 10.0 * order))
    if not folds:
        tested_ones = {c.id for c in finalists(contenders, 0.01)}
        runs = {name: run for name, run in runs.items() if name in tested_ones}
    best, others = standing(contenders, 0.01, runs), [c for c in contenders if c.id in runs]
    wording = Wording("accuracy", 1000, folds=folds)
    verdict, _ = recommend(best, runs, ACCURACY, 0.01, None, 0, wording, None, 1.0, others)  # nothing is open: no planning
    choice = verdict.choice or verdict.provisional or ""
    assert verdict.regret is not None
    lost, seen = max(truth.values()) - truth[choice], max(truth[name] for name in runs) - truth[choice]
    interval = runs[choice].estimate
    return Found(
        lost,
        seen > verdict.regret.upper + 1e-9,
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
        means = []
        for folds in (0, given.folds):
            rng = np.random.default_rng(given.seed)
            found = [study(rng, given.rows, folds, luck) for _ in range(given.studies)]
            name = f"luck {100 * luck:.0f}, {f'{folds} folds' if folds else 'one split'}"
            means.append(board.add(f"{name}: mean regret", [100 * one.regret for one in found], None, "points", True))
            board.add(f"{name}: true value of the choice", [100 * one.truth for one in found])
            board.add(f"{name}: the choice's interval holds", [100 * one.held for one in found], 93)
            board.add(f"{name}: regret above its bound", [100 * one.above for one in found], 5, lower=True)
            board.add(f"{name}: proven wrongly", [100 * one.wrong for one in found], 5, lower=True)
        board.add(
            f"luck {100 * luck:.0f}: mean regret over folds, of that of one split", [means[1] / means[0]], 0.5, "", True
        )
        if given.json:
            board.save()
    print("\n".join(line[:110].rstrip() for line in board.table().splitlines()))  # without every study's own
    return 0


if __name__ == "__main__":
    sys.exit(main())
