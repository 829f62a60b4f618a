"""Which of several that are met on dev, row by row, cannot be the best any more, or surely are not."""

from __future__ import annotations

import math
from collections.abc import Sequence

from crossover.data.clusters import clusters
from crossover.evaluation.stopped import lead
from crossover.types import Run

ALPHA = 0.05  # the chance that the best of all is dropped: a choice on dev is no verdict


def beaten(runs: Sequence[Run], met: Sequence[Run], racing: Sequence[int], rows: int) -> dict[int, str]:
    """Who of `racing` (places in `runs`) is out, with the id of who was better.

    `runs`: what each has answered of the same rows, in the same order; `met`: whole runs that may be the best too. One is
    out where it could not reach another even if all its other rows were right and all of the other's wrong; or where
    betting says that another is better (`race.py`), each of the rivals at its share of `ALPHA`.
    """
    rivals = [run for i, run in enumerate(runs) if i in racing] + list(met)
    bound = math.log(max(len(runs) + len(met) - 1, 1) / ALPHA)
    found = {}
    for i in racing:
        run = runs[i]
        for rival in rivals:
            if rival is not run and (_ends(run, rows)[1] < _ends(rival, rows)[0] - 1e-9 or _lead(rival, run) >= bound):
                found[i] = rival.candidate
                break
    return found if len(found) < len(racing) or met else {}


def _ends(run: Run, rows: int) -> tuple[float, float]:
    """The least and the most that the whole run's mean can be. A failed call is in no mean."""
    values = [record.score.value for record in run.records if record.score is not None]
    left = rows - len(run.records)
    whole = len(values) + left
    return (math.fsum(values) / whole, (math.fsum(values) + left) / whole) if whole else (0.0, 1.0)


def _lead(better: Run, worse: Run) -> float:
    """By how much the one leads, over the rows that the other has met."""
    known = {record.example.id: record.score for record in better.records}
    examples = [record.example for record in worse.records]
    return lead([known.get(e.id) for e in examples], [record.score for record in worse.records], clusters(examples))
