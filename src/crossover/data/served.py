"""The log of what served candidates answered: a JSON object a line. The server writes it, `watch` reads it.

Other servers' logs are read as well: a line needs `input` and `output`, texts; other keys say more where they are there.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossover.data.textfile import check_readable
from crossover.errors import DataError, shown

SHOWN = 3  # lines that a message names


@dataclass(frozen=True)
class ServedRow:
    """An answer. `time`: ISO 8601. `candidate`: the id of the candidate, `model` the name that it was served by; empty
    where a log has but one. With an `error` there is no answer. `milliseconds`: in the model, without waiting."""

    input: str
    output: str
    time: str = ""
    id: str = ""
    model: str = ""
    candidate: str = ""
    error: str | None = None
    milliseconds: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None

    def line(self) -> bytes:
        return (json.dumps(asdict(self), ensure_ascii=False) + "\n").encode("utf-8", errors="replace")


class ServedLog:
    """A log that may still be written: `rows` so far, and the numbers of lines that are `broken`, as a killed writer leaves
    one. `more` reads what was added, whole lines only."""

    def __init__(self, path: Path) -> None:
        check_readable(path)
        self.path, self.rows, self.broken = path, list[ServedRow](), list[int]()
        self._read = self._lines = 0
        self._which: tuple[int, int] | None = None  # device and number of the file that was read

    def more(self, ended: bool = False) -> int:
        """Read what was added, and return how many rows it was. `ended`: nobody writes any more, so a last line without a
        line break counts too. Raises `DataError` for a log that cannot be read, was cut, or is none."""
        before = len(self.rows)
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                self._which = which = self._which or (found.st_dev, found.st_ino)
                if file.seek(0, 2) < self._read or which != (found.st_dev, found.st_ino):
                    raise DataError(
                        f"{self.path} was cut, or another file took its place, while it was read; valid is a log that only"
                        " grows: join the parts of one that was rotated, the oldest first"
                    )
                file.seek(self._read)
                data = file.read()
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror or error}") from error
        whole = data if ended else data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.split(b"\n")[: None if ended else -1]:
            self._lines += 1
            if line.strip():
                self._add(line)
        if self.broken and not self.rows:
            raise DataError(
                f"{self.path}, line {self.broken[0]}: it is no JSON object; valid is a log as 'crossover serve --log'"
                " writes it, a JSON object a line"
            )
        return len(self.rows) - before

    def _add(self, line: bytes) -> None:
        try:
            body = json.loads(line)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            self.broken.append(self._lines)
            return
        self.rows.append(_row(body, f"{self.path}, line {self._lines}"))


def _row(body: dict[str, Any], where: str) -> ServedRow:
    failed = body.get("error") is not None
    for key in ("input", "output"):
        value = body.get(key, "" if failed and key == "output" else None)
        if not isinstance(value, str):
            received = shown(value) if key in body else "nothing"
            raise DataError(f"{where}, key '{key}': received {received}; valid is text")
    numbers: dict[str, Any] = {}
    for key in ("milliseconds", "tokens_in", "tokens_out"):
        value = body.get(key)
        known = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")
        if value is not None and not known:
            raise DataError(f"{where}, key '{key}': received {shown(value)}; valid is a number from 0 up")
        numbers[key] = value
    texts: dict[str, Any] = {
        key: "" if body.get(key) is None else str(body[key]) for key in ("time", "id", "model", "candidate")
    }
    error = str(body["error"]) if failed else None
    return ServedRow(body["input"], body.get("output") or "", error=error, **texts, **numbers)
