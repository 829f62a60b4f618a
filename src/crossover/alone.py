"""A folder that one process holds at a time."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossover.errors import CrossoverError

LOCK = ".lock"  # the file that is held; who holds it is written into it


@dataclass(frozen=True)
class Holder:
    """Who holds something: a process `pid` on a machine `host`, which does so `since` (seconds since 1970)."""

    host: str
    pid: int
    since: float

    @classmethod
    def own(cls) -> Holder:
        """This process, from now on."""
        return cls(socket.gethostname(), os.getpid(), time.time())

    @classmethod
    def read(cls, body: Any) -> Holder | None:
        """The inverse of `asdict`, or None where it is another thing."""
        try:
            found = cls(str(body["host"])[:80], int(body["pid"]), float(body["since"]))
            str(found)
            return found
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            return None

    @property
    def gone(self) -> bool:
        """Whether it was a process of this machine's that is there no more."""
        import psutil

        return self.host == socket.gethostname() and not psutil.pid_exists(self.pid)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {moment(self.since)}"


def moment(seconds: float) -> str:
    """A time as "2026-11-27 14:05 UTC". Raises `ValueError`, `OverflowError` or `OSError` for what is none."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def by(holder: Holder | None) -> str:
    """ " (process 12 on HOST, since WHEN)", where it is known."""
    return f" ({holder})" if holder else ""


@contextmanager
def alone(
    folder: Path,
    error: type[CrossoverError],
    busy: Callable[[str], str],
    unwritable: Callable[[str], str] | None = None,
    seconds: float = 0.0,
    parents: bool = True,
) -> Iterator[None]:
    """Make the folder, with `parents`, and hold it; the operating system frees it when the process dies, however it dies.

    `seconds`: how long to wait for another process. Raises `error`: with what `busy` makes of who holds it still, which is
    " (process 12 on HOST, since WHEN)" or nothing, or with what `unwritable` makes of the reason why it cannot be written.
    """
    import filelock

    try:
        folder.mkdir(parents=parents, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK, timeout=seconds)
        lock.acquire()
    except filelock.Timeout as held:
        raise error(busy(by(_holder(folder)))) from held
    except (OSError, NotImplementedError) as failed:
        reason = str(getattr(failed, "strerror", None) or failed)
        raise error(unwritable(reason) if unwritable else f"{folder} cannot be written: {reason}") from failed
    with suppress(OSError):  # whoever waits is told less
        (folder / LOCK).write_text(json.dumps(asdict(Holder.own())), encoding="utf-8")
    try:
        yield
    finally:
        lock.release()


def _holder(folder: Path) -> Holder | None:
    try:
        return Holder.read(json.loads((folder / LOCK).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
