"""Writes docs/reference/, or with --check says which pages there are not as the code is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from reference.commands import commands, exit_status
from reference.objects import objects
from reference.plugins import metrics, models, strategies
from reference.taskfile import task_file

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "errors.md": exit_status,
    "metrics.md": metrics,
    "models.md": models,
    "python.md": objects,
    "strategies.md": strategies,
    "task-file.md": task_file,
}


def stale(folder: Path = FOLDER) -> list[str]:
    """The pages that are not as the code is, or that nothing makes any more."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    made = {name: page() for name, page in PAGES.items()}
    return sorted(name for name in there | made if there.get(name) != made.get(name))


def write(folder: Path = FOLDER) -> None:
    """Write every page, and take away what nothing makes any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in PAGES:
            path.unlink()
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        if found := stale():
            sys.exit(f"not as the code is: {', '.join(found)}; python -m reference writes them again")
    else:
        write()
