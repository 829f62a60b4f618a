"""Write a task file by looking at a data file, and say what was assumed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from crossover.cli.output import harmless, tell, tell_next
from crossover.data.sketch import named, sketch
from crossover.decision.resolution import resolution
from crossover.errors import TaskError, pasted
from crossover.study.folder import write_text


def command(
    data: Annotated[
        Path,
        typer.Argument(
            help="A CSV, TSV, JSONL, JSON or Parquet file with labelled examples, packed (.gz) or not; or a folder with a"
            " folder of texts for each label."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write the task file (default: task.yaml beside the data)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a task file that is there already.")] = False,
    instruction: Annotated[
        str | None,
        typer.Option("--instruction", "-i", help="What is to be done with an input (default: asked, or a draft)."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--input", help="The input: a column, or a template of {columns} (default: told by names and contents)."
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", help="The column of the output (default: told by names and contents).")
    ] = None,
) -> None:
    """Write a task file by looking at a data file, and say what was assumed.

    The file is short and commented: read it, correct what was guessed wrong, then: crossover run task.yaml
    """
    data = named(data)
    path = out or data.parent / "task.yaml"
    # many rows take a while; nothing of it stays, and a file or a pipe gets none
    with Console(stderr=True).status(Text(f"reading {harmless(str(data))}, and comparing its rows"), spinner="line"):
        made = sketch(data, path.parent, (source, output))
    if os.path.lexists(path) and not force:
        raise TaskError(f"{path} exists already: name another file with --out, or replace it with --force")
    if instruction is None and made.draft and sys.stdin.isatty() and sys.stdout.isatty():
        instruction = _asked(made.draft)
    write_text(path, made.text(instruction))
    console = Console(highlight=False)
    console.print(f"wrote {path}", soft_wrap=True, markup=False)
    for sentence in made.assumed:
        tell(console, f"assumed: {sentence}", "  ")
    if made.draft and not instruction:
        asked = f"assumed: instruction: a draft, “{made.draft}” — say it in your own words: prompts are made of it"
        tell(console, asked, "  ")
    for finding in made.prepared.findings:
        if finding.said in made.assumed:
            continue  # it changed what was read, and stands above
        tell(console, f"{finding.level}: {finding.said}", "  ")
    if any(finding.level == "error" for finding in made.prepared.findings):
        # a command is copied whole
        console.print(
            f"next: mend that in the data, then once more  crossover init {pasted(data)} --force",
            soft_wrap=True,
            markup=False,
        )
        return
    splits = made.prepared.splits
    tested, folds = splits.all if splits.folds else splits.test, len(splits.folds)
    for sentence in resolution(len(tested), splits.cut, folds):
        tell(console, sentence, "  ")
    tell_next(console, path)


def _asked(draft: str) -> str:
    """The instruction as it is typed; nothing takes the draft."""
    typer.echo("What is to be done with an input? One clear sentence; prompts are made of it.")
    tell(Console(highlight=False), f"Enter alone takes the draft: {draft}")
    try:
        return str(typer.prompt("instruction", default=draft, show_default=False)).strip() or draft
    except typer.Abort:
        raise KeyboardInterrupt from None
