"""Publish a finished study to MLflow, or its prompt to PromptLayer; publishing again brings it up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.cli.output import tell
from crossover.publish.open import publish
from crossover.study.folder import StudyFolder


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="mlflow: runs with figures, report and the winner's prompt; promptlayer: that prompt as a template.",
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(help="What the prompt is released as, such as production: MLflow's alias, PromptLayer's label."),
    ] = None,
    candidate: Annotated[
        str | None, typer.Option("--candidate", "-c", help="Whose prompt (default: the verdict's choice).")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="The server's address (default: MLFLOW_TRACKING_URI; PROMPTLAYER_BASE_URL, or PromptLayer's own). Keys"
            " are read from the environment alone: PROMPTLAYER_API_KEY, and MLflow's own variables."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is called there (default: the task's name).")] = None,
    rows: Annotated[
        bool,
        typer.Option(
            "--rows",
            help="Send rows of the data too: examples in prompts and report, and each test answer with its score.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
) -> None:
    """Publish a finished study to MLflow, or its prompt to PromptLayer; publishing again brings it up to date.

    A prompt comes back with  crossover import promptlayer:NAME@LABEL,  and is a rung with  given: {prompt: prompt.json}.
    """
    console = Console(highlight=False)

    def published(sentence: str) -> None:
        tell(console, f"published {sentence}")

    done = publish(StudyFolder(study), to, candidate, label, url, name, rows, dry_run, published)
    for sentence in done.sent if dry_run else ():
        tell(console, f"would send {sentence}")
    for sentence in done.notes:
        tell(console, f"stays here: {sentence}")
    console.print(f"{'to' if dry_run else 'see'} {done.place}", markup=False, soft_wrap=True)
