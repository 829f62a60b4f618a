"""Progress on the terminal: what is running, done of total, time left, best so far; plain lines without a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from crossover.decision import numbers
from crossover.study.listener import Listener, Quiet
from crossover.types import Estimate


@contextmanager
def screen(quiet: bool) -> Iterator[Listener]:
    """A listener for the time of a study. Everything goes to standard error: standard output is for results."""
    if quiet:
        yield Quiet()
        return
    console = Console(stderr=True, highlight=False)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with progress:
        yield _Screen(console, progress)


class _Screen:
    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._whole = progress.add_task("the ladder", total=None)
        self._part = progress.add_task("", total=None, visible=False)
        self._best: tuple[str, Estimate] | None = None
        self._testing = False

    def stage(self, name: str, position: int, total: int) -> None:
        self._testing = name.startswith("test: ")
        best = f"; best so far {self._best[0]} {numbers.estimate(self._best[1])}" if self._best else ""
        self._progress.update(
            self._whole, description=f"{name}, {position} of {total}{best}", completed=position - 1, total=total
        )
        self._progress.reset(self._part, visible=False)

    def progress(self, what: str, done: int, total: int) -> None:
        self._progress.update(self._part, description=f"  {what}", completed=done, total=total, visible=done < total)

    def result(self, name: str, dev: Estimate | None, note: str) -> None:
        if dev is None:
            self._print(f"  {name}: failed: {note}")
            return
        if not self._testing and (self._best is None or dev.value > self._best[1].value):
            self._best = (name, dev)
        split = "" if self._testing else "dev "
        self._print(f"  {name}: {split}{numbers.estimate(dev)}" + (f"  {note}" if note else ""))

    def say(self, sentence: str) -> None:
        self._print(f"  · {sentence}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)
