"""How many test items would settle a verdict that is open: the whole of it, in studies that are drawn of what is known."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from crossover.decision.contenders import Contender
from crossover.decision.pairs import ALPHA
from crossover.decision.rule import proven
from crossover.decision.tested import Tested
from crossover.evaluation.power import Studies, items_for, quantile, together


def needed(
    ordered: Sequence[Contender],
    found: Tested,
    margin: float,
    tolerance: float,
    quantiles: Mapping[Contender, float],
    beside: int,
) -> int | None:
    """The test items with which the whole verdict is probably no longer open. `ordered`: by cost; `beside`: the comparisons
    for which those of champions are adjusted too."""
    if len(ordered) < 2:
        return None
    metric = found.metric
    sides = [found.scores[c.id] for c in ordered]
    joint = together(
        sides, metric.aggregate, metric.binary, found.groups, found.seed, found.design(*(c.id for c in ordered))
    )
    if joint is None:
        return None

    def settled(studies: Studies) -> Any:
        return settles(studies, ordered, margin, tolerance, [quantiles[c] for c in ordered], beside)

    return items_for(joint, settled, found.seed)


def settles(
    studies: Studies,
    ordered: Sequence[Contender],
    margin: float,
    tolerance: float,
    quantiles: Sequence[float],
    beside: int = 0,
) -> Any:
    """Which simulated studies end proven or bounded: an array of bool. `quantiles`: as in `Regret`; `beside`: as many other
    comparisons that p-values are adjusted for."""
    import numpy as np

    values, count = studies.values(), len(ordered)
    wins, within = standing_of(studies, count, margin, beside)
    bounded = np.ones((len(values), count), dtype=bool)
    for a, b in itertools.permutations(range(count), 2):
        bounded[:, b] &= studies.within(a, b, tolerance, quantiles[a])
    sure = proven(wins, within, [c.family for c in ordered]).any(axis=1)
    found: Any = sure | bounded.any(axis=1)
    return found


def standing_of(studies: Studies, count: int, margin: float, beside: int = 0) -> tuple[Any, Any]:
    """Who significantly beats whom, and who is within the margin, of simulated studies with `count` champions each."""
    import numpy as np

    values, pairs = studies.values(), list(itertools.combinations(range(count), 2))
    wins, within = (np.zeros((len(values), count, count), dtype=bool) for _ in range(2))
    ps = np.stack([studies.p(i, j) for i, j in pairs], axis=1)
    places = np.argsort(ps, axis=1)
    steps = np.take_along_axis(ps, places, axis=1) * np.arange(len(pairs) + beside, beside, -1)
    adjusted = np.empty_like(ps)
    np.put_along_axis(adjusted, places, np.maximum.accumulate(steps, axis=1), axis=1)
    limit = quantile(1 - ALPHA)
    for (i, j), p in zip(pairs, adjusted.T, strict=True):
        for a, b in ((i, j), (j, i)):
            wins[:, a, b] = (p < ALPHA) & (values[:, a] > values[:, b])
            within[:, a, b] = studies.within(a, b, margin, limit)
    return wins, within
