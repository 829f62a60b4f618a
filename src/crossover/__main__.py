"""`python -m crossover` is the command `crossover`, and so is the script of that name."""

import os
import signal
import sys
from contextlib import suppress
from typing import Any

from crossover.interrupts import INTERRUPTED


def _end(*signalled: Any) -> None:
    os._exit(INTERRUPTED)


try:
    from crossover.cli.main import main as command
except KeyboardInterrupt:  # before there is anything that could be kept
    signal.signal(signal.SIGINT, _end)
    sys.exit(INTERRUPTED)


def main() -> None:
    """The command; once it has ended, a further interrupt ends the process at once, where Python would print a traceback of
    whatever it takes down."""
    try:
        command()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # the reader of a pipe has gone, which is said elsewhere
                stream.flush()
        signal.signal(signal.SIGINT, _end)


if __name__ == "__main__":
    main()
