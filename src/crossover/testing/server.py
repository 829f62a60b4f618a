"""Our own server on a free port of this machine, for tests of whatever speaks OpenAI's dialect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossover.api.server import start_server


@contextmanager
def serving(
    *places: str, folder: Path, key_variable: str | None = None, most: int = 256, log: Path | None = None
) -> Iterator[str]:
    """Serve what `crossover serve` would; the base URL, without `/v1`. It ends as a stopped server does.

    Raises what the command raises; `OptionError` where it does not start in a minute.
    """
    with start_server(*places, folder=folder, key_env=key_variable, log=log, queue=most) as server:
        yield server.url
