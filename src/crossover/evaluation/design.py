"""What a cross-fitted estimate is worth beside as many independent items: its design effect (Kish 1965)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from crossover.data.clusters import clusters
from crossover.data.compared import compared
from crossover.data.near import near_twins
from crossover.types import Example, Run

USUAL, MOST = 0.06, 0.4  # a making's luck, as a standard deviation of the score
LEAST = 0.05  # a ratio of variances: few rows can agree to the last one by chance


@dataclass(frozen=True)
class Effect:
    """By how much the variance of an estimate exceeds that of as many independent items: `alike` times where rows that are
    nearly the same stand or fall together, and by `luck` of a making beside.

    `largest`: the share of all rows that is in one cluster. Where that is most, `alike` is a guess: one cluster cannot show
    how it differs from others like it.
    """

    alike: float = 1.0
    luck: float = 0.0
    largest: float = 0.0

    @property
    def whole(self) -> float:
        return self.alike + self.luck


def refit_effect(folds: int) -> float:
    """By how much the variance of a cross-fitted estimate exceeds that of as many independent items of one candidate.

    What ships is made of other rows than what was measured, and the folds share most of theirs. Nadeau and Bengio (2003,
    Machine Learning 52) take the variance of a mean over J test sets, each of n2 rows and beside n1 rows of training, to be
    (1/J + n2/n1) times that of one set; of J folds, 1 + J / (J - 1) times that of independent rows.
    """
    return 1 + folds / (folds - 1)


def seen_effect(rungs: Sequence[Sequence[Run]]) -> Effect:
    """The same of the rungs of one study, by what their makings in the folds show. Of each, its runs on the folds.

    Rows that are nearly the same stand in one fold: what was made without any of them answers them all, and they stand or
    fall together. They are one item here, and an estimate's variance grows as theirs says (Kish). Beside that variance,
    an estimate over K folds has (1 + 1 / K) t, where t is the variance of a making's luck: of what ships, and of the K
    that were measured. A rung's variance between its folds over that within (one-way analysis of variance) is
    1 + n t / (K s) times an F statistic, for n items of variance s. As few folds tell little of t, it is weighed with what
    is usual (its root: half of a Student t with 4 degrees of freedom and the scale `USUAL`), and its mean is taken. Never
    more than there are items.
    """
    import numpy as np
    from scipy.stats import f, t

    folds, (apart, kin) = len(rungs[0]), _clusters(rungs)
    alone = _alike(rungs, apart, kin)
    found = [one for parts in rungs if (one := _spread([_items(run, kin) for run in parts])) is not None]
    single, items = fmean(_variance(parts, apart) for parts in rungs), len(set(apart.values()))
    if not found or not single:
        return replace(alone, luck=min(refit_effect(folds) - 1, items - alone.alike))
    luck = np.linspace(0.0, MOST, 201)
    believed = t.logpdf(luck / USUAL, 4)
    for one in found:
        larger = 1 + one.items * luck**2 / (one.parts * one.within)
        believed += f.logpdf(one.ratio / larger, one.parts - 1, one.items - one.parts) - np.log(larger)
    weights = np.exp(believed - believed.max())
    variance = float((weights * luck**2).sum() / weights.sum())
    return replace(alone, luck=min((1 + 1 / folds) * variance / single, items - alone.alike))


def alike_effect(rungs: Sequence[Sequence[Run]]) -> Effect:
    """The same without any luck: of candidates that are what ships, each time. Rows that are nearly the same stand or fall
    together whoever answers them."""
    return _alike(rungs, *_clusters(rungs))


def _alike(rungs: Sequence[Sequence[Run]], apart: Mapping[str, str], kin: Mapping[str, str]) -> Effect:
    single = fmean(_variance(parts, apart) for parts in rungs)
    largest = max(Counter(kin.values()).values()) / len(kin)
    ratio = fmean(_variance(parts, kin) for parts in rungs) / single if single else 1.0
    return Effect(min(max(ratio, 1.0), len(set(apart.values()))), largest=largest)


def _clusters(rungs: Sequence[Sequence[Run]]) -> tuple[dict[str, str], dict[str, str]]:
    """The name of each row's cluster, by its id: without, and with those that are nearly the same."""
    examples = [record.example for run in rungs[0] for record in run.records]
    return _named(examples), _named(examples, near_twins([compared(example) for example in examples]))


def _named(examples: Sequence[Example], twins: Sequence[tuple[int, int]] = ()) -> dict[str, str]:
    """The name of each example's cluster, by its id."""
    return dict(zip((example.id for example in examples), clusters(examples, twins), strict=True))


def _items(run: Run, names: Mapping[str, str]) -> list[float]:
    """The mean score of each cluster whose calls did not fail."""
    return [fmean(scores) for scores in _scores([run], names).values()]


def _scores(runs: Sequence[Run], names: Mapping[str, str]) -> Mapping[str, list[float]]:
    scores: defaultdict[str, list[float]] = defaultdict(list)
    for run in runs:
        for record in run.records:
            if record.score is not None:
                scores[names[record.example.id]].append(record.score.value)
    return scores


def _variance(runs: Sequence[Run], names: Mapping[str, str]) -> float:
    """Of the mean score, where clusters are independent (Cochran 1977, section 9A.2: a ratio to the size of a cluster).

    A cluster draws the mean to itself by its share of the rows, so its distance from it is taken for as much larger (CR2 of
    Bell and McCaffrey 2002, Survey Methodology 28: right on average where rows of a cluster are no more alike than others).
    """
    scores = list(_scores(runs, names).values())
    rows = sum(map(len, scores))
    if len(scores) < 2:
        return 0.0
    mean = sum(map(sum, scores)) / rows
    return sum((sum(some) - mean * len(some)) ** 2 / (1 - len(some) / rows) for some in scores) / rows**2


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
