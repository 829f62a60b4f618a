"""What was sent to a service that cannot be asked for it: a line each in the study's folder, written as it is taken."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from crossover.data.textfile import lines_of
from crossover.errors import StudyError
from crossover.types import content_hash

FILE = "published.jsonl"


class Ledger:
    """The notes of one service. A killed process loses at most the one that was under way."""

    def __init__(self, folder: Path, service: str) -> None:
        self.path, self._service = folder / FILE, content_hash(service)
        self._mend = ""  # what ends a line that a kill cut off
        self._known = {line["key"] for line in self._lines() if line.get("service") == self._service}

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def add(self, key: str, there: Any) -> None:
        """Note that a thing was taken; `there`: what the service calls it. Raises `StudyError`."""
        line = json.dumps({"service": self._service, "key": key, "there": there})
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{self._mend}{line}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StudyError(f"{self.path} cannot be written: {error.strerror or error}") from error
        self._known.add(key)
        self._mend = ""

    def _lines(self) -> list[dict[str, Any]]:
        try:
            written = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise StudyError(f"{self.path} cannot be read: {error}") from error
        self._mend = "\n" if written and not written.endswith("\n") else ""
        found = []
        for line in lines_of(written):
            try:
                found.append(json.loads(line))
            except ValueError:  # the one that was cut off
                continue
        return [line for line in found if isinstance(line, dict) and "key" in line]
