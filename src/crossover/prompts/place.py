"""Where the prompts of a project lie, who changes them, and how their files are written: whole, and never over another."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from crossover.alone import LOCK, alone
from crossover.data.textfile import folder_named
from crossover.errors import PromptError

VARIABLE = "CROSSOVER_PROMPTS"
FOLDER = "prompts"
VERSIONS, LABELS, SCORES = "versions", "labels", "scores"
_IGNORED = f"{LOCK}\n.*.part\n"
_PATIENCE = 60  # seconds: each writer holds the registry for a few milliseconds


def home(start: Path | None = None) -> Path:
    """The folder in CROSSOVER_PROMPTS; else the nearest `prompts` that holds registered ones, in `start` (default: the
    current folder) or above it; else `prompts` in `start`, which need not be there. Raises `PromptError` for a variable
    that names no folder."""
    if given := os.environ.get(VARIABLE):
        return folder_named(VARIABLE, given, PromptError)
    begin = start or Path()
    with suppress(OSError):
        for level in (begin, *begin.resolve().parents):
            if holds(level / FOLDER):
                return level / FOLDER
    return begin / FOLDER


def holds(folder: Path) -> bool:
    """Whether a folder holds registered prompts."""
    with suppress(OSError):
        return any(os.path.isdir(os.path.join(entry.path, VERSIONS)) for entry in os.scandir(folder))
    return False


def somebody() -> str:
    """Who changes something: the author's name that git has here, else the login name."""
    if name := os.environ.get("GIT_AUTHOR_NAME"):
        return name
    with suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(["git", "config", "user.name"], capture_output=True, timeout=5, check=False)
        if name := asked.stdout.decode(errors="replace").strip():
            return name
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return "unknown"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder and hold it alone; the operating system frees it when the process dies. Raises `PromptError`."""

    def busy(who: str) -> str:
        return f"{folder} is held by another process{who} for {_PATIENCE} seconds: wait, or end it"

    with alone(folder, PromptError, busy, seconds=_PATIENCE):
        if not (folder / ".gitignore").exists():
            write_new(folder / ".gitignore", _IGNORED)
        yield


def write_new(path: Path, text: str) -> None:
    """Write a file whole, or not at all. One that is there stays as it is: its name says all that is in it.

    Raises `PromptError`.
    """
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise PromptError(f"{path} cannot be written: {error.strerror or error}") from error
