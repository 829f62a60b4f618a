"""Write a task file by looking at a data file, and say what was assumed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from crossover.data.sketch import sketch
from crossover.errors import TaskError
from crossover.study.folder import write_text


def command(
    data: Annotated[Path, typer.Argument(help="A CSV, TSV, JSONL, JSON or Parquet file with labelled examples.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write the task file (default: task.yaml beside the data)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a task file that is there already.")] = False,
) -> None:
    """Write a task file by looking at a data file, and say what was assumed.

    The file is short and commented: read it, correct what was guessed wrong, then: crossover run task.yaml
    """
    path = out or data.parent / "task.yaml"
    text, assumed = sketch(data, path.parent)
    if os.path.lexists(path) and not force:
        raise TaskError(f"{path} exists already: name another file with --out, or replace it with --force")
    write_text(path, text)
    typer.echo(f"wrote {path}")
    for sentence in assumed:
        typer.echo(f"  assumed: {sentence}")
    typer.echo(f"next: read it, then  crossover run {path}")
