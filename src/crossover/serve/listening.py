"""Where a server of ours listens, and the key that it asks for."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from crossover.errors import OptionError

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def key_for(host: str, variable: str | None) -> str | None:
    """The key in an environment variable. Raises `OptionError` where one is needed and there is none."""
    if variable is None:
        if host not in LOOPBACK:
            raise OptionError(f"--host {host} lets others ask: valid with a key, as --key-env VARIABLE")
        return None
    if not VARIABLE.fullmatch(variable):
        raise OptionError(
            "--key-env is no name of an environment variable (it is not shown: it may be a key); valid is one in"
            " capital letters, with the key itself in that variable"
        )
    key = os.environ.get(variable, "")
    if not key:
        raise OptionError(f"--key-env {variable}: there is no such environment variable, or it is empty")
    if not all("!" <= character <= "~" for character in key):
        raise OptionError(f"--key-env {variable}: the key has a character that no header bears; valid: ASCII, no spaces")
    return key


def name_in(host: str) -> str:
    """The name in a Host header, in small letters, without its port."""
    return (host[1:].split("]")[0] if host.startswith("[") else host.split(":")[0]).lower()


def url_of(host: str, bound: socket.socket) -> str:
    """What a browser asks for to come to a listening socket."""
    return f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket; port 0 takes a free one. Raises `OptionError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
            made.listen(128)  # so that who comes before the first answer waits
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OptionError(f"{host}:{port} cannot be listened on: {reason}") from error
        yield made
