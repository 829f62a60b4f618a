"""Scores as sums over items, so that an aggregate is recomputed for thousands of resamples by one product of matrices.

A unit is what is resampled or swapped whole: an item, or all items of one group. Each unit has a row of sums: value and
count for a mean; true positives, false positives and false negatives for a micro F1; the same three per class for a
macro F1. A resample weighs the units; its sums are weights x rows; `values` turns sums into the aggregate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crossover.errors import OptionError
from crossover.metrics.base import Aggregate
from crossover.types import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLOCK = 1_000_000  # weights held at once: 8 MB
FEW = 10


def units(groups: Sequence[str | None] | None, n: int) -> list[int]:
    """The unit's number of each of `n` items: items of one group share a unit, an item without a group is its own."""
    numbers: dict[tuple[str, str | int], int] = {}
    named = [None] * n if groups is None else groups
    keys = [("item", i) if group is None else ("group", group) for i, group in enumerate(named)]
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def tally(sides: Sequence[Sequence[Score]], aggregate: Aggregate, unit: Sequence[int]) -> list[Any]:
    """One sparse matrix of sums per side, shape (units, columns); all sides have the same columns.

    Raises `OptionError` for a score outside [0, 1]: the metric is at fault.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    names = {name for side in sides for score in side for name in score.counts}
    column = {name: i for i, name in enumerate(sorted(names))} if aggregate == "macro_f1" else {}
    width = {"mean": 2, "micro_f1": 3, "macro_f1": 3 * len(column)}[aggregate]
    matrices = []
    for side in sides:
        rows, columns, data = [], [], []
        for row, score in zip(unit, side, strict=True):
            if not 0 <= score.value <= 1:
                raise OptionError(f"a metric gave the score {score.value}; valid is a number from 0 to 1")
            for place, amount in _sums(score, aggregate, column):
                rows.append(row)
                columns.append(place)
                data.append(amount)
        shape = (max(unit, default=-1) + 1, width)
        matrices.append(csr_matrix((np.array(data, dtype=float), (rows, columns)), shape=shape))
    return matrices


def _sums(score: Score, aggregate: Aggregate, column: dict[str, int]) -> list[tuple[int, float]]:
    if aggregate == "mean":
        return [(0, score.value), (1, 1.0)]
    return [
        (part * max(len(column), 1) + column.get(name, 0), float(amount))
        for name, counts in score.counts.items()
        for part, amount in enumerate((counts.tp, counts.fp, counts.fn))
        if amount
    ]


def values(aggregate: Aggregate, sums: Floats) -> Floats:
    """The aggregate of each row of `sums`, shape (draws, columns) -> (draws,).

    F1 = 2 tp / (2 tp + fp + fn); a macro F1 is the mean over the classes that occur in gold or answers of that draw.
    Nothing to find and nothing found is 1. Every draw of a mean must hold an item.
    """
    import numpy as np

    if aggregate == "mean":
        result: Floats = sums[:, 0] / sums[:, 1]
        return result
    tp, fp, fn = sums.reshape(len(sums), 3, -1).transpose(1, 0, 2) if sums.shape[1] else np.zeros((3, len(sums), 1))
    below = 2 * tp + fp + fn
    f1 = np.divide(2 * tp, below, out=np.zeros_like(below), where=below > 0)
    occurring = (below > 0).sum(axis=1)
    return np.where(occurring > 0, f1.sum(axis=1) / np.maximum(occurring, 1), 1.0)


def total(aggregate: Aggregate, sums: Any) -> float:
    """The aggregate over all units of a sparse matrix of sums; a float from 0 to 1."""
    import numpy as np

    return float(values(aggregate, np.asarray(sums.sum(axis=0)))[0])


def per_unit(aggregate: Aggregate, sums: Any) -> Floats:
    """Each unit's own value, shape (units,); for a macro F1 its micro F1, which needs no dense matrix."""
    import numpy as np

    if aggregate == "mean":
        return values("mean", sums.toarray())
    third = sums.shape[1] // 3
    parts = [np.asarray(sums[:, i * third : (i + 1) * third].sum(axis=1)).ravel() for i in range(3)]
    return values("micro_f1", np.stack(parts, axis=1))


def left_out(aggregate: Aggregate, sums: Any) -> Floats:
    """The aggregate without each of the units in turn, shape (units,)."""
    import numpy as np

    whole, rows = np.asarray(sums.sum(axis=0)), sums.tocsr()
    found, done = [], 0
    for size in _blocks(rows.shape[0], rows.shape[1]):
        found.append(values(aggregate, whole - rows[done : done + size].toarray()))
        done += size
    return np.concatenate(found)


def seen(sums: Any) -> float:
    """Of a macro F1's sums: the share of the labels' frequency that belongs to labels some unit has (Good 1953, Biometrika
    40): 1 less the share of units with a gold label that no other unit has."""
    import numpy as np

    third = sums.shape[1] // 3
    gold = ((sums[:, :third] + sums[:, 2 * third :]) > 0).astype(int)
    alone = np.asarray(gold.sum(axis=0)).ravel() == 1
    return 1.0 - float((gold @ alone.astype(int) > 0).mean())


def with_doubt(aggregate: Aggregate, sides: Sequence[Any], unit_values: Floats) -> list[Any]:
    """The sides with two made-up units where fewer than `FEW` units differ from the most common value, else unchanged.

    A bootstrap cannot draw what it has not seen: thirty perfect answers would give an interval of no width. So an
    average unit that is all right and one that is all wrong are added (for two sides: one that only the first gets
    right, one that only the second does), as Bonett & Price (2012, Journal of Educational and Behavioral Statistics
    37) add one to each discordant count.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, vstack

    _, frequency = np.unique(unit_values.round(9), return_counts=True)
    if len(unit_values) - frequency.max() >= FEW:
        return list(sides)
    mean = np.mean([np.asarray(side.mean(axis=0))[0] for side in sides], axis=0)
    if aggregate == "mean":
        right, wrong = np.array([mean[1], mean[1]]), np.array([0.0, mean[1]])
    else:
        tp, _, fn = mean.reshape(3, -1)
        gold = tp + fn
        right, wrong = np.concatenate([gold, 0 * gold, 0 * gold]), np.concatenate([0 * gold, gold, gold])
    added = [csr_matrix(np.stack([right, wrong])), csr_matrix(np.stack([wrong, right]))]
    return [vstack([side, extra], format="csr") for side, extra in zip(sides, added, strict=False)]


def resampled(aggregate: Aggregate, sides: Sequence[Any], draws: int, seed: int) -> list[Floats]:
    """The aggregate of each side under the same `draws` bootstrap resamples of units: an array (draws,) per side."""
    import numpy as np

    rng = np.random.default_rng(seed)
    count = sides[0].shape[0]
    blocks: list[list[Floats]] = [[] for _ in sides]
    for size in _blocks(draws, max(sides[0].shape)):
        chosen = rng.integers(count, size=(size, count)) + count * np.arange(size)[:, None]
        weights = np.bincount(chosen.ravel(), minlength=size * count).reshape(size, count).astype(float)
        for block, side in zip(blocks, sides, strict=True):
            block.append(values(aggregate, weights @ side))
    return [np.concatenate(block) for block in blocks]


def swapped(aggregate: Aggregate, a: Any, b: Any, draws: int, seed: int) -> tuple[Floats, bool]:
    """aggregate(a) - aggregate(b) after swapping the two sides' rows in random units, shape (draws,); whether exact.

    Units whose rows are equal change nothing and are left out. With at most 12 others every swap is made once, which is
    exact; else `draws` are drawn.
    """
    import numpy as np

    change = (b - a).tocsr()
    change.eliminate_zeros()
    change = change[np.diff(change.indptr) > 0]
    count = change.shape[0]
    exact = count <= 12
    base_a, base_b = np.asarray(a.sum(axis=0)), np.asarray(b.sum(axis=0))
    rng = np.random.default_rng([seed, 1])
    found = []
    done = 0
    for size in _blocks(2**count if exact else draws, max(change.shape)):
        every = np.arange(done, done + size)[:, None] >> np.arange(count) & 1 if exact else None
        swaps = rng.integers(0, 2, size=(size, count)) if every is None else every
        done += size
        moved = swaps.astype(float) @ change
        found.append(values(aggregate, base_a + moved) - values(aggregate, base_b - moved))
    return np.concatenate(found), exact


def _blocks(draws: int, width: int) -> Iterator[int]:
    step = max(1, BLOCK // max(width, 1))
    for done in range(0, draws, step):
        yield min(step, draws - done)
