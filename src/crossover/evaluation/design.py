"""What a cross-fitted estimate is worth beside as many independent items: its design effect (Kish 1965)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from crossover.data.clusters import clusters
from crossover.types import Run

USUAL, MOST = 0.06, 0.4  # a making's luck, as a standard deviation of the score
LEAST = 0.05  # a ratio of variances: few rows can agree to the last one by chance


def refit_effect(folds: int) -> float:
    """By how much the variance of a cross-fitted estimate exceeds that of as many independent items of one candidate.

    What ships is made of other rows than what was measured, and the folds share most of theirs. Nadeau and Bengio (2003,
    Machine Learning 52) take the variance of a mean over J test sets, each of n2 rows and beside n1 rows of training, to be
    (1/J + n2/n1) times that of one set; of J folds, 1 + J / (J - 1) times that of independent rows.
    """
    return 1 + folds / (folds - 1)


def seen_effect(rungs: Sequence[Sequence[Run]]) -> float:
    """The same of the rungs of one study, by what their makings in the folds show. Of each, its runs on the folds.

    Beside the variance s / n of its n items, an estimate over K folds has (1 + 1 / K) t, where t is the variance of a
    making's luck: of what ships, and of the K that were measured. A rung's variance between its folds over that within
    (one-way analysis of variance, clusters as items) is 1 + n t / (K s) times an F statistic. As few folds tell little of
    t, it is weighed with what is usual (its root: half of a Student t with 4 degrees of freedom and the scale `USUAL`),
    and its mean is taken. Never more than there are items.
    """
    import numpy as np
    from scipy.stats import f, t

    folds = len(rungs[0])
    found = [one for parts in rungs if (one := _spread([_items(run) for run in parts])) is not None]
    if not found:
        return refit_effect(folds)
    luck = np.linspace(0.0, MOST, 201)
    believed = t.logpdf(luck / USUAL, 4)
    for one in found:
        larger = 1 + one.items * luck**2 / (one.parts * one.within)
        believed += f.logpdf(one.ratio / larger, one.parts - 1, one.items - one.parts) - np.log(larger)
    weights = np.exp(believed - believed.max())
    variance = float((weights * luck**2).sum() / weights.sum())
    items = min(one.items for one in found)
    return min(1 + (1 + 1 / folds) * items * variance / fmean(one.within for one in found), float(items))


def _items(run: Run) -> list[float]:
    """The mean score of each cluster whose calls did not fail."""
    scores: defaultdict[str, list[float]] = defaultdict(list)
    for name, record in zip(clusters([record.example for record in run.records]), run.records, strict=True):
        if record.score is not None:
            scores[name].append(record.score.value)
    return [fmean(some) for some in scores.values()]


@dataclass(frozen=True)
class _Spread:
    """Of a rung: its items in so many folds, their variance within a fold, and that between folds (in items) over it."""

    items: int
    parts: int
    within: float
    ratio: float


def _spread(parts: Sequence[Sequence[float]]) -> _Spread | None:
    """None where there is no variance to know."""
    parts = [part for part in parts if part]
    items = sum(map(len, parts))
    if len(parts) < 2 or items == len(parts):
        return None
    whole = sum(map(sum, parts)) / items
    between = sum(len(part) * (fmean(part) - whole) ** 2 for part in parts) / (len(parts) - 1)
    within = sum((score - fmean(part)) ** 2 for part in parts for score in part) / (items - len(parts))
    return _Spread(items, len(parts), within, max(between / within, LEAST)) if within else None
