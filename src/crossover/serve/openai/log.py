"""The log of what the served candidates answered, where the user asked for one."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from crossover.data.served import ServedRow
from crossover.engine.follow import Answered
from crossover.errors import OptionError
from crossover.serve.openai.catalogue import Served


class AnswerLog:
    """Adds a line to a file for each answer of a candidate. What people asked is in it: the file is its owner's alone."""

    def __init__(self, path: Path) -> None:
        """Raises `OptionError` for a file that cannot be written."""
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with path.open("rb") as written:  # a server that was killed may have left half a line
                if written.seek(0, 2) and written.seek(-1, 2) is not None and written.read(1) != b"\n":
                    os.write(self._file, b"\n")
        except OSError as error:
            raise OptionError(f"--log {path} cannot be written: {error.strerror or error}") from error
        self._path, self._failing = path, False

    def add(self, served: Served, name: str, found: Answered) -> None:
        """Note an answer, called `name`, or why there is none. That it cannot be written fails no request: it is said
        once."""
        usage = found.reply.usage
        row = ServedRow(
            input=found.text,
            output=found.answer,
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            id=name,
            model=served.name,
            candidate=served.candidate.id if served.candidate else "",
            error=found.reply.error,  # a reply without an answer is an answer that is wrong, as it was on test
            milliseconds=round(1000 * usage.seconds, 2),
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
        )
        try:
            os.write(self._file, row.line())
            self._failing = False
        except OSError as error:
            if not self._failing:
                logging.getLogger("uvicorn.error").error("%s cannot be written: %s", self._path, error.strerror or error)
            self._failing = True

    def close(self) -> None:
        os.close(self._file)
