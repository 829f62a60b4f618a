"""Export a study's winner: weights for plain transformers and PEFT, the prompt as messages, how to use them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossover.serve.export import export
from crossover.study.folder import StudyFolder


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    out: Annotated[Path, typer.Argument(help="A new folder for the export.")],
    candidate: Annotated[
        str | None, typer.Option("--candidate", "-c", help="A candidate's name (default: the verdict's choice).")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge an adapter into its base, so that transformers alone loads it.")
    ] = False,
) -> None:
    """Export a study's winner: weights for plain transformers and PEFT, the prompt as messages, how to use them."""
    files = export(StudyFolder(study), out, candidate, merge)
    typer.echo(f"wrote {out}: {', '.join(files)}")
