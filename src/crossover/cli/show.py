"""Show a study in the terminal: the experiment at a glance, and the verdict, or how far it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.cli.output import json_out
from crossover.importing.folder import FILE, read_body
from crossover.report.imported import imported
from crossover.report.table import foot, glance, verdict_text
from crossover.report.verdict import command_line
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a run, such as runs/NAME, or of an import.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print decision.json instead.")] = False,
) -> None:
    """Show a study in the terminal: the experiment at a glance, and the verdict, or how far it is."""
    if os.path.isfile(study / FILE):  # also of a name that is too long for one
        body = read_body(study)
        if as_json:
            typer.echo(json_out(json.dumps(body, indent=1, ensure_ascii=False)))
        else:
            Console(highlight=False).print(imported(body))
        return
    folder = StudyFolder(study)
    if as_json and not folder.begun:
        folder.read_decision()
        typer.echo(json_out(folder.decision.read_text(encoding="utf-8")), nl=False)
        return
    results = read_results(folder)
    if as_json:
        typer.echo(json_out(json.dumps(results.decision, indent=1, ensure_ascii=False)))
        return
    console = Console(highlight=False)
    if results.candidates:
        console.print(glance(results, console.width))
    console.print(verdict_text(results))
    if (under := foot(results)) is not None:
        console.print(under)
    if folder.begun or {"--set", "--model"} & set(results.options):
        console.print(f"run with: {command_line(results)}", soft_wrap=True, markup=False)
