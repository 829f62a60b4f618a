"""What a prompt's answers are worth, by more than right or wrong: few rows then tell more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, mean

from crossover.data.clusters import clusters
from crossover.strategies._calibration import calibrated, probabilities
from crossover.strategies._choice import first_best
from crossover.strategies.base import Bench
from crossover.types import Candidate, Run

RARE = 0.1
MOST_EXACT = 300


def worth(candidate: Candidate, run: Run) -> float:
    """The mean worth of a run's rows; where none could be answered, nothing."""
    found = [value for value in worths(candidate, run) if value is not None]
    return mean(found) if found else 0.0


def worths(candidate: Candidate, run: Run) -> list[float | None]:
    """Of each row the probability of the right answer; its score where the model says none, None where the call failed."""
    labels = candidate.decoding.labels
    found: list[float | None] = []
    for record in run.records:
        shares = probabilities(record.reply, candidate.decoding)
        if record.score is not None and shares and record.example.output in labels:
            found.append(shares[labels.index(record.example.output)])
        else:
            found.append(record.score.value if record.score else None)
    return found


def surely_better(candidate: Candidate, run: Run, start: Candidate, begun: Run, among: int = 1) -> bool:
    """Whether the rows' worth rose beyond luck: signed ranks (Wilcoxon 1945), one-sided and exact.

    `among`: how many were met on these rows, of which the candidate is the best; p has to be below `RARE` / `among`
    (Bonferroni), so that a start is left for one that is no better in at most `RARE` of searches. What was picked for its
    luck on other rows is not better on these. Rows of a group, or with the same input, count as one.
    """
    pairs = zip(worths(candidate, run), worths(start, begun), clusters([r.example for r in run.records]), strict=True)
    changes: dict[str, list[float]] = {}
    for now, before, cluster in pairs:
        if now is not None and before is not None:
            changes.setdefault(cluster, []).append(now - before)
    return signed_ranks([round(mean(found), 9) for found in changes.values()]) < RARE / among


def surely_best(tried: Sequence[tuple[Candidate, Run]], bench: Bench) -> Candidate:
    """The best on dev of a start and what was found, in that order, if it is surely better than the start.

    One that could be calibrated was met on dev twice, with it and without (`_calibration.score_best`).
    """
    (start, begun), *found = tried
    best, run = tried[first_best([run for _, run in tried], bench)]
    among = sum(1 if calibrated(candidate, run) is None else 2 for candidate, run in found)
    return best if surely_better(best, run, start, begun, max(among, 1)) else start


def signed_ranks(changes: Sequence[float]) -> float:
    """The p value that changes are no rise: of all ways to sign them, the share with a sum of positive ranks as high.

    Changes of 0 are left out and equal ones share their rank. Exact up to `MOST_EXACT` changes, by counting (Streitberg and
    Roehmel 1986); then normal with the ranks' own variance and a correction for continuity. 1 without any change.
    """
    import numpy as np
    from scipy.stats import rankdata

    moved = np.array([change for change in changes if change])
    if not len(moved):
        return 1.0
    doubled = np.rint(2 * rankdata(abs(moved))).astype(int)  # whole numbers, also where ranks are shared
    reached = int(doubled[moved > 0].sum())
    if len(moved) > MOST_EXACT:
        above = (reached - 1 - doubled.sum() / 2) / math.sqrt((doubled.astype(float) ** 2).sum() / 4)
        return 1 - NormalDist().cdf(above)
    chances = np.zeros(doubled.sum() + 1)  # of each sum of positive ranks
    chances[0] = 1.0
    for rank in doubled:
        chances /= 2
        chances[rank:] += chances[:-rank].copy()
    return min(1.0, float(chances[reached:].sum()))
