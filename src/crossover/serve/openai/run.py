"""Starts and ends the server."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from crossover.errors import OptionError
from crossover.serve.openai.app import build
from crossover.serve.openai.catalogue import Catalogue
from crossover.serve.openai.guard import LOOPBACK
from crossover.serve.openai.log import AnswerLog

PATIENCE = 30  # seconds for the requests that are under way when the server is to end
CONNECTIONS = 1024
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


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
        if self.key_variable is None:
            if not self.local:
                raise OptionError(f"--host {self.host} lets others ask: valid with a key, as --key-env VARIABLE")
            return None
        if not VARIABLE.fullmatch(self.key_variable):
            raise OptionError(
                "--key-env is no name of an environment variable (it is not shown: it may be a key); valid is one in"
                " capital letters, with the key itself in that variable"
            )
        key = os.environ.get(self.key_variable, "")
        if not key:
            raise OptionError(f"--key-env {self.key_variable}: there is no such environment variable, or it is empty")
        return key


@contextmanager
def opened(places: Iterable[str], settings: Settings) -> Iterator[tuple[uvicorn.Server, socket.socket, list[str]]]:
    """A server with its listening socket, ready for `run(sockets=[...])`, and the names of its models.

    Raises `OptionError`, `ModelError`, `StudyError`; two servers never work in one folder.
    """
    key = settings.key
    catalogue = Catalogue(places)
    with _bound(settings) as bound, _alone(settings.folder), _logging(settings) as log:
        app = build(catalogue, settings.folder, key, settings.local, settings.most, log)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=PATIENCE,
            limit_concurrency=CONNECTIONS,
            server_header=False,
        )
        yield uvicorn.Server(config), bound, [served.name for served in catalogue]


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


@contextmanager
def _bound(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((settings.host, settings.port))
            bound.listen(128)  # so that who comes before the first answer waits
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OptionError(f"{settings.host}:{settings.port} cannot be listened on: {reason}") from error
        yield bound
