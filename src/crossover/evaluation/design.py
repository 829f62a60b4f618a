"""What a cross-fitted estimate is worth beside as many independent items: its design effect (Kish 1965)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from crossover.data.clusters import clusters
from crossover.types import Run


def refit_effect(folds: int) -> float:
    """By how much the variance of a cross-fitted estimate exceeds that of as many independent items of one candidate.

    What ships is made of other rows than what was measured, and the folds share most of theirs. Nadeau and Bengio (2003,
    Machine Learning 52) take the variance of a mean over J test sets, each of n2 rows and beside n1 rows of training, to be
    (1/J + n2/n1) times that of one set; of J folds, 1 + J / (J - 1) times that of independent rows.
    """
    return 1 + folds / (folds - 1)


def seen_effect(rungs: Sequence[Sequence[Run]]) -> float:
    """The same, or more where what rungs made in the folds differs by more than that takes. Of each, its runs on the folds.

    With F the variance between a rung's folds over that within (one-way analysis of variance, clusters as items), the luck
    of a making has K (F - 1) times the variance of the estimate without luck. What ships has luck of its own, too, so the
    effect is 1 + (K + 1) (F - 1). As few folds tell little of F, it is the mean of the rungs', to which that of
    `refit_effect` counts as one rung more. Never more than there are items.
    """
    folds = len(rungs[0])
    usual = refit_effect(folds)
    ratios = [1 + (usual - 1) / (folds + 1), *(_ratio([_items(run) for run in parts]) for parts in rungs)]
    known = [ratio for ratio in ratios if ratio is not None]
    items = min(sum(run.estimate.n for run in parts) for parts in rungs)
    return max(usual, min(1 + (folds + 1) * (fmean(known) - 1), float(items)))


def _items(run: Run) -> list[float]:
    """The mean score of each cluster whose calls did not fail."""
    scores: defaultdict[str, list[float]] = defaultdict(list)
    for name, record in zip(clusters([record.example for record in run.records]), run.records, strict=True):
        if record.score is not None:
            scores[name].append(record.score.value)
    return [fmean(some) for some in scores.values()]


def _ratio(parts: Sequence[Sequence[float]]) -> float | None:
    """The variance between the parts, in items of them, over that within; None where either cannot be known."""
    parts = [part for part in parts if part]
    items = sum(map(len, parts))
    if len(parts) < 2 or items == len(parts):
        return None
    whole = sum(map(sum, parts)) / items
    between = sum(len(part) * (fmean(part) - whole) ** 2 for part in parts) / (len(parts) - 1)
    within = sum((score - fmean(part)) ** 2 for part in parts for score in part) / (items - len(parts))
    return between / within if within else None
