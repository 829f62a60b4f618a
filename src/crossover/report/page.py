"""The report: one HTML file that needs no network and no script, the verdict first."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from crossover.decision import numbers
from crossover.decision.terms import measure
from crossover.errors import StudyError
from crossover.evaluation.intervals import wilson
from crossover.report import plots, slices, verdict
from crossover.report.curve_plot import learning_curve
from crossover.report.rows import chosen, curve_names, curve_rows, glance_rows, tested_best_first
from crossover.study.results import CandidateReport, FieldRow, Results
from crossover.types import Estimate, Message

MOST_DISAGREEMENTS = 40
MOST_PAIRS = 12  # of confused labels, beside the matrix
MOST_ROWS = 12  # of a data finding
MOST_SLICES = 12
MOST_LETTERS = 2_000  # of a text that is unfolded: the rest is in the study, and on paper nothing stays folded
MOST_ASKED = 20_000  # letters of a prompt
MOST_TRIED = 30  # prompts and tunes on the way to a candidate


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


@functools.cache  # it keeps its compiled templates: a third of the work of a small page
def environment() -> jinja2.Environment:
    """The templates' environment: everything that is filled in is escaped; `n` writes numbers, `measure` a metric."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("crossover.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"n": numbers, "measure": measure, "asked": asked}
    made.globals |= {"most_letters": MOST_LETTERS, "most_tried": MOST_TRIED}
    return made


def asked(messages: Sequence[Message]) -> tuple[list[Message], int]:
    """As much of a request as a page can show: its messages from the first on, and its last, long ones cut; and how many
    between them are left out."""
    *before, last = [Message(message.role, _cut(message.content, MOST_ASKED // 4)) for message in messages]
    shown: list[Message] = []
    room = MOST_ASKED - len(last.content)
    for message in before:
        room -= len(message.content)
        if room < 0:
            break
        shown.append(message)
    return [*shown, last], len(before) - len(shown)


def _cut(text: str, most: int) -> str:
    more = len(text) - most
    return text if more <= 0 else f"{text[:most]}… and {numbers.plural(more, 'more character')}"


def _context(results: Results) -> dict[str, Any]:
    metric, crossover = verdict.metric_name(results), results.decision["crossover"]
    widths, halves = (plots.WIDE, plots.NARROW), (plots.HALF, plots.NARROW)
    confusion = results.confusion
    judging = results.task.get("metric_options") or {}
    judged = (results.decision.get("judge") or {}).get("said", ())
    drawable = confusion is not None and 0 < len(confusion.labels) <= plots.MOST_LABELS
    return {
        "results": results,
        "decision": results.decision,
        "task": results.task,
        "metric": metric,
        "rubric": judging.get("rubric"),
        "grades": judging.get("grades"),
        "assumptions": [said for said in results.assumptions if said not in judged],  # it has a section of its own
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
        "sensitivity": verdict.sensitivity_sentence(results),
        "lead": verdict.lead(results),
        "sure": verdict.confidence(results),
        "reasons": [r for r in results.decision["verdict"]["reasons"] if r not in crossover.get("said", ())],
        "curves": [learning_curve(crossover, metric, width) for width in halves] if crossover["curve"] else [],
        "request_curves": [drawn for width in halves if (drawn := plots.cumulative_cost(results, width))],
        "points": curve_rows(results),
        "point_names": curve_names(results),
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
        "fields": [(field, _shares(field)) for field in results.fields],
        "confusion_plot": plots.confusion_matrix(confusion) if confusion and drawable else None,
        "confused": plots.most_confused(confusion, MOST_PAIRS if drawable else 2 * MOST_PAIRS) if confusion else [],
        "answerers": _answerers(results),
        "disagreements": results.disagreements[:MOST_DISAGREEMENTS],
        "most_rows": MOST_ROWS,
        "currency": next((candidate.currency for candidate in results.candidates), ""),
        "at_most": _ranged(results.task),
        "command": verdict.command_line(results),
    }


def _ranged(task: Mapping[str, Any]) -> bool:
    """Whether some price is a range: what was spent is then counted at its upper end."""
    lists = [task.get("prices"), *(one.get("prices") for one in (task.get("models") or {}).values())]
    return any(isinstance(price, (list, tuple)) for one in lists for price in (one or {}).values())


def _comparisons(results: Results) -> list[tuple[str, list[dict[str, Any]]]]:
    """The pairs that the verdict rests on, then those against the baseline, each under its heading."""
    pairs: list[dict[str, Any]] = results.decision["comparisons"]
    baseline = [pair for pair in pairs if pair.get("family") == "baseline"]
    groups = [("For the verdict", [pair for pair in pairs if pair not in baseline]), ("Against the baseline", baseline)]
    return [(title, group) for title, group in groups if group]


def _shares(field: FieldRow) -> list[tuple[str, Estimate]]:
    """F1, precision and recall of a field with 95 % intervals (Wilson).

    F1 = 2 s / (1 + s) where s is the share of what is right in all that is right, wrong or missed (Hand, Christen and
    Kirielle 2021, "F*: an interpretable transformation of the F-measure").
    """
    right, seen = field.tp, field.tp + field.fp + field.fn
    star = _share(right, seen)
    value, low, high = (2 * end / (1 + end) for end in (star.value, star.low, star.high))
    return [
        ("F1", Estimate(seen, value, low, high)),
        ("Precision", _share(right, right + field.fp)),
        ("Recall", _share(right, right + field.fn)),
    ]


def _share(hits: int, of: int) -> Estimate:
    return Estimate(of, hits / of, *wilson(hits / of, of)) if of else Estimate(0, 0.0, 0.0, 1.0)


def _answerers(results: Results) -> list[str]:
    """The names of the candidates that answer in the shown disagreements, in ladder order."""
    answering = {name for item in results.disagreements for name in item.answers}
    return [candidate.name for candidate in results.candidates if candidate.name in answering]
