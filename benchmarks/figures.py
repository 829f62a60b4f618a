"""Figures with their goals: printed as they come, written as JSON when asked."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any


class Figures:
    """Collects `{figure: {value, goal, unit, lower_is_better}}`; the file is rewritten after each figure."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._found: dict[str, dict[str, Any]] = {}

    def add(self, name: str, values: list[float], goal: float | None, unit: str, lower: bool = False) -> None:
        """The median of paired runs, with its range."""
        value = median(values)
        self._found[name] = {"value": round(value, 4), "goal": goal, "unit": unit, "lower_is_better": lower}
        self._found[name] |= {"low": round(min(values), 4), "high": round(max(values), 4), "runs": len(values)}
        reached = goal is None or (value <= goal if lower else value >= goal)
        mark = "    " if goal is None else ("pass" if reached else "FAIL")
        wanted = "" if goal is None else f"  {'<=' if lower else '>='} {goal:g}"
        print(f"{mark}  {name:58} {value:10.4g} ({min(values):.4g} to {max(values):.4g}) {unit}{wanted}", flush=True)
        if self._file:
            self._file.write_text(json.dumps(self._found, indent=1) + "\n")
