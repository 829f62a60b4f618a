"""A study's folder on disk: its paths, its lock, and files that are written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.errors import StudyError


@dataclass(frozen=True)
class StudyFolder:
    """`runs/NAME`, with `study.db`, `tunes/`, `candidates/`, `decision.json` and `report.html` in it."""

    path: Path

    @property
    def journal(self) -> Path:
        return self.path / "study.db"

    @property
    def decision(self) -> Path:
        return self.path / "decision.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def errors(self) -> Path:
        return self.path / "errors.log"

    def candidate(self, identity: str) -> Path:
        return self.path / "candidates" / identity / "candidate.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and hold it alone; the operating system frees it when the process dies, however it dies.

        Raises `StudyError` when the folder cannot be made or written, or another process works in it.
        """
        import filelock

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except filelock.Timeout as error:
            raise StudyError(
                f"{self.path} is in use by another crossover process: wait for it, or name another folder with --out"
            ) from error
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or error
            raise StudyError(f"{self.path} cannot be written ({reason}): name another folder with --out") from error
        try:
            yield
        finally:
            lock.release()

    def existing(self) -> StudyFolder:
        """Itself, if a finished study lies here. Raises `StudyError` otherwise."""
        if not self.decision.is_file():
            begun = self.journal.is_file()
            raise StudyError(
                f"{self.path} holds a study without a verdict: run it again and it continues"
                if begun
                else f"{self.path} holds no study (no decision.json): name the folder of a finished run, such as runs/NAME"
            )
        return self


def write_text(path: Path, text: str) -> None:
    """Write a file whole: a reader sees the old text or the new, never half. Raises `StudyError`."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StudyError(f"{path} cannot be written: {error.strerror or error}") from error


def write_json(path: Path, body: Any) -> None:
    write_text(path, json.dumps(body, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Raises `StudyError` when the file is absent or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise StudyError(f"{path} is not valid JSON: {error}") from error
