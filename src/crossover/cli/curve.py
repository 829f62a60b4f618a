"""Measure the learning curve of a finished study: from how many labels fine-tuning wins, and what more labels bring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.cli.output import json_out, tell
from crossover.cli.screen import screen
from crossover.errors import OptionError
from crossover.report.page import write_report
from crossover.report.table import curve_table
from crossover.report.verdict import crossover_sentences
from crossover.study.again import measure_curve
from crossover.study.read import read_results


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    sizes: Annotated[
        str | None,
        typer.Option("--sizes", help="Numbers of labels (training and dev rows): 50,100,200; else doubling up to all."),
    ] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help="How often each is drawn (default: 3).")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A key of the task, such as limits.minutes=60; again for another."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print decision.json at the end instead of the table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Measure the learning curve of a finished study: from how many labels fine-tuning wins, and what more labels bring.

    Each family's best is adapted again with fewer labels, and measured on training rows that took no part.

    What the study measured is not measured again, nor is its test split; interrupted, the same command continues.
    """
    counts = _counts(sizes)
    with screen(quiet or as_json) as listener:
        folder = measure_curve(study, counts, seeds, settings or (), listener)
    results = read_results(folder)
    report = write_report(results, folder.report)
    if as_json:
        typer.echo(json_out(folder.decision.read_text(encoding="utf-8")), nl=False)
        return
    console = Console(highlight=False)
    if (table := curve_table(results)) is not None:
        console.print(table)
    for sentence in (*crossover_sentences(results), *results.decision["crossover"]["warnings"]):
        tell(console, sentence, "• ")
    console.print(f"report: {report}", soft_wrap=True, markup=False)


def _counts(text: str | None) -> list[int]:
    parts = [part.strip() for part in (text or "").split(",") if text]
    if any(not part.isascii() or not part.isdigit() or len(part) > 9 for part in parts):
        raise OptionError(f"--sizes {text}: valid are whole numbers of labels with commas between, such as 50,100,200")
    return [int(part) for part in parts]
