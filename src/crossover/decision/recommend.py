"""The verdict: prompt, weights, hybrid, neither, or undecided with the number of items that would tell.

Dev has chosen one champion for each family (`contenders.champions`). On test, champions are compared in pairs on the same
items and the p-values adjusted (Holm 1979). A champion wins when

- it is significantly better than every champion of another side that costs less: what costs more must prove itself; and
- every champion of another side that costs more is either significantly worse than it, or better by no more than the
  margin (the upper end of a one-sided 95 % interval: a non-inferiority test).

The sides are control, prompt and trained (weights and hybrid are one side: both need labels and tuning; between those two
the cheaper one is taken unless the other is significantly better). When no champion wins, the verdict is `undecided`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossover.decision.contenders import FAMILIES, Contender, cheapest
from crossover.decision.pairs import ALPHA, Comparisons, Pair
from crossover.decision.shortfall import shortfall
from crossover.decision.wording import Wording
from crossover.evaluation.paired import compare, holm
from crossover.evaluation.power import items_to_tell
from crossover.metrics.base import Metric
from crossover.types import Estimate, Family, Run

SIDE: dict[Family, str] = {"control": "control", "prompt": "prompt", "weights": "trained", "hybrid": "trained"}


@dataclass(frozen=True)
class Verdict:
    """`choice` is None when undecided; `provisional` is then what to use meanwhile. `falls_short`: why not even that does
    the task."""

    kind: str
    choice: str | None
    provisional: str | None
    target_met: bool | None
    needed_test_items: int | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    falls_short: str | None = None


def compare_pairs(
    pairs: Sequence[tuple[Contender, Contender]], runs: Mapping[str, Run], metric: Metric, seed: int
) -> Comparisons:
    """Compare each pair on test and adjust the p-values over all of them."""
    results = []
    for a, b in pairs:
        left, right = runs[a.id].records, runs[b.id].records
        groups = [record.example.group for record in left]
        results.append(
            compare([r.score for r in left], [r.score for r in right], metric.aggregate, metric.binary, groups, seed)
        )
    adjusted = holm([result.p for result in results])
    return Comparisons(tuple(Pair(a.id, b.id, r, p) for (a, b), r, p in zip(pairs, results, adjusted, strict=True)))


def recommend(
    champions: Mapping[Family, Contender],
    runs: Mapping[str, Run],
    metric: Metric,
    margin: float,
    target: float | None,
    seed: int,
    wording: Wording,
    floor: Estimate | None = None,
) -> tuple[Verdict, Comparisons]:
    """The verdict over the families' champions. `runs`: contender id -> its test run. `floor`: the most frequent answer."""
    ordered = [champions[family] for family in FAMILIES if family in champions]
    if all(c.family == "control" for c in ordered):
        nothing = "No model was measured on the test items, so nothing can be said: the warnings tell why."
        return Verdict("undecided", None, None, None, None, (nothing,), ()), Comparisons(())
    comparisons = compare_pairs(list(itertools.combinations(reversed(ordered), 2)), runs, metric, seed)
    sides = _sides(champions, comparisons)
    winner = next((c for c in _by_cost(sides) if _decided(c, sides, comparisons, margin)), None)
    likely = winner or _provisional(ordered, runs, margin)
    sides = [likely if SIDE[c.family] == SIDE[likely.family] else c for c in sides]
    estimates = {c.id: runs[c.id].estimate for c in ordered}
    highest = max(estimates.values(), key=lambda estimate: estimate.value)
    short = shortfall(highest, floor, target, margin) and shortfall(estimates[likely.id], floor, target, margin)
    needed = None if winner else _needed(likely, sides, runs, metric, comparisons, margin)
    verdict = Verdict(
        kind=_kind(winner),
        choice=winner.id if winner else None,
        provisional=None if winner else likely.id,
        target_met=_target_met(estimates[likely.id], target),
        needed_test_items=needed,
        reasons=tuple(wording.reasons(winner, likely, ordered, estimates, comparisons, margin, target, needed, short)),
        warnings=tuple(wording.warnings(winner, ordered, estimates, comparisons)),
        falls_short=short,
    )
    return verdict, comparisons


def _kind(winner: Contender | None) -> str:
    if winner is None:
        return "undecided"
    return "neither" if winner.family == "control" else winner.family


def _sides(champions: Mapping[Family, Contender], comparisons: Comparisons) -> list[Contender]:
    """One champion for each side."""
    found = [champions[family] for family in ("control", "prompt") if family in champions]
    trained = [champions[family] for family in ("weights", "hybrid") if family in champions]
    if len(trained) == 2:
        cheap = cheapest(trained)
        dear = next(c for c in trained if c is not cheap)
        found.append(dear if comparisons.of(dear, cheap).wins() else cheap)
    else:
        found += trained
    return found


def _by_cost(contenders: Sequence[Contender]) -> list[Contender]:
    """Cheapest first, the simpler first where the cost is the same."""
    left, ordered = list(contenders), []
    while left:
        ordered.append(cheapest(left))
        left.remove(ordered[-1])
    return ordered


def _blockers(c: Contender, sides: Sequence[Contender], comparisons: Comparisons, margin: float) -> list[Contender]:
    """The champions of other sides that keep `c` from winning."""
    found = []
    ordered = _by_cost(sides)
    for other in sides:
        if other is c or comparisons.of(c, other).wins():
            continue
        dearer = ordered.index(other) > ordered.index(c)
        if dearer and comparisons.of(other, c).result.upper <= margin:
            continue
        found.append(other)
    return found


def _decided(c: Contender, sides: Sequence[Contender], comparisons: Comparisons, margin: float) -> bool:
    return not _blockers(c, sides, comparisons, margin)


def _provisional(champions: Sequence[Contender], runs: Mapping[str, Run], margin: float) -> Contender:
    """The cheapest within the margin of the highest test estimate."""
    highest = max(runs[c.id].estimate.value for c in champions)
    return cheapest([c for c in champions if runs[c.id].estimate.value >= highest - margin - 1e-9])


def _needed(
    likely: Contender,
    sides: Sequence[Contender],
    runs: Mapping[str, Run],
    metric: Metric,
    comparisons: Comparisons,
    margin: float,
) -> int | None:
    """Test items that would tell `likely` from everyone that now blocks it, at 80 % power."""
    alpha = ALPHA / max(len(comparisons.pairs), 1)  # Holm's strictest step
    needed = []
    for other in _blockers(likely, sides, comparisons, margin):
        a = [record.score for record in runs[likely.id].records]
        b = [record.score for record in runs[other.id].records]
        groups = [record.example.group for record in runs[other.id].records]
        needed.append(items_to_tell(a, b, metric.aggregate, metric.binary, margin, alpha, groups))
    return max(needed, default=None)


def _target_met(estimate: Estimate, target: float | None) -> bool | None:
    """True or False when the whole interval is on one side of the target, None when it is not, or there is none."""
    if target is None or estimate.low < target <= estimate.high:
        return None
    return estimate.low >= target
