"""The report's drawings: leaderboard, learning curves, costs, tuning traces, confusion matrix. Each returns inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from crossover.decision import numbers
from crossover.report.rows import cost_lines, tested_best_first
from crossover.report.svg import (
    BAND,
    FAMILIES,
    GRID,
    INK,
    MUTED,
    PAPER,
    PROMPT,
    WEIGHTS,
    axes_in,
    blank,
    inline,
    style,
    write,
)
from crossover.report.verdict import metric_name
from crossover.study.results import CandidateReport, Confusion, Results
from crossover.types import Epoch

WIDE, NARROW = 1024, 350  # CSS pixels: a desk and a phone
HALF = 500  # two drawings side by side
FEW_TICKS = 100  # times the smallest cost, within which powers of ten are too few ticks
MOST_LABELS = 30  # a larger confusion matrix is not readable as a drawing


def shorten(text: str, most: int) -> str:
    """The text on one line, cut with an ellipsis after `most` characters; "(empty)" for none."""
    line = " ".join(text.split()) or "(empty)"
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def told_apart(texts: Sequence[str], most: int) -> list[str]:
    """Each as `shorten` has it; those that would look the same by their ends: "…tion+lora"."""
    short = [shorten(text, most) for text in texts]
    return [
        one if short.count(one) == 1 or one == text else "…" + " ".join(text.split())[1 - most :].lstrip()
        for one, text in zip(short, texts, strict=True)
    ]


def leaderboard(results: Results, width: int = WIDE) -> str:
    """Dev (hollow) and test (full) estimates with their intervals, the best tested first, and the target line.

    Needs at least one candidate with an estimate.
    """
    from matplotlib.ticker import MaxNLocator

    ranked = tested_best_first(results)
    names = told_apart([candidate.name for candidate in ranked], 30 if width == WIDE else 17)
    target, choice = results.task["target"], results.decision["verdict"]["choice"]
    ends = [100 * end for c in ranked for shown in (c.dev, c.test) if shown for end in (shown.low, shown.high)]
    ends += [] if target is None else [100 * target]
    with style():
        figure = blank(width, 64 + 34 * len(ranked))
        axes = axes_in(figure, left=24 + 7 * max(map(len, names)), right=96, top=24, bottom=40)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        for y, (name, candidate) in enumerate(zip(names, ranked, strict=True)):
            weight = "bold" if candidate.id == choice else "normal"
            if candidate.id == choice:
                axes.axhspan(y - 0.5, y + 0.5, color=BAND, linewidth=0)
            _intervals(axes, y, candidate)
            write(axes, name, (0, y), (-12, 0), on="y", ha="right", va="center", weight=weight)
            figures = numbers.percent(candidate.test.value) if candidate.test else _dev(candidate)
            ink = INK if candidate.test else MUTED
            write(axes, figures, (1, y), (10, 0), on="y", va="center", weight=weight, color=ink)
        if target is not None:
            _marker(axes, 100 * target, f"target {numbers.percent(target)}")
        axes.set_xlim(max(0, min(ends) - 4), min(100, max(ends) + 4))
        axes.set_ylim(len(ranked) - 0.5, -0.5)
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(8 if width == WIDE else 2, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter("{x:g} %" if width == WIDE else "{x:g}")  # else the ticks run into each other
        axes.set_xlabel(metric_name(results) + ("" if width == WIDE else ", %"))
        title = f"{metric_name(results)} of each candidate with its 95 % interval"
        return inline(figure, f"leaderboard-{width}", title)


def _intervals(axes: Any, y: float, candidate: CandidateReport) -> None:
    colour = FAMILIES[candidate.family]
    alone = candidate.test is None or candidate.dev is None
    for estimate, full in ((candidate.test, True), (candidate.dev, False)):
        if estimate is None:
            continue
        at = y if alone else y - 0.13 if full else y + 0.2
        ends, look = [100 * estimate.low, 100 * estimate.high], {"color": colour, "alpha": 1 if full else 0.75}
        axes.plot(ends, [at, at], linewidth=3 if full else 1.4, **look)
        fill, edge, size = (colour, PAPER, 9) if full else (PAPER, colour, 5.5)
        dot = {
            "markersize": size,
            "mfc": fill,
            "mec": edge,
            "markeredgewidth": 1.5,
            "clip_on": False,
        }  # whole also at 100 %
        axes.plot(100 * estimate.value, at, "o", **dot)


def _dev(candidate: CandidateReport) -> str:
    return f"{numbers.percent(candidate.dev.value)} dev" if candidate.dev else numbers.ABSENT


def loss_trace(candidate: CandidateReport, name: str) -> str:
    """Training and dev loss by epoch, in nats per answer token."""
    return losses(candidate.trace, FAMILIES[candidate.family], name, f"Loss of {candidate.name} by epoch, on train and dev")


def losses(trace: Sequence[Epoch], colour: str, name: str, title: str) -> str:
    """The same of any epochs."""
    series = [
        ("train", [_known(line.train_loss) for line in trace], MUTED, "--"),
        ("dev", [_known(line.dev_loss) for line in trace], colour, "-"),
    ]
    return _trace([line.epoch for line in trace], series, name, title, "{x:g}", floor=0)


def _known(loss: float | None) -> float:
    return math.nan if loss is None else loss  # nothing is drawn there


def metric_trace(candidate: CandidateReport, name: str, metric: str) -> str:
    """The dev metric by epoch, in percent."""
    return scores(candidate.trace, FAMILIES[candidate.family], name, f"{metric} of {candidate.name} on dev by epoch")


def scores(trace: Sequence[Epoch], colour: str, name: str, title: str) -> str:
    """The same of any epochs."""
    dev = [100 * line.dev_metric for line in trace]
    return _trace([line.epoch for line in trace], [("dev", dev, colour, "-")], name, title, "{x:g} %", mark_best=True)


def _trace(
    epochs: Sequence[int],
    series: Sequence[tuple[str, Sequence[float], str, str]],
    name: str,
    title: str,
    tick: str,
    floor: float | None = None,
    mark_best: bool = False,
) -> str:
    from matplotlib.ticker import MaxNLocator

    several = len(series) > 1
    with style():
        figure = blank(250, 150)
        axes = axes_in(figure, left=42, right=42 if several else 12, top=10, bottom=36)
        for _, values, colour, line in series:
            axes.plot(epochs, values, line, color=colour, marker="o", markersize=4, markeredgewidth=0)
        if mark_best:
            values, colour = series[0][1], series[0][2]
            best = max(range(len(values)), key=lambda i: values[i])
            axes.plot(epochs[best], values[best], "o", markersize=10, mfc="none", mec=colour, markeredgewidth=1.5)
        axes.margins(x=0.04, y=0.12)
        if floor is not None:
            axes.set_ylim(bottom=floor)
        if several:  # the caption names a line that is alone
            ends = _apart([values[-1] for _, values, _, _ in series], axes)
            for (label, *_), y in zip(series, ends, strict=True):
                write(axes, label, (1, y), (8, 0), on="y", va="center", fontsize=11, color=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(tick)
        axes.set_xlabel("epoch")
        return inline(figure, name, title)


def _apart(ends: Sequence[float], axes: Any) -> list[float]:
    """Where to write the names of lines that end at `ends`, so that two names do not overlap."""
    low, high = axes.get_ylim()
    gap = 0.16 * (high - low)
    if len(ends) == 2 and abs(ends[0] - ends[1]) < gap:
        middle, half = (ends[0] + ends[1]) / 2, gap / 2 if ends[0] >= ends[1] else -gap / 2
        return [middle + half, middle - half]
    return list(ends)


def cumulative_cost(results: Results, width: int = HALF) -> str:
    """What the champions cost in all by the number of requests: what is paid whatever is asked, then each request.

    Both axes are logarithmic. Bands are 95 % intervals over requests' lengths, measured speed and prices given as ranges;
    the crossing is marked with its interval, and the requests that are planned. Empty where fewer than two cost anything.
    """
    import numpy
    from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

    lines = [(c, c.cost) for c in cost_lines(results) if c.cost and (c.cost_fixed or c.cost_per_1k)]
    if len(lines) < 2:
        return ""
    found = results.decision["crossover"]
    crossing, planned, currency = found["requests"], found.get("requests_planned") or 0.0, lines[0][0].currency
    most = max(planned, (crossing or {}).get("value") or 0.0, 1000.0)
    requests = numpy.geomspace(min(100.0, most / 1000), 10 * most, 200)
    with style():
        figure = blank(width, 320)
        axes = axes_in(figure, left=64, right=128 if width > NARROW else 92, top=40, bottom=44)
        axes.set_xscale("log")
        axes.set_yscale("log")
        ends = []
        names = told_apart([candidate.name for candidate, _ in lines], 16 if width > NARROW else 11)
        for name, (candidate, cost) in zip(names, lines, strict=True):
            colour = FAMILIES[candidate.family]
            total = candidate.cost_fixed + candidate.cost_per_1k * requests / 1000
            if cost.fixed_interval and cost.per_1k_interval:
                low, high = (
                    once + each * requests / 1000
                    for once, each in zip(cost.fixed_interval, cost.per_1k_interval, strict=True)
                )
                axes.fill_between(requests, numpy.maximum(low, total * 1e-3), high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(requests, total, color=colour)
            ends.append((float(total[-1]), name))
        bottom, top = axes.get_ylim()
        gap, last = 0.07 * numpy.log(top / bottom), -numpy.inf
        for y, name in sorted(ends):  # names that would overlap are written one above the other
            last = max(float(numpy.log(y)), last + gap)
            write(axes, name, (1, float(numpy.exp(last))), (8, 0), on="y", va="center")
        if crossing and crossing["value"]:
            axes.axvspan(
                max(crossing["low"] or 0.0, requests[0]),
                crossing["high"] or requests[-1],
                color=BAND,
                linewidth=0,
                zorder=0,
            )
            shown = numbers.about(crossing["value"], numbers.digits(crossing["low"], crossing["high"]))
            _marker(axes, crossing["value"], f"crossing: {shown}")
        if planned:
            axes.axvline(planned, color=MUTED, linewidth=1.4, linestyle=":", zorder=1)
            write(
                axes,
                f"planned: {numbers.count(planned)}",
                (planned, 1),
                (0, 22),
                on="x",
                ha="center",
                fontsize=11,
                color=MUTED,
            )
        axes.set_xlim(requests[0], requests[-1])
        few = 8 if width > NARROW else 4
        axes.xaxis.set_major_locator(LogLocator(numticks=few))
        steps = (1.0,) if top / bottom > FEW_TICKS else (1.0, 2.0, 5.0)
        axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=6))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))  # 100k, 1M: else the ticks run into each other
        axes.yaxis.set_major_formatter(lambda value, _: numbers.count(value) if value >= 1 else numbers.money(value, ""))
        axes.set_xlabel(f"requests (cost in all, {currency})")
        return inline(figure, f"cost-{width}", "Cumulative cost by number of requests")


def confusion_matrix(confusion: Confusion) -> str:
    """A heat map: rows are gold labels, columns predictions; the shade is the share of the row."""
    count = len(confusion.labels)
    cell = max(20, min(54, 620 // count))
    longest = max(len(shorten(label, 22)) for label in confusion.labels)
    # The headings lean to the right: 11-pixel letters are about 7 wide, so a letter goes 4.5 to the right and 5.5 up.
    over = max(4.5 * len(shorten(label, 22)) - cell * (count - 0.5 - i) for i, label in enumerate(confusion.labels))
    left, top, right = 16 + 7 * longest, 20 + 5.5 * longest, max(8, over)
    with style():
        from matplotlib.patches import Rectangle

        figure = blank(left + cell * count + right, top + cell * count + 8)
        axes = axes_in(figure, left=left, right=right, top=top, bottom=8)
        axes.grid(visible=False)
        axes.set_xlim(0, count)
        axes.set_ylim(count, 0)
        for row, counts in enumerate(confusion.counts):
            for column, number in enumerate(counts):
                shade: dict[str, Any] = {"facecolor": GRID, "alpha": 0.25}
                if number:
                    shade = {
                        "facecolor": PROMPT if row == column else WEIGHTS,
                        "alpha": 0.15 + 0.6 * number / sum(counts),
                    }
                    at, size = (column + 0.5, row + 0.5), 12 if cell >= 28 else 9
                    write(axes, str(number), at, (0, 0), ha="center", va="center", fontsize=size)
                axes.add_patch(Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, linewidth=0, **shade))
        names, middles = [shorten(label, 22) for label in confusion.labels], [i + 0.5 for i in range(count)]
        axes.set_yticks(middles, names)
        axes.set_xticks(middles, names, rotation=50, ha="left", rotation_mode="anchor")
        axes.xaxis.tick_top()
        axes.tick_params(labelcolor=INK)
        axes.spines[:].set_visible(False)
        title = f"Confusion matrix of {confusion.candidate}: gold labels by predicted labels"
        return inline(figure, "confusion", title)


def most_confused(confusion: Confusion, most: int = 20) -> list[tuple[str, str, int, int]]:
    """(gold, predicted, items, items of that gold label) off the diagonal, the largest first."""
    found = [
        (gold, confusion.labels[column], number, sum(counts))
        for row, (gold, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True))
        for column, number in enumerate(counts)
        if number and column != row
    ]
    return sorted(found, key=lambda pair: -pair[2])[:most]


def _marker(axes: Any, x: float, text: str) -> None:
    """A dashed vertical line with its name above it."""
    axes.axvline(x, color=INK, linewidth=1.4, linestyle=(0, (4, 3)), zorder=1)
    write(axes, text, (x, 1), (0, 7), on="x", ha="center", fontsize=11)
