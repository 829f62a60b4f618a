"""Studies that are started and stopped from the studio: each is `crossover run` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crossover.errors import StudyError
from crossover.studio.shelf import Missing
from crossover.study.folder import StudyFolder, read_json, write_json
from crossover.study.progress import read_progress
from crossover.study.results import Results

TOLD = ("--model", "--set")  # options of a run that are given again when it is continued
TAIL = 4000  # bytes of what a run printed
# `crossover` that hears an interrupt, also where the studio was started in the background, which lets programs ignore it.
# It is started with interrupts held back: one that comes before Python is up would be lost, or end it as a mistake does.
COMMAND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT]); from crossover.cli.main import main; main()"
)


@dataclass(frozen=True)
class Ended:
    """A run that the studio started and that is over. `last`: what it printed last."""

    status: int
    last: str

    @property
    def stopped(self) -> bool:
        return self.status in (130, -signal.SIGINT)

    @property
    def killed(self) -> str:
        """The signal that ended it from outside, in words; empty where none did."""
        return "" if self.stopped or self.status >= 0 else signal.strsignal(-self.status) or f"signal {-self.status}"


class Runs:
    """`own`: the folder of what they print and how they were started."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self, name: str, folder: StudyFolder, task: Path, options: Sequence[str] = ()) -> None:
        """Run or continue a study. It goes on when the studio ends. Raises `StudyError`."""
        with self._lock:
            if self._alive(name) or read_progress(folder) is not None:
                raise StudyError(f"the study '{name}' runs already")
            argv = [sys.executable, "-c", COMMAND, "run", str(task), *options, "--out", str(folder.path)]
            write_json(self._own / "started" / f"{name}.json", {"task": str(task.resolve()), "options": list(options)})
            log = self._own / "printed" / f"{name}.log"
            try:
                log.parent.mkdir(parents=True, exist_ok=True)
                with log.open("wb") as printed, _blocked(signal.SIGINT):
                    self._children[name] = subprocess.Popen(
                        argv,
                        stdin=subprocess.DEVNULL,
                        stdout=printed,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,  # what ends the studio does not end it
                        env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TERM": "dumb"},
                    )
            except OSError as error:
                raise StudyError(f"the study cannot be started: {error.strerror or error}") from error

    def go_on(self, name: str, folder: StudyFolder, results: Results | None) -> None:
        """Continue a study as it was run. Raises `StudyError` where its task file is not there."""
        record = self._own / "started" / f"{name}.json"
        if record.is_file():
            body = read_json(record)
            task, options = Path(body["task"]), list(body["options"])
        elif results is not None:
            task, options = Path(results.task_path), again(results.options)
        else:
            raise StudyError("nothing says with which task file it was run: run it again where it was begun")
        if task.suffix.lower() not in (".yaml", ".yml", ".json") or not task.is_file():
            raise StudyError(f"its task file '{task}' is not there, seen from where the studio was started: run it there")
        self.start(name, folder, task, options)

    def stop(self, name: str, folder: StudyFolder) -> None:
        """Interrupt a study as Ctrl-C does: what is finished is kept. Raises `Missing` where none runs."""
        with self._lock:
            if self._alive(name):
                self._children[name].send_signal(signal.SIGINT)
                return
        progress = read_progress(folder)
        if progress is None or progress.pid == os.getpid():
            raise Missing(f"the study '{name}' does not run")
        try:
            os.kill(progress.pid, signal.SIGINT)
        except OSError as error:
            raise StudyError(f"it cannot be stopped from here: {error.strerror or error}") from error

    def running(self, name: str) -> bool:
        """Whether it was started here and is not over."""
        with self._lock:
            return self._alive(name)

    def ended(self, name: str) -> Ended | None:
        """How a run ended that was started here; None where none was, or it runs."""
        with self._lock:
            child = self._children.get(name)
            status = child.poll() if child else None
        return None if status is None else Ended(status, self.printed(name))

    def printed(self, name: str) -> str:
        """The end of what a run that was started here printed."""
        try:
            with (self._own / "printed" / f"{name}.log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
                return file.read().decode(errors="replace").strip()
        except OSError:
            return ""

    def _alive(self, name: str) -> bool:
        child = self._children.get(name)
        return child is not None and child.poll() is None


@contextmanager
def _blocked(number: signal.Signals) -> Iterator[None]:
    """A signal waits in this thread's mask, which what it starts inherits: it does not inherit handlers (`child.py`)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def again(options: Sequence[str]) -> list[str]:
    """The options that a study is continued with: those that say what it is, not where it lies."""
    pairs = list(zip(options[::2], options[1::2], strict=False))
    return [word for pair in pairs if pair[0] in TOLD for word in pair]
