"""Our own server on a free port of this machine, for tests of whatever speaks OpenAI's dialect."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossover.serve.openai.run import Settings, opened


@contextmanager
def serving(
    *places: str, folder: Path, key_variable: str | None = None, most: int = 256, log: Path | None = None
) -> Iterator[str]:
    """Serve what `crossover serve` would; the base URL, without `/v1`. It ends as a stopped server does.

    Raises what the command raises; `TimeoutError` where it does not start in a minute.
    """
    settings = Settings(folder, port=0, key_variable=key_variable, most=most, log=log)
    with opened(places, settings) as (server, bound, _):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        until = time.monotonic() + 60
        while not server.started:
            if time.monotonic() > until or not thread.is_alive():
                raise TimeoutError("the server does not start")
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
