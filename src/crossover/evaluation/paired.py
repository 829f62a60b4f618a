"""Two candidates on the same items: the difference, its interval, and how surprising it would be were they equal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.evaluation.bias import corrected
from crossover.evaluation.intervals import percentile_interval, tango
from crossover.evaluation.tally import left_out, per_unit, resampled, seen, swapped, tally, total, units, with_doubt
from crossover.metrics.base import Aggregate
from crossover.types import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2_000
SWAPS = 10_000


@dataclass(frozen=True)
class Comparison:
    """aggregate(a) - aggregate(b) over the `n` items that both answered, with its 95 % interval `low` to `high`.

    `lower` and `upper` are the one-sided 95 % bounds: b is not worse than a by more than a margin if `upper` < margin.
    `p` is two-sided, for the hypothesis that a and b are exchangeable; `test` says how it was found.
    """

    difference: float
    low: float
    high: float
    lower: float
    upper: float
    p: float
    n: int
    test: str


def pairs(
    a: Sequence[Score | None], b: Sequence[Score | None], groups: Sequence[str | None] | None = None
) -> tuple[list[Score], list[Score], list[str | None]]:
    """The scores of the items that both sides answered, in order, with their groups. All arguments are equally long."""
    named = [None] * len(a) if groups is None else groups
    kept = [(x, y, g) for x, y, g in zip(a, b, named, strict=True) if x is not None and y is not None]
    return [x for x, _, _ in kept], [y for _, y, _ in kept], [g for _, _, g in kept]


def compare(
    a: Sequence[Score | None],
    b: Sequence[Score | None],
    aggregate: Aggregate,
    binary: bool,
    groups: Sequence[str | None] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    design: float = 1.0,
) -> Comparison:
    """Compare two candidates' scores on the same items in the same order; items where either failed are left out.

    Right or wrong (`binary`, a mean, no two items in one group): Tango's interval and the exact McNemar test.
    Else: the paired bootstrap as in `aggregate.estimate`, and a permutation test that swaps a's and b's results in
    random items (whole groups where items share one); exact with at most 12 differing, else 10,000 draws and
    p = (1 + k) / (1 + N) (Phipson & Smyth 2010). Without any common item: difference 0, interval -1 to 1, p 1.
    `confidence`: of the interval, and of each one-sided bound. `design` is the design effect, by which items count for less
    (`types.Run`): intervals are wider by its root, and p is that of a difference as much smaller. Raises `OptionError` for
    a score outside [0, 1].
    """
    both = _matched(a, b, aggregate, groups)
    if both is None:
        return Comparison(0.0, -1.0, 1.0, -1.0, 1.0, 1.0, 0, "none: no common item")
    n, bounds = len(both.first), _bounds(both, aggregate, binary, seed, design)
    ends = *bounds(confidence), *bounds(2 * confidence - 1)
    if binary and aggregate == "mean" and not both.clustered:
        only_a, only_b = _alone(both.first, both.second)
        p = mcnemar(only_a, only_b) if design == 1 else mcnemar_of(only_a / design, only_b / design)
        test = "exact McNemar" if design == 1 else f"McNemar, design effect {design:.2f}"
        return Comparison((only_a - only_b) / n, *ends, p, n, test)
    difference = total(aggregate, both.sums[0]) - total(aggregate, both.sums[1])
    p, exact = _permutation(aggregate, both.sums, difference / math.sqrt(design), seed)
    test = f"{'exact ' if exact else ''}paired permutation{' by group' if both.clustered else ''}"
    test += "" if design == 1 else f", design effect {design:.2f}"
    return Comparison(difference, *ends, p, n, test)


def interval(
    a: Sequence[Score | None],
    b: Sequence[Score | None],
    aggregate: Aggregate,
    binary: bool,
    groups: Sequence[str | None] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    design: float = 1.0,
) -> tuple[float, float]:
    """The interval of `compare` at another confidence; -1 to 1 without any common item."""
    both = _matched(a, b, aggregate, groups)
    return (-1.0, 1.0) if both is None else _bounds(both, aggregate, binary, seed, design)(confidence)


@dataclass(frozen=True)
class _Matched:
    """The scores of the items that both sides answered, and their tallies by independent unit.

    `clustered`: some items share a group, which is then one unit."""

    first: list[Score]
    second: list[Score]
    sums: list[Any]
    clustered: bool


def _matched(
    a: Sequence[Score | None], b: Sequence[Score | None], aggregate: Aggregate, groups: Sequence[str | None] | None
) -> _Matched | None:
    """None without any common item."""
    first, second, named = pairs(a, b, groups)
    if not first:
        return None
    unit = units(named, len(first))
    return _Matched(first, second, tally([first, second], aggregate, unit), max(unit) + 1 < len(first))


def _bounds(
    both: _Matched, aggregate: Aggregate, binary: bool, seed: int, design: float
) -> Callable[[float], tuple[float, float]]:
    """The interval of the difference by confidence."""
    if binary and aggregate == "mean" and not both.clustered:
        only_a, only_b = _alone(both.first, both.second)
        return lambda confidence: tango(only_a / design, only_b / design, len(both.first) / design, confidence)
    sums = both.sums
    draws, size = _bootstrap(aggregate, sums, seed)
    if draws.min() == draws.max():
        return lambda confidence: (-1.0, 1.0)
    difference = total(aggregate, sums[0]) - total(aggregate, sums[1])
    if aggregate == "macro_f1":
        without = left_out(aggregate, sums[0]) - left_out(aggregate, sums[1])
        draws = corrected(draws, difference, difference, without, seen(sums[0]), paired=True).clip(-1.0, 1.0)

    def bounds(confidence: float) -> tuple[float, float]:
        low, high = percentile_interval(draws, difference, size, confidence, design)
        return max(low, -1.0), min(high, 1.0)

    return bounds


def _alone(first: Sequence[Score], second: Sequence[Score]) -> tuple[int, int]:
    """How many items only the first gets right, and only the second."""
    pairs = list(zip(first, second, strict=True))
    return sum(x.value > y.value for x, y in pairs), sum(x.value < y.value for x, y in pairs)


@dataclass(frozen=True)
class Contrast:
    """How much more a rises over b on one set of items than on another: `here` minus `there`, each aggregate(a) -
    aggregate(b). `low` to `high` is the 95 % interval of the difference of the two."""

    here: float
    there: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.here - self.there


def contrast(
    here: tuple[Sequence[Score | None], Sequence[Score | None], Sequence[str | None]],
    there: tuple[Sequence[Score | None], Sequence[Score | None], Sequence[str | None]],
    aggregate: Aggregate,
    seed: int = 0,
) -> Contrast | None:
    """A difference of paired differences: each side is a's scores, b's scores and the groups, on items of its own.

    The interval is that of two independent paired bootstraps, as in `compare`. None where a side has no common item.
    Raises `OptionError` for a score outside [0, 1].
    """
    rises, draws, sizes = [], [], []
    for number, (a, b, groups) in enumerate((here, there)):
        first, second, named = pairs(a, b, groups)
        if not first:
            return None
        sums = tally([first, second], aggregate, units(named, len(first)))
        rises.append(total(aggregate, sums[0]) - total(aggregate, sums[1]))
        drawn, size = _bootstrap(aggregate, sums, seed + number)
        draws.append(drawn)
        sizes.append(size)
    low, high = percentile_interval(draws[0] - draws[1], rises[0] - rises[1], max(min(sizes), 2))
    return Contrast(rises[0], rises[1], low, high)


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided exact McNemar p: were a and b equal, each discordant pair would be a fair coin. 1 without any."""
    n = only_a + only_b
    term, below = 1, 0
    for k in range(min(only_a, only_b) + 1):
        below += term
        term = term * (n - k) // (k + 1)
    return min(1.0, float(2 * below / 2**n))


def mcnemar_of(only_a: float, only_b: float) -> float:
    """`mcnemar` of counts that need not be whole: its binomial tail is an incomplete beta function of the two."""
    from scipy.special import betainc

    less, more = sorted((only_a, only_b))
    return min(1.0, 2 * float(betainc(more, less + 1, 0.5))) if more > 0 else 1.0


def _bootstrap(aggregate: Aggregate, sums: list[Any], seed: int) -> tuple[NDArray[np.float64], int]:
    """Draws of the difference, and the number of units drawn from, made-up ones included."""
    import numpy as np

    change = per_unit(aggregate, sums[0]) - per_unit(aggregate, sums[1])
    found = []
    for sign, sides in ((1, sums), (-1, sums[::-1])):
        doubted = with_doubt(aggregate, sides, change)
        draws = resampled(aggregate, doubted, RESAMPLES, seed)
        found.append(sign * (draws[0] - draws[1]))
    # In both orders, so that exchanging a and b exactly mirrors the interval in spite of the two made-up units.
    return np.concatenate(found), doubted[0].shape[0]


def _permutation(aggregate: Aggregate, sums: list[Any], difference: float, seed: int) -> tuple[float, bool]:
    draws, exact = swapped(aggregate, sums[0], sums[1], SWAPS, seed)
    as_far = int((abs(draws) >= abs(difference) - 1e-9).sum())  # 1e-9: ties must count in spite of rounding
    return (as_far / len(draws) if exact else (1 + as_far) / (1 + len(draws))), exact


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p values, in the order given: comparable to alpha itself, at most 1."""
    adjusted, least = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        least = max(least, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = least
    return adjusted
