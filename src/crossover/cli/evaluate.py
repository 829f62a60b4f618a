"""Measure a study's candidates on new labelled rows: paired, with intervals; the verdict stays as it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.cli.output import json_out
from crossover.cli.places import Place
from crossover.cli.screen import screen
from crossover.decision import numbers
from crossover.report.evaluated import evaluated
from crossover.study.evaluate import evaluate, paid_evaluation
from crossover.study.folder import StudyFolder, read_json


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    data: Annotated[
        Place,
        typer.Option("--data", "-d", help="Labelled rows with the task's own columns, in any format that 'run' reads."),
    ],
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidate",
            "-c",
            metavar="NAME",
            help="A candidate; again for another, which is compared with the first (default: the verdict's choice, and the"
            " champion of each side).",
        ),
    ] = None,
    money: Annotated[
        float | None, typer.Option("--money", min=0, help="The most that the calls may cost, in the study's currency.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before calls that cost money or leave this machine.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Measure a study's candidates on new labelled rows: paired, with intervals; the verdict stays as it is.

    What was found is kept in the study's folder, in evaluations/, and 'crossover show' names it.

    Every answer is kept as it arrives: interrupted, the same command continues, and no call is paid twice.
    """
    if not (yes or quiet or as_json) and sys.stdin.isatty() and sys.stdout.isatty():
        _agreed(study, data, candidates or [])
    with screen(quiet or as_json) as listener:
        file = evaluate(StudyFolder(study), data, candidates or (), money, listener)
    if as_json:
        typer.echo(json_out(file.read_text(encoding="utf-8")), nl=False)
        return
    console = Console(highlight=False)
    console.print(evaluated(read_json(file), known=not quiet))
    console.print(f"kept as {file}; every answer: {file.with_suffix('.jsonl')}", soft_wrap=True, markup=False)


def _agreed(study: Path, data: str, candidates: list[str]) -> None:
    """Before anything is asked of a model that costs money: go on only where the user says so."""
    models, calls = paid_evaluation(StudyFolder(study), data, candidates)
    if not models:
        return
    asked = f"up to {numbers.plural(calls, 'call')} of {' and '.join(models)}, which costs money or sends data away"
    if not typer.confirm(f"This makes {asked}. Go on?"):
        typer.echo("nothing was asked")
        raise typer.Exit(1)
