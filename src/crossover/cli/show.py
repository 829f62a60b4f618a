"""Show a finished study in the terminal: the experiment at a glance, and the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.cli.output import json_out
from crossover.report.table import glance, verdict_text
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print decision.json instead.")] = False,
) -> None:
    """Show a finished study in the terminal: the experiment at a glance, and the verdict."""
    folder = StudyFolder(study)
    if as_json:
        folder.read_decision()
        typer.echo(json_out(folder.decision.read_text(encoding="utf-8")), nl=False)
        return
    results = read_results(folder)
    console = Console(highlight=False)
    console.print(glance(results, console.width))
    console.print(verdict_text(results))
