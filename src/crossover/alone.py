"""A folder that one process holds at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crossover.errors import CrossoverError

LOCK = ".lock"  # the file that is held


@contextmanager
def alone(
    folder: Path,
    error: type[CrossoverError],
    busy: str,
    unwritable: Callable[[str], str] | None = None,
    seconds: float = 0.0,
    parents: bool = True,
) -> Iterator[None]:
    """Make the folder, with `parents`, and hold it; the operating system frees it when the process dies, however it dies.

    `seconds`: how long to wait for another process. Raises `error`, with `busy` where it is held still, or with what
    `unwritable` makes of the reason why it cannot be written.
    """
    import filelock

    try:
        folder.mkdir(parents=parents, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK, timeout=seconds)
        lock.acquire()
    except filelock.Timeout as held:
        raise error(busy) from held
    except (OSError, NotImplementedError) as failed:
        reason = str(getattr(failed, "strerror", None) or failed)
        raise error(unwritable(reason) if unwritable else f"{folder} cannot be written: {reason}") from failed
    try:
        yield
    finally:
        lock.release()
