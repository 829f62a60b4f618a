"""Progress on the terminal: one line for the whole study, and above it what should be known now; no line without one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from crossover.cli.output import results_alone, tell
from crossover.decision import numbers
from crossover.report.imported import plain
from crossover.study.listener import Listener, Quiet, Stage
from crossover.study.remaining import Remaining, time_left
from crossover.types import Estimate

BAR, NARROW_BAR, NARROW = 20, 10, 120  # characters; below the last the bar is short


@contextmanager
def screen(quiet: bool) -> Iterator[Listener]:
    """A listener for the time of a study. Everything goes to standard error: standard output is for results."""
    with results_alone():
        if quiet:
            yield Quiet()
            return
        console = Console(stderr=True, highlight=False)
        shown = Screen(console)
        if not console.is_terminal:
            yield shown
            return
        with Live(shown, console=console, transient=True, refresh_per_second=5):
            yield shown


@contextmanager
def counted(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """For the time in which somebody answers `total` inputs, whose answers are printed: takes how many are answered. Its
    line is there on a terminal, unless that shows the answers themselves."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal or sys.stdout.isatty():
        yield lambda done: None
        return
    shown, stage = Screen(console), Stage("answer", name, 1, 1)
    shown.plan([stage])
    shown.stage(stage)
    with Live(shown, console=console, transient=True, refresh_per_second=5, redirect_stdout=False):
        yield lambda done: shown.progress("inputs", done, total)


class Screen:
    """Draws its line as wide as the terminal is, each time that it is looked at."""

    def __init__(self, console: Console, remaining: Remaining | None = None) -> None:
        self._console = console
        self._left = remaining or Remaining()
        self._spinner = Spinner("dots")
        self._stage: Stage | None = None
        self._part: tuple[str, int, int] | None = None
        self._best: tuple[str, Estimate] | None = None

    # what a listener is told

    def plan(self, stages: Sequence[Stage]) -> None:
        self._left.plan(stages)

    def stage(self, stage: Stage) -> None:
        self._left.stage(stage)
        self._stage, self._part = stage, None

    def progress(self, what: str, done: int, total: int) -> None:
        self._left.progress(done, total)
        self._part = (what, done, total)

    def result(self, name: str, dev: Estimate | None, note: str) -> None:
        if dev is None:
            tell(self._console, f"{name}: failed: {note}", "  ")
        elif self._stage is None or self._stage.kind not in ("fold", "test"):  # those stand in the table below
            if self._best is None or dev.value > self._best[1].value:
                self._best = (name, dev)
            tell(self._console, f"{name}: {numbers.estimate(dev)} on dev", "  ")

    def say(self, sentence: str) -> None:
        tell(self._console, sentence, "  · ")

    def note(self, sentence: str) -> None: ...

    # what is drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        share = self._left.share()
        bar = BAR if width >= NARROW else NARROW_BAR
        line = Table.grid(padding=(0, 1, 0, 0))
        row: list[RenderableType] = [
            self._spinner,
            ProgressBar(total=1.0, completed=share, width=bar),
            Text(f"{min(round(100 * share), 99):3d} %"),  # what is drawn is not finished
            Text(self.time_left(), style="cyan"),
        ]
        taken = 1 + bar + 5 + cell_len(self.time_left()) + len(row)
        row.append(Text(plain(self.doing(width - taken - 1)).plain, no_wrap=True, overflow="ellipsis"))
        line.add_row(*row)
        yield line

    def time_left(self) -> str:
        """What is left of the whole study: "about 3 min left"."""
        seconds = self._left.seconds()
        return "getting ready" if seconds is None and self._stage is None else time_left(seconds)

    def doing(self, width: int) -> str:
        """What is running, how far it is, and the best so far, in as many characters; what says least goes first."""
        best, short = "", ""
        if self._best is not None:
            name, reached = self._best[0], numbers.percent(self._best[1].value)
            best, short = f"best {name} {reached}", f"best {reached}"
        what, part = self._running()
        for pieces in ((what, part, best), (what, part, short), (what, part), (what,)):
            text = " · ".join(piece for piece in pieces if piece)
            if cell_len(text) <= width:
                return text
        return set_cell_size(what, max(width - 1, 0)).rstrip() + "…" if width > 1 else ""

    def _running(self) -> tuple[str, str]:
        if self._stage is None:  # getting ready
            what, done, total = self._part or ("", 0, 1)
            return what, f"{numbers.count(done)}/{numbers.count(total)}" if total > 1 else ""
        if self._part is None or self._part[1] >= self._part[2]:
            return self._stage.words, ""
        what, done, total = self._part
        return self._stage.words, f"{what} {numbers.count(done)}/{numbers.count(total)}"
