"""A learning curve: what was measured at several numbers of labels, and what that says of other numbers, with its doubt.

A curve is one of three laws (`laws`) plus a smooth departure from it, since no law is quite true (Kennedy & O'Hagan 2001,
JRSS B 63: a Gaussian process, Matern 3/2, over the octaves of the labels). Its parameters, its law and the size of the
departure are averaged over by `particles`. So a forecast is drawn back to what was measured last, and its interval widens
with the octaves that it reaches beyond the data.

Noise: runs of one size differ by their seeds (rows drawn, order, initial weights) and by the binomial noise of the items;
one variance, shrunk towards that of the whole curve, which is shrunk towards the binomial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median_low
from typing import TYPE_CHECKING, Literal

from crossover.evaluation.laws import LAWS, PARAMETERS, angle, expected, share, tailed
from crossover.evaluation.particles import posterior

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REACH = 4  # times the largest size: as far as forecasts were checked on curves that others measured (benchmarks/LOG.md)
DRAWS = 2000
DEPARTURE = (math.log(0.04), 0.4)  # of the log of the departure's deviation as an angle: 0.04 is 3.2 points at 80 %
LENGTH = 1.0  # octaves over which a departure lasts
SEED_NOISE = 1.5  # the variance of a run beforehand, in binomial variances of its items
WORTH = 10  # runs that the belief beforehand is worth, and the whole curve's noise at each of its sizes
SHARED = 0.5  # of an item's noise is the item's own difficulty: the same at every size and seed


@dataclass(frozen=True)
class Point:
    """One run: the share `value` that it reached with `labels` labels on `items` items. `seed` names the run."""

    labels: int
    value: float
    items: int
    seed: int = 0


@dataclass(frozen=True)
class Estimate:
    """A value (the median of what is believed) and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Curve:
    """A fitted curve. `sizes` are the label counts measured, ascending; `values` the mean share at each.

    `beliefs` (draws x parameters) and `model` (draws) are equally weighted draws of the laws' parameters.
    """

    points: tuple[Point, ...]
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    noise: NDArray[np.float64]
    run_noise: float
    model: NDArray[np.int_]
    beliefs: NDArray[np.float64]

    @cached_property
    def reach(self) -> int:
        """The largest number of labels that may be asked about: of a curve that falls the largest measured, as no law can
        say how it goes on."""
        return self.sizes[-1] * (1 if self.falls() else REACH)

    @property
    def seeds(self) -> int:
        """How many seeds were run at most sizes (the lower median): one size may have been measured once."""
        return median_low([len({p.seed for p in self.points if p.labels == n}) for n in self.sizes])

    def rises(self) -> bool:
        """Whether the runs' values grow with the labels: Kendall's tau over all runs, one-sided, p < 0.05.

        No law is asked, since all of them rise.
        """
        return self._goes("greater")

    def falls(self) -> bool:
        """Whether they get lower with more labels, by the same test."""
        return self._goes("less")

    def _goes(self, way: Literal["greater", "less"]) -> bool:
        from scipy.stats import kendalltau

        if len(set(self.values)) < 2:
            return False
        p = kendalltau([p.labels for p in self.points], [p.value for p in self.points], alternative=way).pvalue
        return bool(p < 0.05)

    def at(self, labels: float, runs: int | None = None, same_items: bool = False) -> Estimate:
        """The share with `labels` labels: the curve itself, or what `runs` new runs there will average.

        Of items like those measured, or with `same_items` of the very same. Raises `ValueError` beyond `reach`.
        """
        draws = self.paths([labels], runs, same_items)[:, 0]
        return summary(draws)

    def paths(
        self, labels: Sequence[float], runs: int | None = None, same_items: bool = False, stream: int = 0
    ) -> NDArray[np.float64]:
        """Whole curves as they may truly be: shares (draws x labels). Arguments as in `at`.

        Two curves that are compared need a `stream` of their own each, or their draws would err alike.
        """
        import numpy as np

        if min(labels) < 1 or max(labels) > self.reach:
            raise ValueError(f"labels must lie between 1 and {self.reach:,}, not {min(labels):g} to {max(labels):g}")
        random = np.random.default_rng((1, stream))
        measured = np.log2(np.array(self.sizes, dtype=float))
        asked = np.log2(np.array(labels, dtype=float))
        octaves, place = np.unique(np.concatenate([measured, asked]), return_inverse=True)
        law = _laws(self.model, self.beliefs, octaves)[:, place]
        size = _deviation(self.beliefs)
        root = np.linalg.cholesky(_kernel(octaves, octaves) + 1e-8 * np.eye(len(octaves)))
        departure = size * (random.standard_normal((len(law), len(octaves))) @ root.T)[:, place]
        # Matheron's rule: a draw of the departure, corrected by what it leaves of the data
        m = len(measured)
        left = angle(np.array(self.values)) - law[:, :m] - departure[:, :m]
        left -= random.standard_normal(left.shape) * np.sqrt(self.noise)
        strength, basis = _basis(measured, self.noise)
        solved = (left @ basis / (size**2 * strength + 1)) @ basis.T
        found = law[:, m:] + departure[:, m:] + size**2 * (solved @ _kernel(measured, asked))
        if runs is not None:
            found += random.standard_normal(found.shape) * math.sqrt(self.run_noise / runs)
        if not same_items:
            found += random.standard_normal((len(found), 1)) * math.sqrt(SHARED / (4 * max(p.items for p in self.points)))
        return share(found)


def summary(draws: NDArray[np.float64]) -> Estimate:
    """The median of `draws` and what 95 % of them lie between."""
    import numpy as np

    low, value, high = np.quantile(draws, [0.025, 0.5, 0.975])
    return Estimate(float(value), float(low), float(high))


def fit(points: Sequence[Point], seed: int = 0, draws: int = DRAWS) -> Curve:
    """The curve through `points`, of at least one size; the same points and `seed` give the same curve.

    Raises `ValueError` without points, for fewer than one label or item, or a value outside [0, 1].
    """
    import numpy as np

    if not points:
        raise ValueError("a curve needs at least one point")
    for point in points:
        if point.labels < 1 or point.items < 1 or not 0 <= point.value <= 1:
            raise ValueError(f"a point needs labels and items from 1 on and a value between 0 and 1, not {point}")
    sizes = sorted({p.labels for p in points})
    groups = [[p for p in points if p.labels == n] for n in sizes]
    values = [math.fsum(p.value for p in group) / len(group) for group in groups]
    noise, run_noise = _noise(groups)
    measured = np.log2(np.array(sizes, dtype=float))
    found = angle(np.array(values))
    strength, basis = _basis(measured, noise)

    def likelihood(model: NDArray[np.int_], beliefs: NDArray[np.float64]) -> NDArray[np.float64]:
        variance = _deviation(beliefs) ** 2 * strength + 1
        left = (found - _laws(model, beliefs, measured)) @ basis
        logs: NDArray[np.float64] = -(left**2 / variance + np.log(variance)).sum(1) / 2
        return logs

    model, beliefs = posterior(likelihood, len(LAWS), PARAMETERS + 1, draws, seed)
    return Curve(tuple(points), tuple(sizes), tuple(values), noise, run_noise, model, beliefs)


def _laws(model: NDArray[np.int_], beliefs: NDArray[np.float64], octaves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each draw's law as angles (draws x sizes)."""
    import numpy as np

    found = np.empty((len(beliefs), len(octaves)))
    for index, law in enumerate(LAWS):
        own = model == index
        found[own] = angle(expected(law, beliefs[own], octaves))
    return found


def _deviation(beliefs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The deviation of each draw's departure from its law (draws x 1), an angle."""
    import numpy as np

    found: NDArray[np.float64] = np.exp(DEPARTURE[0] + DEPARTURE[1] * tailed(beliefs[:, PARAMETERS:]))
    return found


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The correlation of departures at octaves `a` and `b`: Matern 3/2."""
    import numpy as np

    away = math.sqrt(3) * abs(a[:, None] - b[None]) / LENGTH
    found: NDArray[np.float64] = (1 + away) * np.exp(-away)
    return found


def _basis(measured: NDArray[np.float64], noise: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`strength`, `basis`: (s^2 departures + noise)^-1 = basis diag(1 / (s^2 strength + 1)) basis^T for every s."""
    import numpy as np

    scale = 1 / np.sqrt(noise)
    strength, vectors = np.linalg.eigh(scale[:, None] * _kernel(measured, measured) * scale[None])
    return np.maximum(strength, 0), scale[:, None] * vectors


def _noise(groups: Sequence[Sequence[Point]]) -> tuple[NDArray[np.float64], float]:
    """The variance of each size's mean as an angle, and that of one run."""
    import numpy as np

    squares, freedom, binomial, distinct = [], [], [], []
    for group in groups:
        angles = angle(np.array([p.value for p in group]))
        squares.append(float(((angles - angles.mean()) ** 2).sum()))
        # equal runs are one run: what a deterministic method repeats is not measured again
        distinct.append(len({round(p.value, 9) for p in group}))
        freedom.append(min(len(group), distinct[-1]) - 1)
        binomial.append(float(np.mean([1 / (4 * p.items) for p in group])))
    ratios = [(s / b + WORTH * SEED_NOISE) / (f + WORTH) for s, f, b in zip(squares, freedom, binomial, strict=True)]
    # the geometric mean: one failed run must not blur all sizes
    ratio = float(np.exp(np.average(np.log(ratios), weights=np.array(freedom) + 1)))
    run = [(s + WORTH * ratio * b) / (f + WORTH) for s, f, b in zip(squares, freedom, binomial, strict=True)]
    return np.array([v / d for v, d in zip(run, distinct, strict=True)]), ratio * binomial[-1]
