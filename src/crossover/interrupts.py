"""An interrupt ends the command wherever it comes, also where Python or a library would drop or disguise it."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

INTERRUPTED = 130  # the exit status
SOON = 0.05  # seconds: by then the finalizer is over
SAME = 1.0  # seconds: who presses it twice means it once, and what the first ended is still being closed
_came = threading.Event()
_last = float("-inf")  # when the last one that counted came, on the monotonic clock


@contextmanager
def every_interrupt_heard() -> Iterator[None]:
    """Raises `KeyboardInterrupt` where an interrupt came and the block ended in any other exception: a library in C may
    make one of its own of it. One that hits a finalizer or a callback, where Python prints and drops it, is given again.
    Those that come at once after one that counted are one with it: they would hit what closes a study. Whoever keeps on
    pressing is heard again, as what took the first may not have ended.
    """
    global _last
    heard, dropped = signal.getsignal(signal.SIGINT), sys.unraisablehook
    ours = heard is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    _came.clear()
    _last = float("-inf")
    if ours:
        signal.signal(signal.SIGINT, _interrupt)

    def hook(unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            # the bare function: `threading` takes locks, which the code that the finalizer interrupted may hold
            _thread.start_new_thread(_again, ())
        else:
            dropped(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    except Exception as error:
        if_interrupted(error)
        raise
    finally:
        _came.clear()
        sys.unraisablehook = dropped
        if ours:
            signal.signal(signal.SIGINT, heard)


def if_interrupted(error: Exception) -> None:
    """For who would take an exception for a failure of what it tried: raises `KeyboardInterrupt` where one has come."""
    if _came.is_set():
        raise KeyboardInterrupt from error


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _last
    _came.set()
    if (now := time.monotonic()) - _last >= SAME:
        _last = now
        raise KeyboardInterrupt


def _again() -> None:
    global _last
    time.sleep(SOON)
    _last = float("-inf")
    _thread.interrupt_main()
