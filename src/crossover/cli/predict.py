"""Answer inputs with a study's winner: one text, a file, or standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from crossover.data.load import check_columns, load_rows
from crossover.data.template import columns_of, plain
from crossover.errors import DataError, OptionError
from crossover.serve.predict import Answer, Predictor
from crossover.study.folder import StudyFolder


def command(
    study: Annotated[Path, typer.Argument(help="The folder of a finished run, such as runs/NAME.")],
    text: Annotated[
        str | None, typer.Argument(help="One input. Without it, and without --file, lines of standard input.")
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

    When the verdict is undecided, the provisional candidate answers, and that is said.
    """
    if text is not None and file is not None:
        raise OptionError("received both a text and --file; valid is one of them")
    if text is not None and not text.strip("\ufeff \t\r\n"):
        raise OptionError("the text is empty; valid is a text with something to answer")
    predictor = Predictor.open(StudyFolder(study), candidate)
    if text is not None:
        inputs = [_whole(text, "the text")]
    elif file is not None:
        rows = load_rows(file)
        check_columns(rows, columns_of(predictor.task.input), str(file))
        inputs = [predictor.render_row(row) for row in rows]
    else:
        lines = [_whole(line, f"line {n} of standard input") for n, line in enumerate(_standard_input(), 1)]
        inputs = [line.rstrip("\r\n") for line in lines if line.strip()]
    if predictor.provisional:
        typer.echo(f"the verdict is undecided; {predictor.name} answers provisionally", err=True)
    failed = 0
    for start in range(0, len(inputs), 32):
        for answer in predictor.answer(inputs[start : start + 32]):
            failed += answer.error is not None
            typer.echo(_line(answer, as_json), err=answer.error is not None and not as_json)
    if failed:
        raise DataError(f"{failed} of {len(inputs)} inputs could not be answered")


def _standard_input() -> list[str]:
    try:
        return sys.stdin.read().removeprefix("\ufeff").splitlines()  # a byte order mark is no text
    except UnicodeDecodeError as error:
        raise DataError(
            f"standard input is not UTF-8 at byte {error.start}; valid is UTF-8 text, one input a line"
        ) from error


def _whole(text: str, what: str) -> str:
    """The text itself. Raises `DataError` where bytes were not UTF-8: Python hands them on as half surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(f"{what} is not UTF-8; valid is UTF-8 text") from None
    return text


def _line(answer: Answer, as_json: bool) -> str:
    if not as_json:
        return plain(answer.text) if answer.error is None else f"failed: {answer.error}"
    return json.dumps(
        {
            "input": answer.input,
            "answer": answer.text if answer.error is None else None,
            "scores": answer.scores,
            "milliseconds": round(answer.milliseconds, 2),
            "error": answer.error,
        },
        ensure_ascii=False,
    )
