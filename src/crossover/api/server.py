"""The server of `crossover serve`, in a thread of this program, such as a notebook's."""

from __future__ import annotations

import importlib
import importlib.util
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from crossover.data.textfile import as_path
from crossover.errors import MissingExtra, OptionError
from crossover.serve.listening import url_of

PATIENCE = 60.0  # seconds for a start
HOST = "127.0.0.1"


class Server:
    """A running server: `url` without and `base_url` with `/v1`, as OpenAI's client wants it, and the `names` of what it
    serves. It ends with `close`, at the end of a `with`, or with the program."""

    def __init__(
        self, places: list[str], port: int, folder: Path, key_env: str | None, log: Path | None, queue: int
    ) -> None:
        """Raises what the command raises, and `OptionError` where it does not start in a minute."""
        run: Any = importlib.import_module("crossover.serve.openai.run")
        self._stack = ExitStack()
        settings = run.Settings(folder, HOST, port, key_env, queue, log)
        self._server, bound, self.names = self._stack.enter_context(run.opened(places, settings))
        self.url = url_of(HOST, bound)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]}, daemon=True)
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while not self._server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                self.close()
                raise OptionError(f"the server does not start at {self.url}; valid is another port, or 0 for a free one")
            time.sleep(0.01)

    @property
    def base_url(self) -> str:
        """What OpenAI's client takes: `OpenAI(base_url=server.base_url, api_key="none")`."""
        return f"{self.url}/v1"

    def close(self) -> None:
        """End it: what is under way is answered."""
        self._server.should_exit = True
        self._thread.join()
        self._stack.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Server({', '.join(self.names)} at {self.base_url})"


def start_server(
    *what: Path | str,
    port: int = 0,
    folder: Path | str = "crossover-serve",
    key_env: str | None = None,
    log: Path | str | None = None,
    queue: int = 256,
) -> Server:
    """Serve finished studies, `STUDY:CANDIDATE`, exports and models on this machine, beside the program that asks for it.

    `port`: 0 takes a free one; the other options are those of `crossover serve`. Raises `MissingExtra`, `OptionError`,
    `ModelError`, `StudyError`.
    """
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "python_multipart")):
        raise MissingExtra("'start_server'", "serve")
    if not what:
        raise OptionError("start_server: received nothing to serve; valid are studies, exports and models")
    home = as_path(folder, "folder", OptionError)
    answers = None if log is None else as_path(log, "log", OptionError)
    return Server([str(one) for one in what], port, home, key_env, answers, queue)
