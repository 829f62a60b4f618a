"""The report: one HTML file that needs no network and no script, the verdict first."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from crossover.decision import numbers
from crossover.errors import StudyError
from crossover.report import plots, slices, verdict
from crossover.report.rows import chosen, glance_rows, tested_best_first
from crossover.study.results import CandidateReport, Results

MOST_DISAGREEMENTS = 40
MOST_PAIRS = 12  # of confused labels, beside the matrix
MOST_ROWS = 12  # of a data finding
MOST_SLICES = 12


@dataclass(frozen=True)
class Trace:
    """One tuned candidate's epochs, drawn."""

    candidate: CandidateReport
    loss: str
    metric: str


def write_report(results: Results, path: Path) -> Path:
    """Write the report to `path` and return it. The file appears whole or not at all.

    The same results give the same bytes. Raises `StudyError` when the file cannot be written.
    """
    page = render(results)
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".html", delete=False) as file:
            draft = Path(file.name)
            file.write(page)
        draft.chmod(0o644)  # a temporary file is readable by its owner only
        os.replace(draft, path)
    except OSError as error:
        if draft:
            draft.unlink(missing_ok=True)
        raise StudyError(f"the report cannot be written to {path}: {error.strerror or error}") from error
    return path


def render(results: Results) -> str:
    """The report as one string of HTML."""
    return environment().get_template("report.html").render(_context(results))


def environment() -> jinja2.Environment:
    """The templates' environment: everything that is filled in is escaped; `n` writes numbers."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("crossover.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["n"] = numbers
    return made


def _context(results: Results) -> dict[str, Any]:
    metric, curve = verdict.metric_name(results), results.decision["crossover"]["curve"]
    labels = results.decision["crossover"]["labels"]
    crossing = labels["value"] if labels else None
    widths = (plots.WIDE, plots.NARROW)
    confusion = results.confusion
    drawable = confusion is not None and 0 < len(confusion.labels) <= plots.MOST_LABELS
    return {
        "results": results,
        "decision": results.decision,
        "task": results.task,
        "metric": metric,
        "kind": verdict.label(results),
        "headline": verdict.headline(results),
        "facts": verdict.facts(results),
        "choice": chosen(results),
        "rows": glance_rows(results),
        "families": list(dict.fromkeys(candidate.family for candidate in results.candidates)),
        "leaderboards": [plots.leaderboard(results, width) for width in widths] if tested_best_first(results) else [],
        "names": {candidate.id: candidate.name for candidate in results.candidates if candidate.same_as is None},
        "comparisons": _comparisons(results),
        "slices": slices.slice_rows(results),
        "sliced": slices.said(results),
        "most_slices": MOST_SLICES,
        "shown": slices.of(results),
        "crossover": verdict.crossover_sentences(results),
        "flips": verdict.flip_sentences(results),
        "costs": [plots.cumulative_cost(results, width) for width in widths],
        "sensitivity": verdict.sensitivity_sentence(results),
        "curves": [plots.learning_curve(curve, crossing, metric, width) for width in widths] if curve else [],
        "traces": [
            Trace(
                candidate,
                plots.loss_trace(candidate, f"loss-{number}"),
                plots.metric_trace(candidate, f"metric-{number}", metric),
            )
            for number, candidate in enumerate(c for c in results.candidates if c.trace)
        ],
        "forgetful": [candidate for candidate in results.candidates if candidate.forgetting],
        "replayed": results.decision.get("forgetting", {}).get("said", []),
        "confusion_plot": plots.confusion_matrix(confusion) if confusion and drawable else None,
        "confused": plots.most_confused(confusion, MOST_PAIRS if drawable else 2 * MOST_PAIRS) if confusion else [],
        "answerers": _answerers(results),
        "disagreements": results.disagreements[:MOST_DISAGREEMENTS],
        "most_rows": MOST_ROWS,
        "currency": next((candidate.currency for candidate in results.candidates), ""),
        "command": verdict.command_line(results),
    }


def _comparisons(results: Results) -> list[tuple[str, list[dict[str, Any]]]]:
    """The pairs that the verdict rests on, then those against the baseline, each under its heading."""
    pairs: list[dict[str, Any]] = results.decision["comparisons"]
    baseline = [pair for pair in pairs if pair.get("family") == "baseline"]
    groups = [("For the verdict", [pair for pair in pairs if pair not in baseline]), ("Against the baseline", baseline)]
    return [(title, group) for title, group in groups if group]


def _answerers(results: Results) -> list[str]:
    """The names of the candidates that answer in the shown disagreements, in ladder order."""
    answering = {name for item in results.disagreements for name in item.answers}
    return [candidate.name for candidate in results.candidates if candidate.name in answering]
