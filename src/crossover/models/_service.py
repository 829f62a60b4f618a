"""What a user says of a service (its address, its key's variable), and what it says itself, safe to be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from crossover.errors import ModelError, without_keys

_NAME = re.compile(r"[^\s?&=]+")
_KEY_LIKE = re.compile(r"(?<![A-Za-z0-9])(?:sk|pk|rk|xai|nvapi|gsk)[-_][\w-]{16,}|AIza[\w-]{20,}|ya29\.[\w-]{16,}")
KEY_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")


def checked_name(name: str, service: str) -> str:
    """A model's name as a service has it. Raises `ModelError` for what may be, or hold, a key, and does not show it."""
    if _KEY_LIKE.match(name):
        raise ModelError(
            f"the model's name at '{service}' looks like a key, which is not shown here; valid is a model's name, and the"
            " key in an environment variable"
        )
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"what stands behind '{service}:' is no model's name with options (it is not shown: it may hold a key); valid"
            f" is {service}:NAME?option=value&option=value"
        )
    return name


def checked_url(url: str, option: str = "url") -> str:
    """The address without a slash at its end. Raises `ModelError` for one that is none, or that holds a password."""
    valid = "valid is one such as http://127.0.0.1:8000/v1"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ModelError(f"the model's option '{option}' is no address; {valid}") from None
    if parts.username is not None or parts.password is not None:
        raise ModelError(
            f"the model's option '{option}' holds a name or a password; valid is one without, and key=VARIABLE"
        )
    if parts.query or parts.fragment or _KEY_LIKE.search(url):
        raise ModelError(
            f"the model's option '{option}' has more than an address (it is not shown: it may hold a key); {valid}"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = f" is '{url}'" if "@" not in url else ", which is not shown as it may hold a password, is no address"
        raise ModelError(f"the model's option '{option}'{shown}; {valid}")
    return url.rstrip("/")


def checked_key(key: str) -> str:
    """The name of an environment variable, or nothing. Raises `ModelError` for what may be a key, and does not show it."""
    if key and not KEY_NAME.fullmatch(key):
        raise ModelError(
            "the model's option 'key' is no name of an environment variable (it is not shown: it may be a key); valid is"
            " one in capital letters, such as OPENAI_API_KEY, with the key itself in that variable"
        )
    return key


def told_line(text: str) -> str:
    """A service's own words on one line, without what looks like a key, or is one."""
    line = "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))  # no terminal's commands
    return without_keys(line)[:300] or "nothing more was said"


def words_of_refusal(message: Mapping[str, Any], content: Any) -> str:
    """What a model says in the place of an answer: the field `refusal` of a message in OpenAI's dialect, or of a part
    of its content; else ""."""
    parts = [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
    said = (one.get("refusal") for one in (message, *parts))
    return next((one for one in said if isinstance(one, str) and one.strip()), "")


def text_in(content: Any) -> str:
    """The text of a message in OpenAI's dialect: its content, or the parts of it that are text, as some services send what
    a model thought and answered; else ""."""
    if isinstance(content, str):
        return content
    parts = [one for one in content if isinstance(one, Mapping)] if isinstance(content, list) else []
    said = (one.get("text") for one in parts if one.get("type") in ("text", "output_text"))
    return "".join(one for one in said if isinstance(one, str))


def words_of(error: Any) -> tuple[str, str]:
    """What the official client's error of a status says: the service's own words, and the part of the request it names."""
    told = error.body if isinstance(error.body, dict) else {}
    return told_line(str(told.get("message") or error.message)), str(told.get("param") or "")
