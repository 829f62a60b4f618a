"""What any verdict could reach with as many rows: each candidate of a finished study answers as many that it never saw.

What a study's verdict lacks may be its own fault, or that its rows are too few. Here nothing is refitted, and no option or
prompt was chosen on the rows: they are drawn (with replacement) of those that the study did not see, as many as it tested
on, and the rule of the verdict decides on them. No test of so many rows promises more of these candidates by this rule; one
of more rows may: a single split tests on a part of the labelled rows, folds on all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.verdict import ACCURACY, record
from crossover.decision.contenders import Contender, standing
from crossover.decision.costs import Cost
from crossover.decision.recommend import TOLERANCE
from crossover.decision.settled import settle
from crossover.decision.tested import tested, views_of
from crossover.evaluation.aggregate import estimate
from crossover.types import Run

DRAWS = 60
MARGIN = 0.01
RUNGS = {"control": "control", "prompt": "few-shot", "weights": "tuned", "hybrid": "hybrid"}


@dataclass(frozen=True)
class Reach:
    """Over draws of as many rows as the study tested on: the choice's mean regret in points, the share that is open."""

    rows: int
    regret: float
    undecided: float


def reach(result: Mapping[str, Any], draws: int | None = None, seed: int = 0) -> Reach | None:
    """Of a line of `benchmarks.regret`; None where the rows' scores are not in it, or are not right or wrong."""
    own = [c for c in result["candidates"] if c["status"] != "removed" and c["test"] and c.get("scores")]
    if len(own) < 2:
        return None
    scores = np.array([c["scores"] for c in own], dtype=float)
    scores = scores[:, ~np.isnan(scores).any(axis=0)]
    if not np.isin(scores, (0.0, 1.0)).all():
        return None
    truth = dict(zip((c["name"] for c in own), scores.mean(axis=1), strict=True))
    rows = next(c["test"]["n"] for c in own if c["name"] == result["chosen"])
    rng, regrets, is_open = np.random.default_rng(seed), [], []
    for _ in range(draws or DRAWS):
        drawn = scores[:, rng.integers(scores.shape[1], size=rows)]
        runs = {c["name"]: _run(c["name"], answers) for c, answers in zip(own, drawn, strict=True)}
        contenders = [_contender(order, c, runs[c["name"]]) for order, c in enumerate(own)]
        views = views_of(tested(list(runs), runs, ACCURACY, 0), runs)
        found = settle(standing(contenders, MARGIN, runs), runs, views, MARGIN, None, None, TOLERANCE, contenders)
        assert found is not None
        regrets.append(100 * (max(truth.values()) - truth[found.chosen.id]))
        is_open.append(found.kind == "undecided")
    return Reach(rows, float(fmean(regrets)), float(fmean(is_open)))


def _run(name: str, answers: Any) -> Run:
    records = tuple(record(i, float(value)) for i, value in enumerate(answers))
    return Run(name, "test", "accuracy", records, estimate([r.score for r in records], "mean", True))


def _contender(order: int, row: Mapping[str, Any], run: Run) -> Contender:
    """As dear as it stands late on the ladder; its family's champion is who is best on these rows, as over folds."""
    rung: Any = RUNGS[row["family"]]
    return Contender(row["name"], row["name"], row["family"], rung, order, run.estimate, Cost(0.0, order), 10.0 * order)
