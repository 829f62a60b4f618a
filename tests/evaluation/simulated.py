"""Learning curves with a known truth: binomial items, seeds that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from crossover.evaluation.curve import Point

SIZES = (25, 50, 100, 200, 400)


def rectified(floor: float, ceiling: float, bend: float, exponent: float) -> Callable[[float], float]:
    return lambda n: ceiling - (ceiling - floor) / (1 + (n / bend) ** exponent)


def power(floor: float, ceiling: float, bend: float, exponent: float) -> Callable[[float], float]:
    return lambda n: ceiling - (ceiling - floor) * (1 + n / bend) ** -exponent


def stretched(floor: float, ceiling: float, bend: float, exponent: float) -> Callable[[float], float]:
    return lambda n: float(ceiling - (ceiling - floor) * np.exp(-((n / bend) ** exponent)))


def runs(
    truth: Callable[[float], float],
    sizes: Sequence[int] = SIZES,
    seeds: int = 3,
    items: int = 400,
    luck: float = 0.01,
    seed: int = 0,
) -> list[Point]:
    """`seeds` runs a size of `items` items each; a run's true share is off by `luck` (a standard deviation)."""
    random = np.random.default_rng(seed)
    found = []
    for labels in sizes:
        for run in range(seeds):
            share = float(np.clip(truth(labels) + luck * random.standard_normal(), 0, 1))
            found.append(Point(labels, int(random.binomial(items, share)) / items, items, run))
    return found


def exactly(truth: Callable[[float], float], sizes: Sequence[int] = SIZES, items: int = 100_000) -> list[Point]:
    return [Point(n, truth(n), items, run) for n in sizes for run in range(2)]
