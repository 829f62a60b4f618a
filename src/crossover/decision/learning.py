"""What the learning curves of a study say: each family's curve, the label crossover, what more labels bring.

A number of labels counts all rows that a candidate was made from: training rows, and the dev rows that chose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal

from crossover.decision.contenders import FAMILIES
from crossover.decision.label_crossing import LEAST_SEEDS, LabelCrossing, ahead, crossing, gain, labels_for
from crossover.evaluation.curve import Curve, Estimate, Point, fit
from crossover.types import Family

TRAINED: tuple[Family, ...] = ("weights", "hybrid")
DOUBLE = 2


@dataclass(frozen=True)
class LabelRun:
    """A family's champion, adapted with so many labels (`train` and `dev` rows), on `items` rows that it never met.

    `size`: the number of labels that was wanted, which groups may not allow to the row. `value` is None where it failed:
    `note` then says why. `split` "test": what the study measured with all labels. `failures`: calls that failed.
    """

    family: Family
    name: str  # of the rung
    size: int
    train: int
    dev: int
    seed: int
    value: float | None
    items: int
    failures: int = 0
    note: str = ""
    split: Literal["curve", "test"] = "curve"

    @property
    def labels(self) -> int:
        return self.train + self.dev


@dataclass(frozen=True)
class Lead:
    """By how much the trained candidate is ahead of the prompt at so many labels, in shares."""

    labels: int
    lead: Estimate


@dataclass(frozen=True)
class Learning:
    """`have`: the labels that there are. `names`: the rung of each family measured. `curves`: of those with a point.

    `crossings` and `leads` (with twice the labels): of each trained family over the prompt. `gains`: what twice the labels
    bring; `reached`: the labels with which the target is reached. A curve that falls has no gain, and no lead over it or of
    it. `control_leads`: surely, over all others, with all labels. `cut`: why it is not finished, or empty.
    """

    runs: tuple[LabelRun, ...]
    have: int
    names: Mapping[Family, str]
    curves: Mapping[Family, Curve]
    crossings: Mapping[Family, LabelCrossing] = field(default_factory=dict)
    gains: Mapping[Family, Estimate] = field(default_factory=dict)
    reached: Mapping[Family, LabelCrossing] = field(default_factory=dict)
    leads: Mapping[Family, Lead] = field(default_factory=dict)
    control_leads: bool = False
    cut: str = ""

    @property
    def leader(self) -> Family | None:
        """The trained family that is best with all labels; None where none has a curve."""
        trained = [family for family in TRAINED if family in self.curves]
        return max(trained, key=lambda f: at(self.curves[f], self.have).value, default=None)


def learnt(
    runs: Sequence[LabelRun], have: int, names: Mapping[Family, str], target: float | None, seed: int, cut: str = ""
) -> Learning:
    """All that is said of labels. Every run was measured on rows of its seed, the same for all families and sizes.

    The rows differ between seeds, so that the luck of the rows is in the spread of the runs: it is not added again.
    """
    curves: dict[Family, Curve] = {}
    for family in FAMILIES:
        points = _points([run for run in runs if run.family == family])
        if points:
            curves[family] = fit(points, seed)
    prompt = curves.get("prompt")
    trained = {family: curves[family] for family in TRAINED if family in curves}
    crossings, leads = {}, {}
    for family, curve in trained.items() if prompt else ():
        assert prompt is not None
        crossings[family] = crossing(curve, [prompt], same_items=True)
        if DOUBLE * have <= min(curve.reach, prompt.reach) and curve.seeds >= LEAST_SEEDS:  # as a crossing asks
            leads[family] = Lead(DOUBLE * have, ahead(curve, prompt, DOUBLE * have))
    gains = {f: gain(c, have, have) for f, c in curves.items() if DOUBLE * have <= c.reach and len(c.sizes) > 1}
    reached = {} if target is None else {f: labels_for(c, target) for f, c in curves.items()}
    return Learning(
        tuple(runs), have, dict(names), curves, crossings, gains, reached, leads, _control_leads(curves, have), cut
    )


def _control_leads(curves: Mapping[Family, Curve], have: int) -> bool:
    control, others = curves.get("control"), [curve for family, curve in curves.items() if family != "control"]
    if control is None or not others or have > min(c.reach for c in curves.values()):
        return False
    return all(ahead(control, other, have).low > 0 for other in others)


def at(curve: Curve, labels: int) -> Estimate:
    """The share with so many labels, as far as the curve reaches."""
    return curve.at(min(labels, curve.reach), same_items=True)


def _points(runs: Sequence[LabelRun]) -> list[Point]:
    """Runs of one size stand at the mean of their labels: whole groups make them differ by some rows."""
    kept = [run for run in runs if run.value is not None]
    labels = {size: round(fmean(r.labels for r in kept if r.size == size)) for size in {r.size for r in kept}}
    return [Point(labels[r.size], r.value, r.items, r.seed) for r in kept if r.value is not None]
