"""Lists that a text holds: as JSON, as Python shows them, or as NumPy does, without commas (`['a' 'b']`)."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from itertools import accumulate
from typing import Any

_NUMBERS = re.compile(r"\[\s*[-+]?[\d.]+(?:e[-+]?\d+)?(?:\s+[-+]?[\d.]+(?:e[-+]?\d+)?)+\s*\]", re.I)
_BESIDE = re.compile(r"['\"]\s*['\"]|[}\])]\s+[{\[(]")  # two items that no comma parts, perhaps
_ENDS, _BEGINS = {"}", "]", ")"}, {"{", "[", "("}


def list_in(text: str) -> list[Any] | None:
    """The list that a text is; None where it is none."""
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for read in (json.loads, _shown):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError):
            continue
        return found if isinstance(found, list) else None
    return None


def _shown(text: str) -> Any:
    """What Python or NumPy shows so. Python would read two texts without a comma between them as one."""
    if _NUMBERS.fullmatch(text):
        return ast.literal_eval(re.sub(r"(?<=[\d.])\s+(?=[-+\d.])", ", ", text))
    return ast.literal_eval(_with_commas(text) if _BESIDE.search(text) else text)


def _with_commas(text: str) -> str:
    """The text with a comma between any two items that stand beside each other."""
    starts = [0, *accumulate(map(len, io.StringIO(text)))]
    made, done, before = list[str](), 0, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT):
            continue
        ends = before == "text" or before in _ENDS
        if ends and (token.type == tokenize.STRING or token.string in _BEGINS):
            at = starts[token.start[0] - 1] + token.start[1]
            made += [text[done:at], ","]
            done = at
        before = "text" if token.type == tokenize.STRING else token.string
    return "".join([*made, text[done:]])
