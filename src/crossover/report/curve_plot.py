"""The drawing of the learning curves: the metric by number of labels, and where the weights overtake the prompt."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from crossover.decision import numbers
from crossover.report.plots import HALF, told_apart
from crossover.report.svg import BAND, FAMILIES, INK, MUTED, PAPER, PROMPT, WEIGHTS, axes_in, blank, inline, style, write

APART = 1.025  # between the intervals of two families at one number of labels


def learning_curve(crossover: Mapping[str, Any], metric: str, width: int = HALF) -> str:
    """The metric by number of labels, one line a family: points with intervals, the fitted curve with its band, dashed
    where it goes beyond what was measured, and the crossing with its interval.

    `crossover`: that of decision.json, with at least one point.
    """
    from matplotlib.ticker import NullFormatter, NullLocator

    points: Sequence[Mapping[str, Any]] = crossover["curve"]
    families = list(dict.fromkeys(point["series"] for point in points))
    measured = max(point["labels"] for point in points)
    with style():
        figure = blank(width, 320)
        axes = axes_in(figure, left=46, right=104 if width == HALF else 74, top=40, bottom=44)
        axes.set_xscale("log")
        ends = []
        for number, (family, colour) in enumerate(zip(families, _line_colours(families), strict=True)):
            line = [point for point in points if point["series"] == family]
            fitted = [point for point in crossover.get("fits", ()) if point["series"] == family]
            _band(axes, fitted, measured, colour)
            beside = APART ** (number - (len(families) - 1) / 2)  # so that no interval hides another
            x, y = [beside * p["labels"] for p in line], [100 * p["value"] for p in line]
            around = [[100 * (p["value"] - p["low"]) for p in line], [100 * (p["high"] - p["value"]) for p in line]]
            axes.errorbar(x, y, around, fmt="o", color=colour, markersize=6, markeredgecolor=PAPER, elinewidth=1.2)
            ends.append((str(line[0].get("name", family)), (fitted or line)[-1]))
        shown = told_apart([name for name, _ in ends], 15 if width == HALF else 10)
        _names(axes, [(name, end) for name, (_, end) in zip(shown, ends, strict=True)])
        _crossing(axes, crossover)
        ticks = _ticks([point["labels"] for point in (*points, *crossover.get("fits", ()))])
        axes.set_xticks(ticks, [numbers.count(tick) for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter("{x:g} %")
        axes.set_xlabel("labels (training and dev rows)")
        return inline(figure, f"curve-{width}", f"{metric} by number of labels", " ".join(crossover.get("said", ())))


def _band(axes: Any, fitted: Sequence[Mapping[str, Any]], measured: float, colour: str) -> None:
    """A fitted curve: full as far as it was measured, dashed beyond."""
    x, y = [p["labels"] for p in fitted], [100 * p["value"] for p in fitted]
    axes.fill_between(
        x, [100 * p["low"] for p in fitted], [100 * p["high"] for p in fitted], color=colour, alpha=0.12, linewidth=0
    )
    inside = sum(labels <= measured * 1.001 for labels in x)
    axes.plot(x[:inside], y[:inside], color=colour)
    axes.plot(x[max(inside - 1, 0) :], y[max(inside - 1, 0) :], color=colour, linestyle=(0, (3, 2)))


def _names(axes: Any, ends: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """The names of the lines behind their ends, far enough from each other to be read."""
    low, high = axes.get_ylim()
    gap = 0.065 * (high - low)
    at = -math.inf
    for name, end in sorted(ends, key=lambda pair: pair[1]["value"]):
        at = max(100 * end["value"], at + gap)
        write(axes, name, (1, at), (8, 0), on="y", va="center", fontsize=11)
    axes.set_ylim(low, max(high, at))


def _crossing(axes: Any, crossover: Mapping[str, Any]) -> None:
    """The labels that there are, and the crossing with its interval, whose ends may be open."""
    left, right = axes.get_xlim()
    labels, have = crossover.get("labels"), crossover.get("have")
    if have is not None:
        axes.axvline(have, color=MUTED, linewidth=1, zorder=1)
        write(axes, f"you have {numbers.count(have)}", (have, 1), (0, 6), on="x", ha="center", fontsize=11, color=MUTED)
    if labels and labels["value"] is not None:
        low, high = labels["low"] or left, labels["high"] or right
        axes.axvspan(low, high, color=BAND, linewidth=0, zorder=0)
        axes.axvline(labels["value"], color=INK, linewidth=1.4, linestyle=(0, (4, 3)), zorder=1)
        name = f"crossover {numbers.about(labels['value'], numbers.digits(labels['low'], labels['high']))}"
        write(axes, name, (labels["value"], 1), (0, 21), on="x", ha="center", fontsize=11)
    axes.set_xlim(left, right)


def _ticks(labels: Sequence[float]) -> list[int]:
    """1, 2, 5, 10, 20 ... inside the labels; all of them where there are few."""
    low, high = min(labels), max(labels)
    steps = [step * 10**power for power in range(9) for step in (1, 2, 5) if low <= step * 10**power <= high]
    return steps if len(steps) >= 2 else sorted({round(low), round(high)})


def _line_colours(names: Sequence[str]) -> list[str]:
    """A family's line has the family's colour; the others take turns."""
    turns = itertools.cycle((WEIGHTS, PROMPT, *FAMILIES.values()))
    return [FAMILIES.get(name) or next(turns) for name in names]
