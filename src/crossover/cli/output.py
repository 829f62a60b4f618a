"""Standard output and error in an encoding that cannot hold every letter: what it lacks is written otherwise, no error."""

from __future__ import annotations

import codecs
import json
import sys
from contextlib import AbstractContextManager, redirect_stdout
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from crossover.errors import pasted

# signs of our own tables and sentences, as typewriters had them
SIGNS = {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2026": "..", "\u2022": "*", "\u25cf": "*", "\u25cb": "o"}
SIGNS |= {"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u2265": ">=", "\u2264": "<=", "\u2194": "~"}
SIGNS |= {"\u2020": "+"}
ROOM = 20  # characters of a line from which it is worth breaking between words


def degrade() -> None:
    """Let both streams write what their encoding lacks otherwise (a file under Windows' cp1252, a terminal without UTF-8):
    a sign as one that is like it, a letter as its escape."""
    codecs.register_error("crossover", _alike)
    _lacking("crossover", sys.stdout, sys.stderr)


def exact() -> None:
    """Let standard output escape what its encoding lacks, signs too: what is written is an answer."""
    _lacking("backslashreplace", sys.stdout)


def results_alone() -> AbstractContextManager[Any]:
    """Meanwhile what a metric, a model or a plug-in of the user's prints goes to standard error: a program may read the
    results from standard output."""
    return redirect_stdout(sys.stderr)


def harmless(text: str) -> str:
    """A text of the user's or a model's as a terminal can have it: what would steer it is shown, not done."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def tell(console: Console, sentence: str, mark: str = "") -> None:
    """Print a sentence behind its mark: on a terminal broken between words, below itself; elsewhere it is one line."""
    letters = (c if c.isprintable() else " " if c.isspace() else repr(c)[1:-1] for c in sentence)
    text = Text("".join(letters), overflow="fold")
    room = console.width - len(mark)
    if not console.is_terminal or room < ROOM:
        console.print(Text(mark) + text, soft_wrap=True)
        return
    for number, line in enumerate(text.wrap(console, room)):
        console.print(Text(mark if number == 0 else " " * len(mark)) + line, soft_wrap=True)


def tell_next(console: Console, task: Path) -> None:
    """Print what to do with a task file that was written, as a command that can be copied whole."""
    console.print(f"next: read it, then  crossover run {pasted(task)}", soft_wrap=True, markup=False)


def unicode_out() -> bool:
    """Whether standard output holds every letter: else JSON is written with its own escapes."""
    return _is_unicode(sys.stdout)


def json_out(text: str) -> str:
    """JSON as it can be printed: an escape of the stream's own would be none of JSON's. Half a character, as another tool's
    file may have it, can be printed nowhere."""
    whole = unicode_out() and not any("\ud800" <= c <= "\udfff" for c in text)
    return text if whole else json.dumps(json.loads(text), indent=2) + "\n"


def _lacking(errors: str, *streams: Any) -> None:
    for stream in streams:
        change: Any = getattr(stream, "reconfigure", None)
        if change is not None and not _is_unicode(stream):
            change(errors=errors)


def _alike(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    lacking = problem.object[problem.start : problem.end]
    return "".join(SIGNS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking), problem.end


def _is_unicode(stream: Any) -> bool:
    try:
        return codecs.lookup(stream.encoding or "utf-8").name.startswith("utf")
    except (AttributeError, LookupError):
        return True
