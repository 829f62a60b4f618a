"""Figures with their goals: kept as JSON after each group, shown as a table at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number with its bar. `draws`: the same number for each seed, where it has one."""

    name: str
    value: float
    goal: float | None
    unit: str
    lower_is_better: bool
    draws: tuple[float, ...]

    @property
    def passed(self) -> bool | None:
        """Whether the bar is reached; None without one."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.lower_is_better else self.value >= self.goal


@dataclass
class Board:
    """The figures so far. `prefix`: what all their names begin with."""

    path: Path
    prefix: str = ""
    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        name: str,
        draws: Sequence[float],
        goal: float | None = None,
        unit: str = "%",
        lower: bool = False,
        value: float | None = None,
    ) -> float:
        """Note a figure and return it: the mean over `draws`, unless `value` is given. `lower`: lower is better."""
        number = round(mean(draws) if value is None else value, 3)
        self.figures.append(Figure(self.prefix + name, number, goal, unit, lower, tuple(round(d, 3) for d in draws)))
        return number

    def save(self) -> None:
        """Write all figures, replacing the file as a whole."""
        body = {
            f.name: {
                "value": f.value,
                "goal": f.goal,
                "unit": f.unit,
                "lower_is_better": f.lower_is_better,
                "draws": len(f.draws),
            }
            for f in self.figures
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(fresh, self.path)

    def table(self) -> str:
        """A line for each figure: pass or fail, name, value, goal, the value of each draw."""
        width = max((len(f.name) for f in self.figures), default=0)
        sign = {True: "pass", False: "FAIL", None: ""}
        lines = []
        for f in self.figures:
            goal = "" if f.goal is None else f"{'<=' if f.lower_is_better else '>='} {f.goal:g}"
            draws = " ".join(f"{d:.1f}" for d in f.draws) if len(f.draws) > 1 else ""
            lines.append(f"{sign[f.passed]:4}  {f.name:{width}}  {f.value:8.1f} {f.unit:6} {goal:8}  {draws}".rstrip())
        missed = sum(f.passed is False for f in self.figures)
        bars = sum(f.goal is not None for f in self.figures)
        return "\n".join([*lines, f"{bars - missed} of {bars} bars are reached"])


def lines(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each figure of a script that makes them as they are written: name, value, unit, goal."""
    width, found = max(map(len, figures), default=0), []
    for name, figure in figures.items():
        bound = "at most" if figure["lower_is_better"] else "at least"
        goal = "" if figure["goal"] is None else f"  (goal: {bound} {figure['goal']})"
        found.append(f"{name:{width}} {figure['value']:8.2f} {figure['unit']}{goal}")
    return "\n".join(found)
