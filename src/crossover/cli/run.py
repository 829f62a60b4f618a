"""Climb the ladder for a task file: measure every rung, decide, and write the report."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.cli.output import json_out
from crossover.cli.screen import screen
from crossover.decision import numbers
from crossover.engine.address import address
from crossover.errors import pasted
from crossover.report.page import write_report
from crossover.report.plan import plan_text
from crossover.report.table import foot, glance, verdict_text
from crossover.study.joining import address_of
from crossover.study.read import read_results
from crossover.study.run import paid, preview_study, run_study


def command(
    task: Annotated[Path, typer.Argument(help="The task file; 'crossover init' writes one.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The study's folder (default: runs/NAME, NAME from the task file)."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Instead of the task file's model; the default folder is then runs/NAME-MODEL."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A key of the task file in the place of the file's own, such as limits.minutes=10; again for another key.",
        ),
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal",
            metavar="URL",
            help="Keep the journal in PostgreSQL: postgresql://[USER@]HOST/DATABASE; the study's folder remembers it.",
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="ray[:HOST:PORT]",
            help="Climb rungs side by side: on this machine's cores, or on the Ray cluster that it is a node of.",
        ),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Print what it would take (calls, tokens, time, money) and what it could show; stop."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before a run whose calls cost money or leave this machine.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print decision.json at the end instead of the table; with --plan, the plan.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Climb the ladder for a task file: measure every rung, decide, and write the report.

    Everything is journaled as it happens: interrupted, the same command continues; finished, it costs no model call.
    """
    if plan:
        if journal is not None:
            address(journal)
        if on is not None:
            address_of(on)
        with screen(quiet or as_json) as listener:
            found = preview_study(task, model, settings or (), listener)
        if as_json:
            typer.echo(json_out(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n"), nl=False)
        else:
            Console(highlight=False).print(plan_text(found))
        return
    if not (yes or quiet or as_json) and _terminal():
        _agreed(task, out, model, settings or ())
    began = time.monotonic()
    with screen(quiet or as_json) as listener:
        folder = run_study(task, out, listener, model, settings or (), journal, on)
    results = read_results(folder)
    report = write_report(results, folder.report)
    if as_json:
        typer.echo(json_out(folder.decision.read_text(encoding="utf-8")), nl=False)
        return
    console = Console(highlight=False)
    console.print(glance(results, console.width))
    console.print(verdict_text(results))
    if quiet and (under := foot(results)) is not None:  # else it was said before anything was spent
        console.print(under)
    console.print(f"report: {report}", soft_wrap=True, markup=False)
    place = pasted(folder.path)  # a command is copied whole
    if results.decision["verdict"]["choice"] or results.decision["verdict"]["provisional"]:
        console.print(f"use it: crossover predict {place}   crossover export {place} OUT", soft_wrap=True, markup=False)
    own, all_in_all = time.monotonic() - began, results.decision["spent"]["seconds"]
    earlier = f", {numbers.duration(all_in_all)} with earlier runs" if all_in_all > 1.1 * own else ""
    console.print(f"finished in {numbers.duration(own)}{earlier}", markup=False)


def _terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _agreed(task: Path, out: Path | None, model: str | None, settings: Sequence[str]) -> None:
    """Before anything is asked of a model that costs money: show the plan, and go on only where the user says so."""
    models = paid(task, out, model, settings)
    if not models:
        return
    with screen(False) as listener:
        found = preview_study(task, model, settings, listener)
    Console(highlight=False).print(plan_text(found))
    if not typer.confirm(f"This asks {' and '.join(models)}, which costs money or sends data away. Go on?"):
        typer.echo("nothing was asked")
        raise typer.Exit(1)
