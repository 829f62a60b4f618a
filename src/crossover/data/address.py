"""A service that keeps prompts or studies: its address without a key in it, its words without the keys of this machine."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from crossover.errors import OptionError

HERE = ("localhost", "127.0.0.1", "::1")
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)  # in the name of a variable
SHORTEST = 8  # characters of a key: shorter values ("true", "1") are none


def checked_url(url: str, where: str) -> str:
    """The address without a slash at its end; `where` it was given. Raises `OptionError`, which shows none that may hold a
    key."""
    valid = "valid is one such as http://127.0.0.1:5000"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise OptionError(f"{where} is no address (it is not shown: it may hold a key); {valid}") from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise OptionError(
            f"{where} has more than an address (it is not shown: it may hold a key); {valid}, with keys in the environment"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(f"{where} is no http address; {valid}")
    return url.rstrip("/")


def stays_here(url: str) -> bool:
    """Whether an address is this machine's own."""
    return urlsplit(url).hostname in HERE


def secrets() -> list[str]:
    """The keys that the environment holds, the longest first."""
    found = {value.strip() for name, value in os.environ.items() if SECRET.search(name)}
    return sorted((value for value in found if len(value) >= SHORTEST), key=len, reverse=True)


def without_keys(text: str) -> str:
    """A text in which no key of the environment stands."""
    for secret in secrets():
        text = text.replace(secret, "…")
    return text


def said(text: str) -> str:
    """A service's own words on one line of at most 300 characters, without keys or terminals' commands."""
    line = " ".join(without_keys(text).split())
    return "".join(one if one.isprintable() else "\ufffd" for one in line)[:300].rstrip(". ") or "nothing more was said"
