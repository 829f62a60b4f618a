"""Whether `crossover watch` tells drift from noise: false cries over long streams, and how soon a drop is told.

    python -m benchmarks.watch [--quick] [--streams N] [--rows N] [--json FILE] [--seed N]
    python -m benchmarks.watch --levels

Each stream has a test split of its own, drawn with the same share of right answers, as a study has. Without drift all rows
are like the test split's, and a cry at any of 5,000 rows is a false one. With drift a stream's rows are right 10 points
less often from the first row on. `--levels` computes the boundary's levels that stand in `evaluation/drift.py`.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from benchmarks.board import Board
from crossover.evaluation.drift import SHAPE, Watched, fallen
from crossover.evaluation.shapes import compared
from crossover.study.watching import ALPHA, DROP, LATE, LATER

SHARES = (0.75, 0.85, 0.9)
SIZES = (200, 300, 400)
FALL, WITHIN = 0.1, 300
ERROR, POWER = 5, 80  # %: cries without drift, at most; drops of 10 points told within 300 rows, at least
ALPHAS = (1e-1, 5e-2, 4e-2, 3e-2, 2.5e-2, 2e-2, 1e-2, 5e-3, 2.5e-3, 1e-3, 5e-4, 1e-4, 1e-5, 1e-6, 1e-7)


def watched(rng: Any, share: float, size: int, rows: int, fall: float) -> Watched:
    """One stream beside a test split of so many rows."""
    test, stream = rng.random(size) < share, rng.random(rows) < share - fall
    return fallen(test.astype(float), stream.astype(float), DROP, LATE, binary=True)


def talk(rng: Any, count: int, odd: float = 0.0) -> list[tuple[str, str]]:
    """Different inputs of 4 to 30 words, of a vocabulary as texts have it (Zipf), with one of ten answers. So many of them
    are `odd`: of the first answer, and twice as long."""
    found = []
    for _ in range(count):
        strange = rng.random() < odd
        size = int(rng.integers(4, 31)) * (2 if strange else 1)
        words = " ".join(map(_named, rng.zipf(1.3, size).clip(max=50_000)))
        found.append((f"{words} n{rng.integers(10**9)}", "a0" if strange else f"a{rng.integers(10)}"))
    return found


def _named(number: int) -> str:
    """A word in letters."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def unlabelled(rng: Any, rows: int, odd: float) -> bool:
    """Whether a stream beside 300 test rows is said to be otherwise, without labels."""
    found = compared(talk(rng, 300), talk(rng, rows, odd), True, (1 - LATER) * ALPHA, LATER * ALPHA)
    return any(how.proven for _, how in found)


def ceiling(share: float, size: int) -> float:
    """In %: how often a one-sided 5 % test of two shares finds the drop when it looks once, after all rows: a test that may
    be looked at whenever one likes cannot find more."""
    less = share - FALL
    error = math.sqrt(share * (1 - share) / size + less * (1 - less) / WITHIN)
    return 100 * float(norm.cdf(FALL / error - norm.ppf(1 - ERROR / 100)))


def chosen(rng: Any, share: float, size: int, rows: int, fall: float) -> Watched:
    """One stream of the best on test of three that are equally good, half of whose mistakes are the same rows; none of them
    is told apart, so each has a third of the error."""
    shared, bar = rng.standard_normal(size), norm.ppf(share)
    tests = [math.sqrt(0.5) * (shared + rng.standard_normal(size)) < bar for _ in range(3)]
    best = max(tests, key=lambda test: int(test.sum()))
    stream = rng.random(rows) < share - fall
    return fallen(best.astype(float), stream.astype(float), DROP / 3, LATE / 3, binary=True)


def crossing(levels: Any, step: float, first: float = 1e-5) -> Any:
    """The probability that a Brownian motion that is looked at in `step`s of log t, from `first` to 1, meets each level.

    Armitage, McPherson and Rowe (1969, JRSS A 132): the density of what has not met it is carried from look to look. B(t) /
    sqrt(t) is a stationary Ornstein-Uhlenbeck process in log t.
    """
    times, width = -np.arange(0, -math.log(first), step)[::-1], 0.02
    grid = np.arange(-8, 8 + width / 2, width)
    kept = math.exp(-step / 2)
    noise = math.sqrt(1 - kept**2)
    moved = norm.pdf((grid[None, :] - kept * grid[:, None]) / noise) / noise * width
    density = np.repeat((norm.pdf(grid) * width)[None], len(levels), 0)
    found = np.zeros(len(levels))
    for time in times:
        bound = np.asarray(levels) * math.exp(time * (SHAPE - 0.5))
        below = np.clip((bound[:, None] - (grid - width / 2)[None]) / width, 0, 1)
        found += (density * (1 - below)).sum(1)
        density = (density * below) @ moved
    return found


def levels() -> list[tuple[float, float]]:
    """The level for each of `ALPHAS`, looked at without a pause: a discrete look overshoots by the root of its step
    (Siegmund 1985, Sequential Analysis, chapter 10), so a step and a quarter of it give the limit."""
    tried = np.arange(1.6, 6.21, 0.1)
    coarse, fine = (np.interp(np.log(ALPHAS), np.log(crossing(tried, step))[::-1], tried[::-1]) for step in (0.01, 0.0025))
    return [(alpha, round(float(2 * b - a), 3)) for alpha, a, b in zip(ALPHAS, coarse, fine, strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--streams", type=int, default=500, help="of each kind")
    parser.add_argument("--rows", type=int, default=5000, help="of a stream without drift")
    parser.add_argument("--quick", action="store_true", help="60 streams of 1,000 rows")
    parser.add_argument("--levels", action="store_true", help="print the boundary's levels and stop")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.streams < 1 or given.rows < 1:
        parser.error("valid are 1 stream or more, and 1 row or more")
    if given.levels:
        print(levels())
        return 0
    streams, rows = (60, 1000) if given.quick else (given.streams, given.rows)
    board = Board(given.json or Path("watch.json"))
    for share in SHARES:
        for size in SIZES:
            rng = np.random.default_rng([given.seed, size, round(100 * share)])
            name = f"{100 * share:.0f} % right, {size} test rows"
            still = [watched(rng, share, size, rows, 0.0) for _ in range(streams)]
            board.add(f"{name}: cries without drift", [100.0 * bool(one.proven) for one in still], ERROR, lower=True)
            held = [100.0 * (one.low <= 0 <= one.high) for one in still]
            board.add(f"{name}: the interval holds at the end", held, 95)
            fell = [watched(rng, share, size, WITHIN, FALL) for _ in range(streams)]
            told = [100.0 * bool(one.proven) for one in fell]
            board.add(f"{name}: 10 points less, told within {WITHIN} rows", told, POWER)
            board.add(f"{name}: the same, of a test that looks once, after {WITHIN}", [ceiling(share, size)])
            if given.json:
                board.save()
    rng = np.random.default_rng([given.seed, 3])
    best = [100.0 * bool(chosen(rng, 0.85, 300, rows, 0.0).proven) for _ in range(streams)]
    board.add("the best of three, 85 % right, 300 test rows: cries without drift", best, ERROR, lower=True)
    best = [100.0 * bool(chosen(rng, 0.85, 300, WITHIN, FALL).proven) for _ in range(streams)]
    board.add(f"the best of three: 10 points less, told within {WITHIN} rows", best)
    rng = np.random.default_rng([given.seed, 7])
    still_talk = [100.0 * unlabelled(rng, rows, 0.0) for _ in range(streams)]
    board.add("no labels, 300 test rows: cries without drift", still_talk, ERROR, lower=True)
    other = [100.0 * unlabelled(rng, WITHIN, 0.15) for _ in range(streams)]
    board.add(f"no labels: 15 % of inputs twice as long and of one answer, told within {WITHIN} rows", other)
    if given.json:
        board.save()
    print("\n".join(line[:110].rstrip() for line in board.table().splitlines()))  # without every stream's own
    return 0


if __name__ == "__main__":
    sys.exit(main())
