"""Watch a served candidate's log: whether it shows drift from what the study measured, and whether the verdict holds."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from crossover.cli.output import json_out, results_alone
from crossover.cli.places import Place
from crossover.errors import DataError
from crossover.report.imported import plain
from crossover.report.watched import line, watched
from crossover.study.watching import Watching

DRIFT = 3  # the exit status


def command(
    study: Annotated[
        Place,
        typer.Argument(help="The folder of a finished run, such as runs/NAME (the verdict's choice), or STUDY:CANDIDATE."),
    ],
    log: Annotated[Path, typer.Option("--log", "-l", help="What 'crossover serve --log' wrote, or JSON lines like it.")],
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="Right answers, as they arrive: rows with the task's output and its input, or the log's id. They count in"
            " the order of the file: add at its end.",
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on looking, until drift is shown.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.1, help="Seconds between two looks, with --follow.")] = 10.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON; with --follow a line for each look at more.")
    ] = False,
) -> None:
    """Watch a served candidate's log: whether it shows drift from what the study measured, and whether the verdict holds.

    Exit status 3: drift is shown, or the verdict no longer holds.

    One may look as often as one likes: of all logs without drift, at most 5 % are ever said to have it.

    With labels the metric is compared with the test result; without them, inputs and answers alone.
    """
    place, _, candidate = study.rpartition(":") if ":" in study and not Path(study).is_dir() else (study, "", None)
    with results_alone():
        watching = Watching.open(Path(place), log, labels, candidate)
        body = None if follow else watching.look()
    if body is None:
        body = _followed(watching, every, as_json)
    if as_json:
        typer.echo(json_out(json.dumps(body, indent=None if follow else 1, ensure_ascii=False)))
    else:
        Console(highlight=False).print(watched(body))
    if _alarming(body):
        raise typer.Exit(DRIFT)


def _alarming(body: dict[str, Any]) -> bool:
    return body["drift"] or not body["verdict"]["holds"]


def _followed(watching: Watching, every: float, as_json: bool) -> dict[str, Any]:
    """What there is once drift is shown. A line at each look at which there is more."""
    console, before = Console(highlight=False), None
    while True:
        if (now := watching.stamp) != before:
            before, body = now, _looked(watching, every)
            if _alarming(body):
                return body
            if as_json:
                typer.echo(json_out(json.dumps(body, ensure_ascii=False)))
            else:
                console.print(plain(f"{datetime.now():%H:%M:%S}  {line(body)}"))
        time.sleep(every)


def _looked(watching: Watching, every: float) -> dict[str, Any]:
    """A file that is being written may be whole a moment later."""
    with results_alone():
        try:
            return watching.look(ended=False)
        except DataError:
            time.sleep(every)
            return watching.look(ended=False)
