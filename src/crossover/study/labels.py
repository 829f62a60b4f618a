"""What decision.json has of labels: the points of the learning curves, the fitted curves, what is read off them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from crossover.decision.contenders import FAMILIES
from crossover.decision.costs import Amount, middle
from crossover.decision.label_crossing import LabelCrossing
from crossover.decision.learning import DOUBLE, LabelRun, Learning, learnt
from crossover.decision.learning_words import told, warnings
from crossover.decision.recommend import Verdict
from crossover.evaluation.curve import Curve, Estimate, summary
from crossover.types import Family

STEPS = 6  # an octave of labels, at which a fitted curve is written down
SHOWN = 2  # times the labels that there are: as far as it is


def labels_body(
    learning: Learning | None,
    verdict: Verdict,
    used: Family | None,
    target: float | None,
    label_cost: Amount,
    currency: str,
) -> dict[str, Any]:
    """The part "crossover" of decision.json, but for the requests.

    `labels`: the label crossover of the trained family that is best, `value` null with its `reason`; null where no curve
    was measured. `curve`: the mean of each family at each number of labels; `runs`: each of them; `fits`: the curves;
    `double`: what as many labels again bring, and by how much the trained family then leads; `target`: labels to reach it.
    """
    if learning is None:
        return {"labels": None, "curve": [], "runs": [], "fits": [], "double": [], "target": [], "said": [], "warnings": []}
    leader = learning.leader
    found = learning.crossings.get(leader) if leader else None
    return {
        "have": learning.have,
        "labels": None if found is None or leader is None else _crossing(learning, leader, found),
        "curve": [point for family in FAMILIES for point in _points(learning, family)],
        "runs": [_run(run) for run in learning.runs],
        "fits": [point for family in FAMILIES for point in _fit(learning, family)],
        "double": [_double(learning, family, label_cost) for family in FAMILIES if family in learning.gains],
        "target": [
            {"series": family, "name": learning.names[family], **asdict(found)}
            for family, found in learning.reached.items()
        ],
        "others": [_crossing(learning, family, other) for family, other in learning.crossings.items() if family != leader],
        "cut": learning.cut or None,
        "said": told(learning, verdict, used, target, label_cost, currency),
        "warnings": warnings(learning),
    }


def read_learning(body: Mapping[str, Any], target: float | None, seed: int) -> Learning | None:
    """The curves again from `labels_body`; None where none was measured."""
    if not body.get("runs"):
        return None
    runs = []
    for row in body["runs"]:
        known = {name: value for name, value in row.items() if name not in ("series", "labels")}
        runs.append(LabelRun(family=row["series"], **known))
    names = {run.family: run.name for run in runs}
    return learnt(runs, body["have"], names, target, seed, body["cut"] or "")


def _crossing(learning: Learning, family: Family, found: LabelCrossing) -> dict[str, Any]:
    return {**asdict(found), "weights": learning.names[family], "series": family, "prompt": learning.names["prompt"]}


def _run(run: LabelRun) -> dict[str, Any]:
    body = asdict(run)
    return {"series": body.pop("family"), "labels": run.labels, **body}


def _points(learning: Learning, family: Family) -> list[dict[str, Any]]:
    """Each size's mean with its 95 % interval, by the curve's noise of the mean."""
    curve = learning.curves.get(family)
    if curve is None:
        return []
    found = []
    for labels, value, noise in zip(curve.sizes, curve.values, curve.noise, strict=True):
        angle, reach = math.asin(math.sqrt(value)), 1.96 * math.sqrt(float(noise))
        low, high = (math.sin(min(max(angle + end, 0.0), math.pi / 2)) ** 2 for end in (-reach, reach))
        runs = [point for point in curve.points if point.labels == labels]
        found.append(
            {
                "series": family,
                "name": learning.names[family],
                "labels": labels,
                **_estimate(Estimate(value, low, high)),
                "seeds": len(runs),
                "items": sum(point.items for point in runs),
            }
        )
    return found


def _fit(learning: Learning, family: Family) -> list[dict[str, Any]]:
    """The curve with its 95 % band, from its fewest labels to twice those that there are, or as far as it reaches."""
    curve = learning.curves.get(family)
    if curve is None or len(curve.sizes) < 2:
        return []
    grid = _grid(curve, SHOWN * learning.have)
    paths = curve.paths(grid, same_items=True)
    return [
        {"series": family, "name": learning.names[family], "labels": round(labels, 1), **_estimate(summary(draws))}
        for labels, draws in zip(grid, paths.T, strict=True)
    ]


def _grid(curve: Curve, most: int) -> list[float]:
    start, end = curve.sizes[0], max(min(most, curve.reach), curve.sizes[-1])
    steps = max(1, math.ceil(STEPS * math.log2(end / start)))
    return [min(start * (end / start) ** (step / steps), end) for step in range(steps + 1)]


def _double(learning: Learning, family: Family, label_cost: Amount) -> dict[str, Any]:
    lead = learning.leads.get(family)
    more = learning.have * (DOUBLE - 1)
    return {
        "series": family,
        "name": learning.names[family],
        "labels": learning.have * DOUBLE,
        "more": more,
        "cost": round(more * middle(label_cost), 6),
        "cost_interval": [round(more * end, 6) for end in label_cost] if isinstance(label_cost, tuple) else None,
        **_estimate(learning.gains[family]),
        "lead": _estimate(lead.lead) if lead else None,
    }


def _estimate(found: Estimate) -> dict[str, float]:
    return {name: round(getattr(found, name), 6) for name in ("value", "low", "high")}
