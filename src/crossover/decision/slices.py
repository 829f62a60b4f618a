"""What is said of slices: where the chosen candidate loses to another, though it is chosen for all items together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.decision import numbers
from crossover.decision.contenders import Contender
from crossover.decision.pairs import ALPHA
from crossover.evaluation.slices import LEAST, Against, Slice, by_slice, differences, measure, slices_of
from crossover.metrics.base import Metric
from crossover.types import Estimate, Example, Run

MOST_SAID = 3  # slices in which the choice loses: many would hide what else is warned of
MEASURES = {"mean": "the share of right answers", "micro_f1": "a micro F1"}


@dataclass(frozen=True)
class Sliced:
    """Test results by slice. `estimates`: contender id -> its value in each slice. `chosen` is compared with the others.

    `said`: how the slices were made; `warnings`: sentences on the slices in which the chosen one loses to another.
    """

    slices: tuple[Slice, ...]
    estimates: Mapping[str, tuple[Estimate, ...]]
    against: tuple[Against, ...]
    chosen: str | None
    said: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As decision.json has it: a row for each slice."""
        return {
            "least": LEAST,
            "chosen": self.chosen,
            "rows": [self._row(at, one) for at, one in enumerate(self.slices)],
            "said": list(self.said),
        }

    def _row(self, at: int, one: Slice) -> dict[str, Any]:
        return {
            "column": one.column,
            "value": one.value,
            "pooled": one.pooled,
            "items": len(one.items),
            "estimates": {id: _estimate(found[at]) for id, found in self.estimates.items()},
            "against": [_against(other) for other in self.against if other.slice is one],
        }


def sliced(
    contenders: Sequence[Contender],
    runs: Mapping[str, Run],
    metric: Metric,
    name: str,
    columns: tuple[str | None, str | None],
    chosen: str | None,
    seed: int,
) -> Sliced | None:
    """The tested contenders by slice; None where none was tested, or nothing can be cut.

    `columns`: of labels and of groups, where there are any. `chosen`: held against the others. `name`: the metric's.
    """
    tested = [c for c in contenders if c.id in runs and c.removed is None]
    if not tested:
        return None
    examples = _items(runs[c.id] for c in tested)
    slices, said = slices_of(examples, *columns)
    if not slices:
        return Sliced((), {}, (), chosen, tuple(said), ()) if said else None
    aggregate, _ = measure(metric, [])
    if aggregate != metric.aggregate:
        said = [f"within a slice, {MEASURES[aggregate]} stands for {name}", *said]
    estimates = {c.id: tuple(by_slice(runs[c.id], metric, slices, seed)) for c in tested}
    own = next((c for c in tested if c.id == chosen), None)
    against: list[Against] = []
    if own is not None:
        others = [runs[c.id] for c in tested if c is not own]
        against = differences(runs[own.id], others, metric, slices, seed, columns[0])
    warnings = _lost(own, tested, runs, against) if own else []
    return Sliced(tuple(slices), estimates, tuple(against), chosen, tuple(said), tuple(warnings))


def loses(p_adjusted: float, difference: float) -> bool:
    """Whether the chosen one is significantly worse in a slice."""
    return p_adjusted < ALPHA and difference < 0


def _lost(own: Contender, tested: Sequence[Contender], runs: Mapping[str, Run], against: Sequence[Against]) -> list[str]:
    """A sentence for each slice in which it loses, beside who is furthest ahead there: those where most answers are lost
    first, and of many the first few."""
    names = {c.id: c.name for c in tested}
    lost: dict[int, Against] = {}
    for other in against:
        before = lost.get(id(other.slice))
        further = before is None or other.result.difference < before.result.difference
        if loses(other.p_adjusted, other.result.difference) and further:
            lost[id(other.slice)] = other
    ordered = sorted(lost.values(), key=lambda other: other.result.n * other.result.difference)
    said = []
    for other in ordered[:MOST_SAID]:
        r = other.result
        ahead = round(runs[own.id].estimate.value - runs[other.other].estimate.value, 9)
        though = "" if ahead < 0 else f", though {'it is better' if ahead else 'they are alike'} over all"
        found = numbers.difference(r.difference, r.low, r.high)
        said.append(
            f"Where {other.slice.column} is {other.slice.value} ({numbers.plural(r.n, 'test item')}), {own.name} is"
            f" worse than {names[other.other]}{though}: {found} points, p"
            f" {numbers.p_value(other.p_adjusted)}, adjusted for {numbers.plural(len(against), 'comparison')} by slice."
        )
    if more := len(ordered) - len(said):
        said.append(
            f"In {numbers.plural(more, 'more slice')} {own.name} is worse than another candidate too: the report has all."
        )
    return said


def _items(runs: Any) -> list[Example]:
    """Every test item that some run has, once."""
    return list({record.example.id: record.example for run in runs for record in run.records}.values())


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"n": found.n, **{name: round(getattr(found, name), 6) for name in ("value", "low", "high")}}


def _against(other: Against) -> dict[str, Any]:
    r = other.result
    return {
        "other": other.other,
        **{name: round(getattr(r, name), 6) for name in ("difference", "low", "high")},
        "p": r.p,
        "p_adjusted": other.p_adjusted,
        "test": r.test,
        "n": r.n,
    }
