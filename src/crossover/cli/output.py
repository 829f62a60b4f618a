"""Standard output and error in an encoding that cannot hold every letter: what it lacks is escaped, never an error."""

from __future__ import annotations

import codecs
import json
import sys
from typing import Any


def degrade() -> None:
    """Let both streams escape what their encoding lacks (a file under Windows' cp1252, a terminal without UTF-8)."""
    for stream in (sys.stdout, sys.stderr):
        change: Any = getattr(stream, "reconfigure", None)
        if change is not None and not _is_unicode(stream):
            change(errors="backslashreplace")


def unicode_out() -> bool:
    """Whether standard output holds every letter: else JSON is written with its own escapes."""
    return _is_unicode(sys.stdout)


def json_out(text: str) -> str:
    """JSON as it can be printed: an escape of the stream's own would be none of JSON's."""
    return text if unicode_out() else json.dumps(json.loads(text), indent=2) + "\n"


def _is_unicode(stream: Any) -> bool:
    try:
        return codecs.lookup(stream.encoding or "utf-8").name.startswith("utf")
    except (AttributeError, LookupError):
        return True
