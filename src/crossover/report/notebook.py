"""The verdict and the candidates as a piece of HTML, for a notebook's cell. All text in it is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.report.page import environment
from crossover.report.rows import glance_rows
from crossover.report.verdict import headline, metric_name
from crossover.study.results import Results


def verdict_html(sentence: str, reasons: Sequence[str], warnings: Sequence[str]) -> str:
    """The verdict with its reasons and warnings."""
    return _filled(headline=sentence, reasons=reasons, warnings=warnings, rows=[], metric="", task=None)


def study_html(results: Results) -> str:
    """The verdict, and one row for each candidate."""
    found = results.decision["verdict"]
    return _filled(
        headline=headline(results),
        reasons=found["reasons"],
        warnings=found["warnings"],
        rows=glance_rows(results),
        metric=metric_name(results),
        task=results.task,
    )


def _filled(**context: object) -> str:
    return environment().get_template("notebook.html").render(context)
