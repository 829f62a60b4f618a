"""Processes that are started here and end with this one, however it ends: a model's server would hold the memory for good.

The end of a block ends them, with whatever they have started. A request to end (SIGTERM, a closed terminal) unwinds the
block, where nobody else has a say in it; where this process is killed, Linux kills them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
# in the child, before it becomes the program: prctl(PR_SET_PDEATHSIG, a signal), if this process lives by then
BOUND = """
import os, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, int(sys.argv[2]))
except (ImportError, OSError, AttributeError):
    pass
try:
    if os.getppid() == int(sys.argv[1]):
        os.execvp(sys.argv[3], sys.argv[3:])
except OSError as error:
    sys.exit(f"{sys.argv[3]}: {error.strerror}")
"""


@contextmanager
def child(argv: Sequence[str], grace: float = 0.0, **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A program that runs for as long as the block lasts; `options` are those of `subprocess.Popen`. `grace`: seconds that
    it has to end what it has started elsewhere: it is asked (SIGTERM) before it is killed."""
    if sys.platform == "linux":
        ending = signal.SIGTERM if grace else signal.SIGKILL
        argv = [sys.executable, "-I", "-S", "-c", BOUND, str(os.getpid()), str(int(ending)), *argv]
    running: subprocess.Popen[Any] | None = None
    with _unwinding():
        try:
            with _deferred():  # until it is known what there is to end
                running = subprocess.Popen(argv, start_new_session=True, **options)
            yield running
        finally:
            if running is not None:
                _ended(running, grace)


def finished(argv: Sequence[str], cwd: Path | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
    """What a program came to that reads `given` from its standard input."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with child(argv, cwd=cwd, encoding="utf-8", errors="replace", **pipes) as running:
        said, complained = running.communicate(given)
    return subprocess.CompletedProcess(argv, running.returncode, said, complained)


def _ended(running: subprocess.Popen[Any], grace: float) -> None:
    if running.poll() is None and grace:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(grace)
    if hasattr(os, "killpg"):  # it keeps nothing; where it has ended by itself, what it started may live
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
    else:
        running.kill()
    running.wait()


@contextmanager
def _unwinding() -> Iterator[None]:
    ours = threading.current_thread() is threading.main_thread()  # no other may set handlers
    taken = [number for number in ENDING if ours and signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _deferred() -> Iterator[None]:
    """What would end this process, an interrupt too, does so behind the block.

    By handlers, not by the signal mask: that other threads do not have, and the program would inherit it.
    """
    ours, came = threading.current_thread() is threading.main_thread(), list[int]()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING) if ours}
    taken = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in taken:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def _end(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough
    raise SystemExit(128 + number)
