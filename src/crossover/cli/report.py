"""Write the report of a study again: one HTML file that needs no network; of an unfinished one, what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossover.report.page import write_report
from crossover.study.folder import StudyFolder
from crossover.study.read import read_results


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a run, such as runs/NAME.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write it (default: report.html in the folder).")
    ] = None,
) -> None:
    """Write the report of a study again: one HTML file that needs no network; of an unfinished one, what there is."""
    folder = StudyFolder(study)
    typer.echo(write_report(read_results(folder), out or folder.report))
