"""OpenAI's official client: for any address that speaks the dialect, with a key that only the environment knows."""

from __future__ import annotations

import importlib
import os
import re
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

from crossover.errors import MissingExtra, ModelError, without_keys

URL = "https://api.openai.com/v1"
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
CONNECT = 10.0  # seconds
KEPT_ALIVE = 4.0  # seconds of an idle connection: less than servers keep one, so that none is closed as it is used
NO_KEY = "none"  # the client wants one, also for a server that does not


def checked_url(url: str) -> str:
    """The address without a slash at its end. Raises `ModelError` for one that is none, or that holds a password."""
    valid = "valid is one such as http://127.0.0.1:8000/v1"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ModelError(f"the model's option 'url' is no address; {valid}") from None
    if parts.username is not None or parts.password is not None:
        raise ModelError("the model's option 'url' holds a name or a password; valid is one without, and key=VARIABLE")
    if parts.query or parts.fragment:
        raise ModelError(f"the model's option 'url' has more than an address (it is not shown: it may hold a key); {valid}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelError(f"the model's option 'url' is '{url}'; {valid}")
    return url.rstrip("/")


def checked_key(key: str) -> str:
    """The name of an environment variable, or nothing. Raises `ModelError` for what may be a key, and does not show it."""
    if key and not VARIABLE.fullmatch(key):
        raise ModelError(
            "the model's option 'key' is no name of an environment variable (it is not shown: it may be a key); valid is"
            " one in capital letters, such as OPENAI_API_KEY, with the key itself in that variable"
        )
    return key


def client(url: str = URL, key: str = "OPENAI_API_KEY", timeout: float = 120.0, version: str = "") -> Any:
    """An `openai.OpenAI`, its own retries off. `url`: with its version; `key`: the name of the environment variable with
    the key, empty for a server that wants none; `timeout`: seconds for an answer; `version`: of Azure's API, then it is an
    `openai.AzureOpenAI`.

    Raises `ModelError` where the variable is empty, `MissingExtra`.
    """
    return _made("OpenAI", url, key, timeout, version, {})


def async_client(url: str, key: str, timeout: float, most: int, version: str = "") -> Any:
    """As `client`, an `openai.AsyncOpenAI` with up to `most` connections, over aiohttp: half the work for a request."""
    _imported("aiohttp", url)
    limits = _imported("httpx2", url).Limits(max_connections=most, keepalive_expiry=KEPT_ALIVE)
    own = _imported("openai", url).DefaultAioHttpClient(limits=limits, verify=_certificates())
    return _made("AsyncOpenAI", url, key, timeout, version, {"http_client": own})


def _made(kind: str, url: str, key: str, timeout: float, version: str, more: dict[str, Any]) -> Any:
    secret = os.environ.get(checked_key(key), "").strip() if key else NO_KEY
    if not secret:
        raise ModelError(
            f"the environment variable {key} holds no key for {urlsplit(url).netloc}; set it, or name another: key="
        )
    library = _imported("openai", url)
    wait = library.Timeout(timeout, connect=min(CONNECT, timeout))
    if version:
        kind, more = kind.replace("OpenAI", "AzureOpenAI"), {**more, "api_version": version}
    return getattr(library, kind)(base_url=checked_url(url), api_key=secret, max_retries=0, timeout=wait, **more)


@cache
def _certificates() -> Any:
    """Read once: it takes longer than all else of a client."""
    return importlib.import_module("httpx2").create_ssl_context()


def _imported(name: str, url: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(f"a model at {urlsplit(url).netloc}", "openai") from error


def fate(error: BaseException) -> Literal["unsent", "late", "broken"]:
    """What became of a request that has no answer. Only of one that is `unsent` is it certain that nobody bills it."""
    http = importlib.import_module("aiohttp")
    chain: BaseException | None = error  # the official client calls a connection that broke a time-out
    while chain is not None:
        if isinstance(chain, (http.ClientConnectorError, http.ConnectionTimeoutError)):
            return "unsent"
        if isinstance(chain, TimeoutError):  # the library's own too
            return "late"
        chain = chain.__cause__
    return "broken"


def without_secrets(text: str, key: str = "") -> str:
    """A service's own words on one line, without the key or what looks like one."""
    line = "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))  # no terminal's commands
    own = os.environ.get(key, "").strip() if key else ""
    return without_keys(line.replace(own, "…") if own else line)[:300] or "nothing more was said"
