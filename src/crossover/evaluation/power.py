"""What several candidates' scores on the same items say together, and what further studies of that truth would look like.

A candidate's true value is not known, so a plan averages over what it may be (assurance: O'Hagan, Stevens and Campbell
2005, Pharmaceutical Statistics 4), instead of taking the difference that was seen for the true one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Protocol

from crossover.evaluation.intervals import tango_statistic
from crossover.evaluation.paired import RESAMPLES
from crossover.evaluation.tally import FEW, per_unit, resampled, tally, total, units
from crossover.metrics.base import Aggregate
from crossover.types import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

MOST = 1_000_000_000
POWER = 0.8
USUAL = 0.02  # a usual difference between two ways
OVERSAMPLED = 10


class Studies(Protocol):
    """Simulated studies with one test split each. All arrays have the shape (studies,)."""

    def values(self) -> Floats:
        """The candidates' values; shape (studies, candidates)."""
        ...

    def p(self, i: int, j: int) -> Floats:
        """The two-sided p that candidates i and j are equal."""
        ...

    def within(self, i: int, j: int, limit: float, quantile: float) -> Bools:
        """Whether the one-sided upper bound of i minus j, at this normal quantile, is at most `limit`."""
        ...


class Joint(Protocol):
    """The candidates' scores together. `items`: how many they are."""

    @property
    def items(self) -> int: ...

    def truths(self, draws: int, rng: np.random.Generator) -> Any:
        """Draws from what the truth may be; what they are is the implementation's own."""
        ...

    def values(self, truths: Any) -> Floats:
        """The candidates' true values; shape (draws, candidates)."""
        ...

    def studies(self, truths: Any, items: int, rng: np.random.Generator) -> Studies:
        """For each truth a study with so many test items."""
        ...


def together(
    sides: Sequence[Sequence[Score | None]],
    aggregate: Aggregate,
    binary: bool,
    groups: Sequence[str | None] | None = None,
    seed: int = 0,
    design: float = 1.0,
) -> Joint | None:
    """The scores of several candidates on the same items, of those that all answered; None where there are none.

    `design`: the design effect, by which items count for less (`types.Run`), also those of further studies.
    """
    import numpy as np

    named = [None] * len(sides[0]) if groups is None else list(groups)
    kept = [i for i in range(len(named)) if all(side[i] is not None for side in sides)]
    if not kept:
        return None
    scores = [[score for i in kept if (score := side[i]) is not None] for side in sides]
    unit = units([named[i] for i in kept], len(kept))
    count = max(unit) + 1
    if binary and aggregate == "mean" and count == len(kept):
        return Shares(np.array([[score.value > 0.5 for score in side] for side in scores]).T, design)
    sums = tally(scores, aggregate, unit)
    means = np.array([total(aggregate, side) for side in sums])
    draws = np.stack(resampled(aggregate, sums, RESAMPLES, seed), axis=1)
    alone = np.stack([per_unit(aggregate, side) for side in sums])
    differ = [int((abs(a - b) > 1e-9).sum()) for a, b in itertools.combinations(alone, 2)]
    # What differs nowhere may differ elsewhere: a unit's worth of doubt for each pair.
    doubt = np.diag(np.full(len(sides), 0.5 / (count + 2))) if min(differ, default=FEW) < FEW else 0.0
    covariance = np.atleast_2d(np.cov(draws, rowvar=False)) * (len(kept) * design) + doubt
    return Graded(len(kept), count, means, covariance)


@dataclass(frozen=True)
class Shares:
    """Right or wrong on independent items: how often each pattern of who is right occurs (a multinomial).

    The prior is Dirichlet with 2 / patterns for each pattern: half an item for each way in which a pair can differ
    (Jeffreys). `right`: shape (items, candidates).
    """

    right: Bools
    design: float = 1.0

    @property
    def items(self) -> int:
        return len(self.right)

    def truths(self, draws: int, rng: np.random.Generator) -> Floats:
        import numpy as np

        count = self.right.shape[1]
        seen = np.bincount(self.right @ (1 << np.arange(count)), minlength=1 << count)
        return rng.dirichlet(seen / self.design + 2.0 / len(seen), draws)

    def values(self, truths: Floats) -> Floats:
        found: Floats = truths @ self._patterns()
        return found

    def studies(self, truths: Floats, items: int, rng: np.random.Generator) -> Studies:
        worth = max(1, round(items / self.design))
        return _SharedStudies(rng.multinomial(worth, truths), self._patterns(), worth)

    def _patterns(self) -> NDArray[np.int64]:
        """Shape (patterns, candidates): 1 where the candidate is right."""
        import numpy as np

        count = self.right.shape[1]
        return np.arange(1 << count)[:, None] >> np.arange(count) & 1


@dataclass(frozen=True)
class _SharedStudies:
    counts: NDArray[np.int64]
    patterns: NDArray[np.int64]
    items: int

    def values(self) -> Floats:
        found: Floats = self.counts @ self.patterns / self.items
        return found

    def p(self, i: int, j: int) -> Floats:
        import numpy as np
        from scipy.special import bdtr

        first, second = self._alone(i, j)
        few, both = np.minimum(first, second), first + second
        return np.where(both > 0, np.minimum(1.0, 2 * bdtr(few, np.maximum(both, 1), 0.5)), 1.0)

    def within(self, i: int, j: int, limit: float, quantile: float) -> Bools:
        return tango_statistic(*self._alone(i, j), self.items, limit) <= -quantile

    def _alone(self, i: int, j: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often only i is right, and only j."""
        differ = self.patterns[:, i] - self.patterns[:, j]
        return self.counts @ (differ > 0), self.counts @ (differ < 0)


@dataclass(frozen=True)
class Graded:
    """Any other scores: normal, with the covariance of one item; what it may be is a t distribution over the units."""

    items: int
    units: int
    means: Floats
    covariance: Floats  # of one item

    def truths(self, draws: int, rng: np.random.Generator) -> Floats:
        import numpy as np

        freedom = max(self.units - 1, 1)
        scale = np.sqrt(freedom / rng.chisquare(freedom, draws) / self.items)
        return self.means + scale[:, None] * self._noise(draws, rng)

    def values(self, truths: Floats) -> Floats:
        return truths

    def studies(self, truths: Floats, items: int, rng: np.random.Generator) -> Studies:
        return _GradedStudies(truths + self._noise(len(truths), rng) / math.sqrt(items), self.covariance / items)

    def _noise(self, draws: int, rng: np.random.Generator) -> Floats:
        import numpy as np

        return rng.multivariate_normal(np.zeros(len(self.means)), self.covariance, draws, check_valid="ignore")


@dataclass(frozen=True)
class _GradedStudies:
    found: Floats
    covariance: Floats  # of the values

    def values(self) -> Floats:
        return self.found

    def p(self, i: int, j: int) -> Floats:
        from scipy.special import ndtr

        difference, error = self._difference(i, j)
        found: Floats = 2 * ndtr(-abs(difference) / error)
        return found

    def within(self, i: int, j: int, limit: float, quantile: float) -> Bools:
        difference, error = self._difference(i, j)
        found: Bools = difference + quantile * error <= limit
        return found

    def _difference(self, i: int, j: int) -> tuple[Floats, float]:
        c = self.covariance
        return self.found[:, i] - self.found[:, j], math.sqrt(max(c[i, i] + c[j, j] - 2 * c[i, j], 1e-18))


def needed_items(difference: float, discordance: float, alpha: float, power: float = 0.8) -> int:
    """Pairs for the two-sided McNemar test to find a difference of two paired shares with probability `power`.

    Connor (1987, Biometrics 43), plus 1 / |difference| because the test is exact. `discordance`: the share
    of pairs in which one side alone is right, at least |difference|. Raises `ValueError` when `difference` is 0.
    """
    if difference == 0:
        raise ValueError("no number of items tells a difference of 0")
    d, share = abs(difference), max(discordance, abs(difference))
    reach = quantile(1 - alpha / 2) * math.sqrt(share) + quantile(power) * math.sqrt(share - d * d)
    return math.ceil(min(reach * reach / (d * d) + 1 / d, MOST))


def smallest_difference(items: int, alpha: float, discordance: float, power: float = 0.8) -> float | None:
    """The least difference of two paired shares that `needed_items` says `items` pairs find; None where they find none.

    `discordance`: as there; a difference above it is all of it. To a thousandth.
    """
    found = (d / 1000 for d in range(1, 1001) if needed_items(d / 1000, discordance, alpha, power) <= items)
    return next(found, None)


def items_for(
    joint: Joint, settled: Callable[[Studies], Bools], seed: int = 0, power: float = POWER, draws: int = 1000
) -> int | None:
    """The test items with which a study is `settled` with probability `power`, averaged over what the truth may be.

    Always more than there are, rounded up to two digits; None where even a billion are not enough. The same draws serve
    every number, so that the search is not led astray by chance.
    """
    import numpy as np

    truths = _plausible(joint, draws, np.random.default_rng([seed, 2]))

    def enough(items: int) -> bool:
        found = settled(joint.studies(truths, items, np.random.default_rng([seed, 3])))
        return bool(found.mean() >= power)

    low, high = joint.items, joint.items + 1
    while not enough(high):
        if high >= MOST:
            return None
        low, high = high, min(2 * high, MOST)
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return max(joint.items + 1, _two_digits(high))


def _plausible(joint: Joint, draws: int, rng: np.random.Generator) -> Any:
    """Draws from what the truth may be, given too that most ways are within a few points of one another.

    What few items show is mostly noise, and a plan that believes in gaps that wide would name too few. So draws are taken
    again by a Cauchy density of scale `USUAL` around the middle candidate (sampling importance resampling: Rubin 1988); its
    tails leave wide gaps alone that many items have shown.
    """
    import numpy as np

    truths = joint.truths(OVERSAMPLED * draws, rng)
    values = joint.values(truths)
    apart = values - np.median(values, axis=1, keepdims=True)
    weights = np.prod(1 / (1 + (apart / USUAL) ** 2), axis=1)
    return truths[rng.choice(len(weights), draws, p=weights / weights.sum())]


def _two_digits(items: int) -> int:
    step = int(10 ** max(0, len(str(items)) - 2))
    return -(-items // step) * step


def quantile(probability: float) -> float:
    return NormalDist().inv_cdf(probability)
