"""Read what other tools measured: their numbers with intervals, two logs paired, their data and prompts as a task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.cli.output import json_out, tell, tell_next
from crossover.importing.folder import body_of, write
from crossover.importing.open import read
from crossover.report.imported import imported


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Logs, configurations, programs and prompts of Inspect, lm-eval, promptfoo, OpenAI Evals, DSPy or"
            " LangChain (also FILE.py:NAME, which is run); or a prompt that PromptLayer keeps: promptlayer:NAME@LABEL.",
            metavar="FILE...",
        ),
    ],
    tool: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOOL",
            help="Which wrote them: inspect, lm-eval, promptfoo, openai-evals, dspy, langchain (default: seen).",
        ),
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Show this metric alone.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the items, the rows and a task file into this new folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Read what other tools measured: their numbers with intervals, two logs paired, their data and prompts as a task.

    Logs of the same items are compared with the first, item by item. The tools themselves are not needed.
    """
    readings = read(files, tool)
    body = body_of(readings, metric)
    said = write(out, readings, body) if out is not None else []
    if as_json:
        typer.echo(json_out(json.dumps(body, indent=1, ensure_ascii=False)))
        return
    console = Console(highlight=False)
    console.print(imported(body))
    if out is None:
        console.print("to keep it, with the data as a task: --out FOLDER", markup=False)
        return
    console.print(f"wrote {out}", soft_wrap=True, markup=False)
    for sentence in said:
        tell(console, sentence, "  ")
    for task in sorted(out.rglob("task.yaml"))[:1]:
        tell_next(console, task)
