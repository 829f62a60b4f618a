"""Answer inputs with a study's winner: one text, a file, or standard input."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from crossover.cli.output import exact, harmless, results_alone, unicode_out
from crossover.cli.screen import counted
from crossover.data.text import is_blank
from crossover.errors import DataError, OptionError
from crossover.models.start import answering
from crossover.registry import uncollected
from crossover.serve.lines import has_break, one_line, read_lines
from crossover.serve.predict import Answer, Predictor, inputs_of
from crossover.study.folder import StudyFolder

BATCH = 32  # inputs that a model is given together


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    text: Annotated[
        str | None, typer.Argument(help="One input. Without it (or -), and without --file, lines of standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A data file in any format that 'run' reads; the task's input is used."),
    ] = None,
    candidate: Annotated[
        str | None, typer.Option("--candidate", "-c", help="A candidate's name (default: the verdict's choice).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line: answer, label scores, milliseconds.")
    ] = False,
) -> None:
    """Answer inputs with a study's winner: one text, a file, or standard input.

    Each line of standard input (UTF-8) has one line of output: an empty one where it is blank, with --json an error.

    An answer of several lines is written with \\n for each break, and \\\\ for a backslash; --json gives it as it is.

    When the verdict is undecided, the provisional candidate answers, and that is said.
    """
    if text is not None and file is not None:
        raise OptionError("received both a text and --file; valid is one of them")
    if text is not None and is_blank(text):
        raise OptionError("the text is empty; valid is a text with something to answer")
    if text == "-":
        text = None
    exact()
    with ExitStack() as start:
        start.enter_context(uncollected())
        start.enter_context(answering())
        with results_alone():
            predictor = Predictor.open(StudyFolder(study), candidate)
        if text is not None:
            inputs = [_whole(text, "the text")]
        elif file is not None:
            inputs = inputs_of(predictor.task, file)
        else:
            if sys.stdin.isatty():
                typer.echo(
                    "one input a line; the answers come after the end of input (Ctrl-D, on Windows Ctrl-Z)", err=True
                )
            inputs = [_whole(line, f"line {n} of standard input") for n, line in enumerate(read_lines(sys.stdin), 1)]
        if predictor.provisional:
            typer.echo(f"the verdict is undecided; {predictor.name} answers provisionally", err=True)
        _answer(predictor, inputs, as_json, alone=text is not None, started=start.close)


def _answer(predictor: Predictor, inputs: Sequence[str], as_json: bool, alone: bool, started: Callable[[], None]) -> None:
    """Print the answers. `alone`: one text was asked, so that an answer of several lines is whole as it is. `started` is
    called once the model is loaded, which is when it first answers."""
    found, done = Counter[str](), 0
    try:
        with counted(predictor.name, len(inputs)) as told:
            for start in range(0, len(inputs), BATCH):
                texts = inputs[start : start + BATCH]
                with results_alone():
                    answers = iter(predictor.answer([text for text in texts if not is_blank(text)]))
                started()
                for text in texts:
                    found[_print(None if is_blank(text) else next(answers), text, as_json, alone)] += 1
                    done += 1
                told(done)
    except KeyboardInterrupt:
        if alone:
            raise
        raise KeyboardInterrupt(
            f"{done} of {len(inputs)} inputs are answered, in order, a whole line each; run again, it asks all of them"
        ) from None
    if found["blank"] and not as_json:
        typer.echo(f"blank inputs: {found['blank']} of {len(inputs)}, not asked; their lines are empty", err=True)
    if found["broken"]:
        typer.echo(
            f"answers of several lines: {found['broken']}, with \\n for a line break; --json gives them as they are",
            err=True,
        )
    if found["marked"]:
        typer.echo(
            f"answers whose backslashes would read as line breaks: {found['marked']}, with \\\\ for a backslash; --json"
            " gives them as they are",
            err=True,
        )
    if found["failed"]:
        raise DataError(f"{found['failed']} of {len(inputs) - found['blank']} inputs could not be answered")


def _print(answer: Answer | None, text: str, as_json: bool, alone: bool) -> str:
    """Print the answer to a text, None of a blank one, and say in a word what it is."""
    if answer is None:
        typer.echo(_object(Answer(text, "", {}, 0.0, "the input is blank")) if as_json else "")
        return "blank"
    if as_json:
        typer.echo(_object(answer))
        return "failed" if answer.error is not None else "answered"
    if answer.error is not None:
        typer.echo(harmless(f"failed: {answer.error}"), err=True)
        if not alone:
            typer.echo("")
        return "failed"
    line = answer.text if alone else one_line(answer.text)
    typer.echo(harmless(line) if sys.stdout.isatty() else line)  # whoever reads a pipe has it as it is
    return "answered" if line == answer.text else "broken" if has_break(answer.text) else "marked"


def _whole(text: str, what: str) -> str:
    """The text itself. Raises `DataError` where bytes were not UTF-8: Python hands them on as half surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(f"{what} is not UTF-8; valid is UTF-8 text") from None
    return text


def _object(answer: Answer) -> str:
    return json.dumps(
        {
            "input": answer.input,
            "answer": answer.text if answer.error is None else None,
            "scores": answer.scores,
            "milliseconds": round(answer.milliseconds, 2),
            "error": answer.error,
        },
        ensure_ascii=not unicode_out(),
    )
