"""A study's page: the verdict and what backs it, as the report says it."""

from __future__ import annotations

import re
import threading
from typing import Any

from crossover.report import plots, verdict
from crossover.report.curve_plot import learning_curve
from crossover.report.rows import chosen, glance_rows, provisional, tested_best_first
from crossover.study.results import Results

DRAWING = threading.Lock()  # matplotlib's settings are one for all threads
OWN_STYLE = re.compile(r"<style[^>]*>.*?</style>", re.S)  # which the page's policy does not let in; studio.css has it


def study_context(results: Results) -> dict[str, Any]:
    """What the page of a study is filled with."""
    return {
        "results": results,
        "decision": results.decision,
        "task": results.task,
        "kind": verdict.label(results),
        "headline": verdict.headline(results),
        "lead": verdict.lead(results),
        "facts": verdict.facts(results),
        "reasons": _reasons(results),
        "rows": glance_rows(results),
        "choice": chosen(results),
        "used": chosen(results) or provisional(results),
        "flips": verdict.flip_sentences(results),
        "metric": verdict.metric_name(results),
        "crossover": verdict.crossover_sentences(results),
        "command": verdict.command_line(results),
        **drawings(results),
    }


def _reasons(results: Results) -> list[str]:
    said = results.decision["crossover"].get("said") or ()
    return [reason for reason in results.decision["verdict"]["reasons"] if reason not in said]


def drawings(results: Results) -> dict[str, list[str]]:
    """The leaderboard and both crossovers, each for a desk and for a phone; an empty list where nothing is to be drawn."""
    crossover, metric = results.decision["crossover"], verdict.metric_name(results)
    halves = (plots.HALF, plots.NARROW)
    with DRAWING:
        boards = [plots.leaderboard(results, w) for w in (plots.WIDE, plots.NARROW)] if tested_best_first(results) else []
        curves = [learning_curve(crossover, metric, width) for width in halves] if crossover["curve"] else []
        costs = [drawn for width in halves if (drawn := plots.cumulative_cost(results, width))]
    return {"leaderboards": bare(boards), "curves": bare(curves), "request_curves": bare(costs)}


def bare(drawn: list[str]) -> list[str]:
    """Drawings without style sheets of their own."""
    return [OWN_STYLE.sub("", svg) for svg in drawn]
