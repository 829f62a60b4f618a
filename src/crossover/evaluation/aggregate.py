"""One number with its interval, from the scores of one candidate on one split."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.evaluation.bias import corrected
from crossover.evaluation.intervals import percentile_interval, wilson
from crossover.evaluation.tally import left_out, per_unit, resampled, seen, tally, total, units, with_doubt
from crossover.metrics.base import Aggregate
from crossover.types import Estimate, Score

RESAMPLES = 2_000


def estimate(
    scores: Sequence[Score | None],
    aggregate: Aggregate,
    binary: bool,
    groups: Sequence[str | None] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    design: float = 1.0,
) -> Estimate:
    """The aggregate of `scores` with its interval (95 %); `n` counts the scored items, a failed call (None) is left out.

    Wilson's interval where the value is a share of independent items: `binary`, a mean, and no two items in one group.
    Else the expanded percentile bootstrap of 2,000 resamples, drawing whole groups where items share one, with two
    made-up units where nearly all values are equal (`tally.with_doubt`): thirty right answers do not prove perfection. A
    macro F1's draws are corrected for its bias (`bias.corrected`).

    With no scored item nothing is known: n = 0, value 0, interval 0 to 1. `groups` is as long as `scores`; `design` is the
    design effect, by which items count for less (`types.Run`).
    Raises `OptionError` for a score outside [0, 1].
    """
    named = [None] * len(scores) if groups is None else groups
    kept = [(score, group) for score, group in zip(scores, named, strict=True) if score is not None]
    if not kept:
        return Estimate(0, 0.0, 0.0, 1.0)
    unit = units([group for _, group in kept], len(kept))
    sums = tally([[score for score, _ in kept]], aggregate, unit)
    n, value = len(kept), total(aggregate, sums[0])
    if binary and aggregate == "mean" and max(unit) + 1 == n:
        return Estimate(n, value, *wilson(value, n / design, confidence))
    doubted = with_doubt(aggregate, sums, per_unit(aggregate, sums[0]))
    (draws,) = resampled(aggregate, doubted, RESAMPLES, seed)
    if draws.min() == draws.max():
        return Estimate(n, value, 0.0, 1.0)
    if aggregate == "macro_f1":
        without = left_out(aggregate, sums[0])
        draws = corrected(draws, total(aggregate, doubted[0]), value, without, seen(sums[0])).clip(0.0, 1.0)
    low, high = percentile_interval(draws, value, doubted[0].shape[0], confidence, design)
    low, high = max(low, 0.0), min(high, 1.0)
    return Estimate(n, value, low, high) if low < high else Estimate(n, value, 0.0, 1.0)
