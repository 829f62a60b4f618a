"""Texts a line, and answers a line: what ends one on standard input, and how a text of several is written on one."""

from __future__ import annotations

import re
from typing import Any

from crossover.data.textfile import lines_of

# every character at which some program ends a line
_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_WRITTEN = {"\n": "\\n", "\r": "\\r", "\r\n": "\\r\\n", "\v": "\\v", "\f": "\\f"}
_READ = {"\\n": "\n", "\\r": "\r", "\\v": "\v", "\\f": "\f", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\(?:[nrvf\\]|u00(?:1[c-e]|85)|u202[89])")


def read_lines(stream: Any) -> list[str]:
    """The lines of a text stream, such as standard input: its bytes as UTF-8, with or without a byte order mark.

    Only a line feed, or a carriage return and a line feed, ends a line. Bytes that are no UTF-8 become half surrogate
    pairs, as Python hands them on elsewhere.
    """
    raw = getattr(stream, "buffer", None)
    text = str(stream.read()) if raw is None else raw.read().decode("utf-8", "surrogateescape")
    return lines_of(text.removeprefix("\ufeff"))


def one_line(text: str) -> str:
    """A text on one line, from which `whole` gives it back.

    Where it has several lines, or backslashes that would read as an escape, line breaks of every kind and backslashes are
    escaped as in JSON; any other text stays as it is.
    """
    if not has_break(text) and whole(text) == text:
        return text
    escaped = text.replace("\\", "\\\\")
    return _BREAK.sub(lambda match: _WRITTEN.get(match[0]) or f"\\u{ord(match[0]):04x}", escaped)


def whole(line: str) -> str:
    """The text that `one_line` wrote on a line."""
    return _ESCAPE.sub(lambda match: _READ.get(match[0]) or chr(int(match[0][2:], 16)), line)


def has_break(text: str) -> bool:
    """Whether some program would see several lines in a text."""
    return _BREAK.search(text) is not None
