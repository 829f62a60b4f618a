"""Which rule should choose among what is proven, and among what is not: rules side by side on simulated studies.

    python -m benchmarks.verdict_rules [--studies N] [--seed N] [--json FILE]

Four champions, right or wrong as in `benchmarks/verdict.py`; a truth is the chance of each pattern of who is right, so that
thousands of studies are one draw of a multinomial. Costs: prompt 10, weights 20, hybrid 40. Three parts:

- side: both ways to tune are 12 points better than the prompt, and the hybrid so many points better than the weights;
- any: the trained ones are near the prompt, so that little is proven and the choice is by the estimates;
- prompts: four prompts tried on dev; the dev choice of each of three rungs, and the choice among them.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.board import Board
from benchmarks.verdict import COSTS, RHO, Truth, answers, difficulty
from crossover.decision.needed import standing_of
from crossover.decision.rule import SIDE, blocked, likely
from crossover.evaluation.power import _SharedStudies
from crossover.types import Family

ORDER: tuple[Family, ...] = ("control", "prompt", "weights", "hybrid")
NONE = -1
COST = np.array([COSTS[family] for family in ORDER])
SIZES, GAPS = (78, 150, 400), (-4, -2, -1, 0, 1, 2, 4)
MARGIN, TOLERANCE = 0.01, 0.03
PATTERNS = np.arange(16)[:, None] >> np.arange(4) & 1
Rule = Callable[[Any, Any, Any], Any]  # wins, free, values -> the index of each study's choice among the free ones


def studies_of(rng: Any, shares: Truth, n: int, count: int) -> _SharedStudies:
    base = difficulty(rng, 200_000)
    right = np.stack([answers(rng, base, RHO, shares[family]) for family in ORDER], axis=1)
    chances = np.bincount(right @ (1 << np.arange(4)), minlength=16) / len(right)
    return _SharedStudies(rng.multinomial(n, chances, count), PATTERNS, n)


def significant(wins: Any, free: Any, values: Any) -> Any:
    """The cheaper, unless the dearer of its side is significantly better."""
    best = np.full(len(free), NONE)
    rows = np.arange(len(free))
    for i, family in enumerate(ORDER):
        own = np.array([SIDE[family] == SIDE[other] for other in ORDER])
        better = (best != NONE) & own[best] & wins[rows, i, best]
        best[free[:, i] & ((best == NONE) | better)] = i
    return best


def near(distance: float) -> Rule:
    """The cheapest within `distance` of the best estimate of its side: of that of the cheapest one that is free."""

    def rule(wins: Any, free: Any, values: Any) -> Any:
        first = significant(wins & False, free, values)
        sides = np.array([SIDE[family] for family in ORDER])
        among = free & (sides[None] == sides[np.maximum(first, 0)][:, None])
        found = likely(np.where(among, values, -1.0), distance)
        return np.where(first == NONE, NONE, found)

    return rule


RULES: dict[str, Rule] = {
    "significant": significant,
    "within tolerance": near(TOLERANCE),
    "within 2": near(0.02),
    "within margin": near(MARGIN),
    "best estimate": near(0.0),
}
CHOICES = {"within tolerance": TOLERANCE, "within 2": 0.02, "within margin": MARGIN, "best estimate": 0.0}


def side(rng: Any, count: int, board: Board) -> None:
    """Among what is proven."""
    total: dict[tuple[int, str], list[float]] = {}
    for n, gap in itertools.product(SIZES, GAPS):
        truth: Truth = {"control": 0.4, "prompt": 0.72, "weights": 0.84, "hybrid": 0.84 + gap / 100}
        studies = studies_of(rng, truth, n, count)
        wins, within = standing_of(studies, 4, MARGIN)
        free = np.stack([~blocked(wins, within, ORDER, i).any(axis=1) for i in range(4)], axis=1)
        worth, values = np.array([truth[family] for family in ORDER]), studies.values()
        for name, rule in RULES.items():
            found = rule(wins, free, values)
            proven = found != NONE
            took = found[proven]
            lost = 100 * (worth.max() - worth[took])
            wrong = np.array([SIDE[ORDER[i]] != "trained" for i in took])
            total.setdefault((n, name), []).append(float(lost.mean()))
            text = f"side, {n} items, hybrid {gap:+d}, {name}"
            board.add(f"{text}: regret", [float(lost.mean())], None, "points", True)
            board.add(f"{text}: wrong side", [100 * float(wrong.mean())], None, lower=True)
            board.add(f"{text}: cost", [float(COST[took].mean())], None, "", True)
        board.add(f"side, {n} items, hybrid {gap:+d}: proven", [100 * float(proven.mean())])
    for (n, name), found in total.items():
        board.add(f"side, {n} items, all gaps, {name}: mean regret", [float(np.mean(found))], None, "points", True)
        board.add(f"side, {n} items, all gaps, {name}: worst mean", [max(found)], None, "points", True)


def anyone(rng: Any, count: int, board: Board) -> None:
    """Among what is not proven: the cheapest near the best estimate of all."""
    total: dict[tuple[int, str], list[Any]] = {}
    for n, weights, hybrid in itertools.product(SIZES, (-4, -2, 0, 2, 4), (-4, -2, 0, 2, 4)):
        truth: Truth = {"control": 0.4, "prompt": 0.8, "weights": 0.8 + weights / 100, "hybrid": 0.8 + hybrid / 100}
        studies = studies_of(rng, truth, n, count // 4)
        wins, within = standing_of(studies, 4, MARGIN)
        free = np.stack([~blocked(wins, within, ORDER, i).any(axis=1) for i in range(4)], axis=1)
        left = ~free.any(axis=1)
        worth, values = np.array([truth[family] for family in ORDER]), studies.values()[left]
        for name, distance in CHOICES.items():
            took = likely(values, distance)
            trained = np.array([SIDE[ORDER[i]] == "trained" for i in range(4)])
            best = trained[int(worth.argmax())]
            lost = 100 * (worth.max() - worth[took])
            total.setdefault((n, name), []).append((lost, trained[took] != best, COST[took]))
    for (n, name), found in total.items():
        lost, wrong, cost = (np.concatenate([one[i] for one in found]) for i in range(3))
        text = f"any, {n} items, {name}"
        board.add(f"{text}: regret", [float(lost.mean())], None, "points", True)
        board.add(f"{text}: worst mean", [max(float(one[0].mean()) for one in found)], None, "points", True)
        board.add(f"{text}: wrong side", [100 * float(wrong.mean())], None, lower=True)
        board.add(f"{text}: cost", [float(cost.mean())], None, "", True)


def prompts(rng: Any, count: int, board: Board) -> None:
    """Four prompts of three rungs, `spread` points apart: the choice by dev, by test of the three that met it, by both."""
    for n, spread in itertools.product(SIZES, (1, 3, 6)):
        lost: dict[str, list[float]] = {}
        for _ in range(max(count // 10, 1)):
            worth = np.clip(0.8 + spread / 100 * rng.standard_normal(4), 0.3, 0.97)
            dev, test = difficulty(rng, n), difficulty(rng, n)
            on_dev = np.array([answers(rng, dev, RHO, share).mean() for share in worth])
            on_test = np.array([answers(rng, test, RHO, share).mean() for share in worth])
            rungs = [0, 1, 2 if likely(on_dev[None, 2:], MARGIN)[0] == 0 else 3]
            top = worth[rungs].max()
            picked = {
                "dev": int(likely(on_dev[None], MARGIN)[0]),
                "test": rungs[int(likely(on_test[None, rungs], MARGIN)[0])],
                "dev and test": rungs[int(likely((on_dev + on_test)[None, rungs] / 2, MARGIN)[0])],
            }
            picked["dev, unless test's leads by 3"] = picked["dev"]
            if on_test[picked["test"]] > on_test[picked["dev"]] + TOLERANCE:
                picked["dev, unless test's leads by 3"] = picked["test"]
            for name, one in picked.items():
                lost.setdefault(name, []).append(100 * max(top - worth[one], 0.0))
        for name, values in lost.items():
            text = f"prompts, {n} dev and {n} test items, {spread} points apart, by {name}: regret among the tested"
            board.add(text, [float(np.mean(values))], None, "points", True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--studies", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.studies < 1:
        parser.error(f"--studies is {given.studies}; valid is 1 or more")
    board = Board(given.json or Path("verdict_rules.json"))
    for part in (side, anyone, prompts):
        part(np.random.default_rng(given.seed), given.studies, board)
    if given.json:
        board.save()
    print(board.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
