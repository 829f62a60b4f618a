"""Verdicts, candidates and what else a command prints as pieces of HTML, for a notebook's cell. All text is escaped."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType

from crossover.report.page import environment
from crossover.report.rows import glance_rows
from crossover.report.verdict import headline, metric_name
from crossover.study.results import Results

COLUMNS = 110


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


def printed_html(shown: RenderableType) -> str:
    """What a command prints, in letters of one width."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_jupyter=False, highlight=False)
    console.print(shown)
    form = '<pre class="crossover" style="line-height: 1.3; font-family: monospace">{code}</pre>'
    return console.export_html(inline_styles=True, code_format=form)


def _filled(**context: object) -> str:
    return environment().get_template("notebook.html").render(context)
