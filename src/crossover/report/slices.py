"""Test results by slice, as the page, the terminal and data frames show them: the worst of the chosen one first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossover.decision import numbers
from crossover.decision.slices import loses
from crossover.report.rows import chosen, provisional
from crossover.study.results import CandidateReport, Results
from crossover.types import Estimate

FEW = 3  # that the terminal names


@dataclass(frozen=True)
class Rival:
    """The chosen one minus another in a slice, as a share; `lost`: it is significantly worse there."""

    name: str
    difference: float
    low: float
    high: float
    p_adjusted: float
    n: int
    lost: bool


@dataclass(frozen=True)
class SliceRow:
    """One slice of the test items. `estimates`: by candidate's name; `pooled`: how many values it is made of, if it is.

    `against`: the chosen candidate, or the one to use until then, beside each other one that was tested.
    """

    column: str
    value: str
    items: int
    pooled: int
    estimates: dict[str, Estimate]
    against: tuple[Rival, ...]

    @property
    def lost(self) -> bool:
        return any(rival.lost for rival in self.against)

    @property
    def hardest(self) -> Rival | None:
        """The other one that is furthest ahead, or least behind; those that are significantly better come first."""
        return min(self.against, key=lambda rival: (not rival.lost, rival.difference), default=None)


def slice_rows(results: Results) -> list[SliceRow]:
    """Where the chosen one loses first, then by its value; pooled values last. Empty where nothing was sliced."""
    found = results.decision.get("slices") or {"rows": []}
    names = {c.id: c.name for c in results.candidates if c.same_as is None}
    rows = [
        SliceRow(
            row["column"],
            row["value"],
            row["items"],
            row["pooled"],
            {names[id]: Estimate(**value) for id, value in row["estimates"].items() if id in names},
            tuple(_rival(one, names) for one in row["against"] if one["other"] in names),
        )
        for row in found["rows"]
    ]
    own = of(results)

    def place(row: SliceRow) -> tuple[bool, bool, float]:
        return bool(row.pooled), not row.lost, row.estimates[own.name].value if own and own.name in row.estimates else 0.0

    return sorted(rows, key=place)


def _rival(body: Mapping[str, Any], names: Mapping[str, str]) -> Rival:
    return Rival(
        name=names[body["other"]],
        difference=body["difference"],
        low=body["low"],
        high=body["high"],
        p_adjusted=body["p_adjusted"],
        n=body["n"],
        lost=loses(body["p_adjusted"], body["difference"]),
    )


def of(results: Results) -> CandidateReport | None:
    """Whose slices are looked at."""
    return chosen(results) or provisional(results)


def said(results: Results) -> list[str]:
    """How the slices were made."""
    return list((results.decision.get("slices") or {}).get("said", ()))


def worst(results: Results) -> str:
    """Where the chosen one does worst, in a sentence; empty without slices, or where it does as well in all."""
    own = of(results)
    rows = [row for row in slice_rows(results) if not row.pooled]
    if own is None or not any(own.name in row.estimates for row in rows):
        return ""
    rows.sort(key=lambda row: row.estimates[own.name].value)
    best = rows[-1].estimates[own.name].value
    low = [row for row in rows if row.estimates[own.name].value < best][:FEW]
    if not low:
        return ""
    named = "; ".join(
        f"{row.column} {row.value}: {numbers.estimate(row.estimates[own.name])} of {row.items}" for row in low
    )
    more = f" (of {numbers.plural(len(rows), 'slice')})" if len(rows) > len(low) else ""
    return f"{own.name} does worst where{more}: {named}"
