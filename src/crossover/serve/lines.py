"""Texts a line, and answers a line: what ends one on standard input, and how a text of several is written on one."""

from __future__ import annotations

import re
from typing import Any

# every character at which some program ends a line
_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_WRITTEN = {"\n": "\\n", "\r": "\\r", "\r\n": "\\r\\n", "\v": "\\v", "\f": "\\f"}


def read_lines(stream: Any) -> list[str]:
    """The lines of a text stream, such as standard input: its bytes as UTF-8, with or without a byte order mark.

    Only a line feed, or a carriage return and a line feed, ends a line. Bytes that are no UTF-8 become half surrogate
    pairs, as Python hands them on elsewhere.
    """
    raw = getattr(stream, "buffer", None)
    text = str(stream.read()) if raw is None else raw.read().decode("utf-8", "surrogateescape")
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[-1] == "":
        lines.pop()  # what ends the last line begins no other
    return [line.removesuffix("\r") for line in lines]


def one_line(text: str) -> str:
    """A text on one line: where it has several, line breaks of every kind, and backslashes, are escaped as in JSON."""
    if not _BREAK.search(text):
        return text
    escaped = text.replace("\\", "\\\\")
    return _BREAK.sub(lambda match: _WRITTEN.get(match[0]) or f"\\u{ord(match[0]):04x}", escaped)
