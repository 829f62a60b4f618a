"""Starts and ends the server."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from crossover.errors import OptionError
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
    with bound(settings.host, settings.port) as listening, _alone(settings.folder), _logging(settings) as log:
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
        yield uvicorn.Server(config), listening, [served.name for served in catalogue]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise OptionError(f"another server works in {folder}; valid is another --folder") from error
    except (OSError, NotImplementedError) as error:
        raise OptionError(f"--folder {folder} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    try:
        yield
    finally:
        lock.release()


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
