"""Starts and ends the studio."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from crossover.errors import StudyError
from crossover.serve.ending import Server
from crossover.serve.listening import LOOPBACK, bound, key_for
from crossover.serve.patience import Patient
from crossover.studio.app import build

PATIENCE = 5  # seconds for the requests that are under way when it is to end
CONNECTIONS = 256


@dataclass(frozen=True)
class Settings:
    """`folder`: of studies, or one study. `host`: another than a loopback address needs a key. `key_variable`: the
    environment variable that holds it."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8300
    key_variable: str | None = None


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[uvicorn.Server, socket.socket]]:
    """A server with its listening socket, ready for `run(sockets=[...])`. Raises `OptionError`, `StudyError`."""
    if settings.folder.exists() and not settings.folder.is_dir():
        raise StudyError(f"{settings.folder} is a file; valid is a folder of studies, such as runs")
    key = key_for(settings.host, settings.key_variable)
    with bound(settings.host, settings.port) as listening:
        app = build(settings.folder, key, settings.host in LOOPBACK)
        config = uvicorn.Config(
            app,
            http=Patient,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=PATIENCE,
            limit_concurrency=CONNECTIONS,
            server_header=False,
        )
        yield Server(config), listening
