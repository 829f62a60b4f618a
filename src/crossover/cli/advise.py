"""Say what published evidence expects of a task, before anything is measured, and the cheapest experiment to settle it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from crossover.cli.output import json_out, tell_next
from crossover.data.yamlfile import read_value
from crossover.decision.situation import QUESTIONS, situation
from crossover.errors import OptionError
from crossover.report.advice import advice_of, printed
from crossover.study.advising import known_of


def command(
    source: Annotated[
        Path | None,
        typer.Argument(help="A task file, labelled examples, or the folder of a run.", metavar="[TASK]"),
    ] = None,
    interview: Annotated[bool, typer.Option("--interview", help="Ask for what is not known, on a terminal.")] = False,
    rows: Annotated[int | None, typer.Option("--rows", help="Labelled examples in all.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="classify, extract or generate.")] = None,
    labels: Annotated[int | None, typer.Option("--labels", help="How many different labels there are.")] = None,
    access: Annotated[
        str | None,
        typer.Option("--access", help="To the model: weights, tuning_api (a provider tunes), or api."),
    ] = None,
    private: Annotated[
        bool | None, typer.Option("--private/--not-private", help="Whether the data must stay here.", show_default=False)
    ] = None,
    requests: Annotated[float | None, typer.Option("--requests-per-month", help="How many requests are planned.")] = None,
    latency: Annotated[float | None, typer.Option("--latency-p95-ms", help="How long an answer may take.")] = None,
    money: Annotated[float | None, typer.Option("--money", help="How much all of it may cost.")] = None,
    changes: Annotated[
        str | None, typer.Option("--changes", help="How often the task does: never, yearly, monthly or weekly.")
    ] = None,
    consistency: Annotated[
        str | None,
        typer.Option("--consistency", help="Whether like inputs must get like answers: high or normal."),
    ] = None,
    skill: Annotated[str | None, typer.Option("--skill", help="The team's, in tuning: none, some or much.")] = None,
    write: Annotated[
        Path | None, typer.Option("--write", "-w", help="Write the experiment's task file there; nothing is replaced.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what published evidence expects of a task, before anything is measured, and the cheapest experiment to settle it.

    No model is opened. Each statement has its source; 'crossover run' then measures.
    """
    answers: dict[str, Any] = {
        "rows": rows,
        "kind": kind,
        "labels": labels,
        "access": access,
        "private": private,
        "requests_per_month": requests,
        "latency_p95_ms": latency,
        "money": money,
        "changes": changes,
        "consistency": consistency,
        "skill": skill,
    }
    if source is None and not interview and all(value is None for value in answers.values()):
        raise OptionError("advise: name a task file, a data file or a run's folder, answer by options, or take --interview")
    if interview and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OptionError("--interview asks on a terminal, and there is none; answer by options, such as --rows 300")
    known = known_of(source, **answers)
    if interview:
        answers |= _asked(known.situation.unknown())
        known = known_of(source, **answers)
    advice = advice_of(known)
    if write is not None and advice.experiment is None:
        why = "a study is there already" if known.results else "the experiment needs labelled examples: name a file of them"
        raise OptionError(f"--write {write}: {why}")
    written = advice.experiment.write(write) if write is not None and advice.experiment else None
    if as_json:
        body = advice.to_json() | {"written": None if written is None else str(written)}
        typer.echo(json_out(json.dumps(body, indent=1, ensure_ascii=False)))
        return
    console = Console(highlight=False)
    console.print(printed(advice))
    if written is not None:
        console.print(f"wrote {written}", soft_wrap=True, markup=False)
        tell_next(console, written)
    elif advice.experiment is not None:
        console.print("to have it as a task file: --write FILE.yaml", markup=False)


def _asked(names: list[str]) -> dict[str, Any]:
    """An answer to each question; Enter alone leaves it unknown, and what is not valid is asked again."""
    found: dict[str, Any] = {}
    typer.echo("A few questions; Enter alone where you do not know.")
    for name in names:
        if name == "labels" and found.get("kind", "classify") != "classify":
            continue
        while True:
            try:
                text = str(typer.prompt(QUESTIONS[name], default="", show_default=False)).strip()
            except typer.Abort:
                raise KeyboardInterrupt from None
            value = {"yes": True, "no": False, "y": True, "n": False}.get(text.lower(), read_value(text) if text else None)
            try:
                situation(**{**found, name: value})
            except OptionError as problem:
                typer.echo(str(problem))
                continue
            found[name] = value
            break
    return found
