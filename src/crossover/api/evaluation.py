"""What candidates reached on rows that came after their study, as a Python object."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.decision import numbers
from crossover.report.notebook import verdict_html
from crossover.types import Estimate


@dataclass(frozen=True)
class Evaluation:
    """`path`: the file that holds it; `body`: its content. Shares are in [0, 1]."""

    path: Path
    body: dict[str, Any]

    @property
    def estimates(self) -> dict[str, Estimate]:
        """What each candidate reached, by name, with its 95 % interval."""
        return {row["name"]: Estimate(**row["estimate"]) for row in self.body["candidates"]}

    @property
    def comparisons(self) -> list[dict[str, Any]]:
        """Each further candidate minus the first, by name, on the same rows; `p_adjusted` by Holm over them."""
        names = {row["id"]: row["name"] for row in self.body["candidates"]}
        return [{**pair, "a": names[pair["a"]], "b": names[pair["b"]]} for pair in self.body["comparisons"]]

    @property
    def said(self) -> tuple[str, ...]:
        """What to take from it, in sentences."""
        return tuple(self.body["said"])

    @property
    def answers(self) -> list[dict[str, Any]]:
        """Every answer: candidate, row, gold, prediction, score (None where the call failed)."""
        lines = self.path.with_suffix(".jsonl").read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def __str__(self) -> str:
        reached = "; ".join(f"{name} {numbers.estimate(one)}" for name, one in self.estimates.items())
        return f"{self.body['data']['name']}, {numbers.plural(self.body['data']['rows'], 'row')}: {reached}"

    def _repr_html_(self) -> str:
        return verdict_html(str(self), self.said, [finding["message"] for finding in self.body["findings"]])
