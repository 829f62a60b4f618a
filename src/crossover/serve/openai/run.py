"""Starts and ends the server."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from crossover.alone import alone
from crossover.errors import OptionError
from crossover.serve.ending import Server
from crossover.serve.listening import LOOPBACK, bound, key_for
from crossover.serve.openai.app import build
from crossover.serve.openai.catalogue import Catalogue
from crossover.serve.openai.log import AnswerLog
from crossover.serve.patience import Patient

PATIENCE = 30  # seconds for the requests that are under way when the server is to end
CONNECTIONS = 1024


@dataclass(frozen=True)
class Settings:
    """`host`: another than a loopback address needs a key. `key_variable`: the environment variable that holds it. `most`:
    requests that may wait. `folder`: of files and tuning jobs. `log`: a file to which candidates' answers are added."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8000
    key_variable: str | None = None
    most: int = 256
    log: Path | None = None

    @property
    def local(self) -> bool:
        return self.host in LOOPBACK

    @property
    def key(self) -> str | None:
        """Raises `OptionError` where one is needed and there is none."""
        return key_for(self.host, self.key_variable)


@contextmanager
def opened(places: Iterable[str], settings: Settings) -> Iterator[tuple[uvicorn.Server, socket.socket, list[str]]]:
    """A server with its listening socket, ready for `run(sockets=[...])`, and the names of its models.

    Raises `OptionError`, `ModelError`, `StudyError`; two servers never work in one folder.
    """
    key = settings.key
    catalogue = Catalogue(places)
    with bound(settings.host, settings.port) as listening, _held(settings.folder), _logging(settings) as log:
        app = build(catalogue, settings.folder, key, settings.local, settings.most, log)
        config = uvicorn.Config(
            app,
            http=Patient,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=PATIENCE,
            limit_concurrency=CONNECTIONS,
            server_header=False,
        )
        yield Server(config), listening, [served.name for served in catalogue]


def _held(folder: Path) -> AbstractContextManager[None]:
    def busy(who: str) -> str:
        return f"another server works in {folder}{who}; valid is another --folder"

    return alone(folder, OptionError, busy, lambda reason: f"--folder {folder} cannot be written: {reason}")


@contextmanager
def _logging(settings: Settings) -> Iterator[AnswerLog | None]:
    if settings.log is None:
        yield None
        return
    log = AnswerLog(settings.log)
    try:
        yield log
    finally:
        log.close()
