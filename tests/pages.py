"""The code blocks of the documentation, and a session that runs them.

In docs/, a block marked `sh` is run line by line and one marked `python` as a whole, all of a page in one folder, in their
order; one with `title="FILE"` is that file there. A block without a mark, or marked `py`, needs a network, a key or
minutes: its commands are held to their parsers, and its Python is compiled.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.cli.main import COMMANDS, load, main
from tests.forked import forked

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]+)"')
DRIFT = 3  # how `watch` ends where it has something to tell


@dataclass(frozen=True)
class Block:
    """`mark`: the language, or ""; `title`: the file that it is, or ""; `line`: where it begins."""

    page: Path
    line: int
    mark: str
    title: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.name}, line {self.line}"

    @property
    def runs(self) -> bool:
        return self.mark in ("sh", "python") or bool(self.title)

    def commands(self) -> list[list[str]]:
        """The words of each line that begins with `crossover`, in blocks that are no Python."""
        if self.mark not in ("", "sh", "console"):
            return []
        lines = self.text.replace("\\\n", " ").split("\n")
        return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("crossover ")]


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        head, title = match[1].split(" ")[0], TITLE.search(match[1])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, head, title[1] if title else "", match[2]))
    return found


def parse(words: list[str]) -> None:
    """Hold a command's words to its parser; nothing is done. Raises what the parser raises."""
    assert words[0] in COMMANDS or words[0].startswith("-"), f"there is no command {words[0]}"
    if words[0].startswith("-"):
        return
    command, rest = load(words[0]), words[1:]
    if several := getattr(command, "commands", None):
        command, rest = several[rest[0]], rest[1:]
    command.make_context(words[0], list(rest))


def follow(page: Path, folder: Path) -> None:
    """Run all that a page shows, in a folder, in a process of its own: a page starts servers and prints as a reader would.

    Raises `AssertionError` with what went wrong.
    """
    told = folder / f".{page.stem}.log"
    status = forked(_followed, page, folder, told)
    said = told.read_text(encoding="utf-8") if told.exists() else ""
    assert status == 0, f"{page.name}: {status}\n{said}"


def _followed(page: Path, folder: Path, told: Path) -> None:
    os.chdir(folder)
    names: dict[str, Any] = {"__name__": "page"}
    try:
        for block in blocks(page):
            if block.runs:
                run(block, folder, names)
    except BaseException:
        told.write_text(traceback.format_exc(), encoding="utf-8")
        raise


def run(block: Block, folder: Path, names: dict[str, Any]) -> str:
    """Run a block in the current folder, which is `folder`; what it printed."""
    if block.title:
        (folder / block.title).write_text(block.text, encoding="utf-8")
        return ""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        if block.mark == "python":
            exec(compile("\n" * block.line + block.text, str(block.page), "exec"), names)
        else:
            for words in block.commands():
                status = _called(words)
                assert status == 0 or (status, words[0]) == (DRIFT, "watch"), f"{block.place}: {words}\n{told.getvalue()}"
    return told.getvalue()


def _called(words: list[str]) -> int:
    with _arguments(words):
        try:
            main()
        except SystemExit as left:
            return left.code if isinstance(left.code, int) else 0
    return 0


@contextlib.contextmanager
def _arguments(words: list[str]) -> Iterator[None]:
    before, sys.argv = sys.argv, ["crossover", *words]
    try:
        yield
    finally:
        sys.argv = before
