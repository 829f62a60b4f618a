"""Decide a finished study again with other prices, limits, margin or target; no model is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from crossover.cli.output import json_out, results_alone, tell
from crossover.report.table import glance, verdict_text
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results
from crossover.study.redecide import redecide


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A price, limit or demand: limits.requests_per_month=50000, prices.input=0.2, margin=0.02; also several.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the new decision instead.")] = False,
) -> None:
    """Decide a finished study again with other prices, limits, margin or target; no model is asked.

    The first decision stays; the new one is kept beside it, in history/, and 'crossover show' names it.
    """
    folder = StudyFolder(study)
    with results_alone():
        file = redecide(folder, settings or ())
    if as_json:
        typer.echo(json_out(file.read_text(encoding="utf-8")), nl=False)
        return
    results, first = read_results(folder, file), read_results(folder)
    console = Console(highlight=False)
    console.print(glance(results, console.width))
    console.print(verdict_text(results))
    changed = "; ".join(results.decision["redecided"]["changed"]) or "nothing"
    tell(console, f"changed: {changed}")
    console.print(_beside(results.decision["verdict"], first.decision["verdict"]), markup=False)
    console.print(f"kept as {file}; the first decision stays", soft_wrap=True, markup=False)


def _beside(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Whether a verdict is another one, by what a reader takes from it: as what would flip it is searched for."""
    if now["falls_short"] and before["falls_short"]:
        other = (now["choice"] or now["provisional"]) != (before["choice"] or before["provisional"])
    else:
        other = any(now[key] != before[key] for key in ("kind", "choice", "provisional"))
    if other:
        return "the verdict is another one"
    if now["target_met"] != before["target_met"] or bool(now["falls_short"]) != bool(before["falls_short"]):
        return "the candidate is the same, and what is said of how well it does is another"
    return "the verdict is the same"
