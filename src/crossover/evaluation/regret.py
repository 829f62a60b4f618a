"""What choosing one of several may cost: multiple comparisons with the best (Hsu 1981, Annals of Statistics 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from crossover.evaluation.paired import interval
from crossover.evaluation.power import Joint, quantile, together
from crossover.metrics.base import Aggregate
from crossover.types import Score

DRAWS = 4_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Regret:
    """How much better the best of all is than the chosen one, as a share: `expected`, and at most `upper` (95 %).

    `quantiles`: for each candidate the normal quantile of its one-sided bound, were it the best.
    """

    expected: float
    upper: float
    quantiles: tuple[float, ...]


def regret(
    sides: Sequence[Sequence[Score | None]],
    chosen: int,
    aggregate: Aggregate,
    binary: bool,
    groups: Sequence[str | None] | None = None,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    designs: Sequence[float] = (),
) -> Regret:
    """The regret of choosing `sides[chosen]`, however it was chosen among them.

    Were candidate b the best, all differences b - j would be below their upper bounds at once with 95 % (`confidence`), if
    each is taken
    at the quantile of the largest standardised error of them all. So the largest of the bounds b - chosen holds the regret,
    whichever is the best, and whichever was chosen for whatever reason. The quantile is that of draws from the posterior of
    all candidates together (a Bayesian bootstrap), never above Bonferroni's; the bounds are those of `paired.compare`.
    `expected` is the mean over those draws. `designs`: each side's design effect (`types.Run`), where not all are 1; of
    two the larger counts, and the largest for what is said of all together. Where no item is answered by all, nothing is
    known: 1.
    """
    others = [i for i in range(len(sides)) if i != chosen]
    if not others:
        return Regret(0.0, 0.0, (quantile(confidence),))
    joint = together(sides, aggregate, binary, groups, seed, max(designs, default=1.0))
    strictest = quantile(1 - (1 - confidence) / len(others))
    if joint is None:
        return Regret(1.0, 1.0, (strictest,) * len(sides))
    expected, quantiles = _drawn(joint, chosen, strictest, seed, confidence)
    upper = 0.0
    for i in others:
        sure = 2 * NormalDist().cdf(quantiles[i]) - 1
        design = max(designs[i], designs[chosen]) if designs else 1.0
        _, high = interval(sides[i], sides[chosen], aggregate, binary, groups, seed, sure, design)
        upper = max(upper, high)
    return Regret(min(expected, upper), upper, quantiles)


def may_be_best(
    sides: Sequence[Sequence[Score | None]],
    quantiles: Sequence[float],
    aggregate: Aggregate,
    binary: bool,
    groups: Sequence[str | None] | None = None,
    seed: int = 0,
    designs: Sequence[float] = (),
) -> tuple[bool, ...]:
    """Which sides may be the best: the true best is among them with the confidence of `quantiles` (those of `Regret`).

    Were j the best, all differences j - i would be at least 0, and below their upper bounds at once; so whoever has such
    a bound below 0 is not the best (subset selection: Gupta 1965, Technometrics 7).
    """
    effects = designs or (1.0,) * len(sides)

    def lost(j: int, i: int) -> bool:
        sure = 2 * NormalDist().cdf(quantiles[j]) - 1
        ahead = interval(sides[j], sides[i], aggregate, binary, groups, seed, sure, max(effects[i], effects[j]))
        return ahead[1] < 0

    left = tuple(not any(lost(j, i) for i in range(len(sides)) if i != j) for j in range(len(sides)))
    return left if any(left) else (True,) * len(sides)  # where calls failed, pairs are of other items and may contradict


def _drawn(joint: Joint, chosen: int, strictest: float, seed: int, confidence: float) -> tuple[float, tuple[float, ...]]:
    """The expected regret, and the quantile of each candidate."""
    import numpy as np

    draws = joint.values(joint.truths(DRAWS, np.random.default_rng([seed, 4])))
    expected = float((draws.max(axis=1) - draws[:, chosen]).mean())
    quantiles = []
    for best in range(draws.shape[1]):
        errors = draws[:, [best]] - np.delete(draws, best, axis=1)
        errors -= errors.mean(axis=0)
        spread = errors.std(axis=0)
        standard = np.divide(errors, spread, out=np.zeros_like(errors), where=spread > 0)
        found = float(np.quantile(standard.max(axis=1), confidence))
        quantiles.append(min(max(found, quantile(confidence)), strictest))
    return expected, tuple(quantiles)
