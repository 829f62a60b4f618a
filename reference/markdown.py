"""Pieces of Markdown, in which a docstring's words are what they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

MADE = "<!-- made from the code by `python -m reference`: change the docstring or the help there -->\n"
_CODE = re.compile(r"(`[^`\n]+`)")


def prose(text: str) -> str:
    """A docstring's text: what stands in backticks is code, and nothing else is markup."""
    parts = _CODE.split(text)
    return "".join(part if place % 2 else _plain(part) for place, part in enumerate(parts))


def _plain(text: str) -> str:
    return re.sub(r"([\\*<\[\]|]|(?<!\w)_|_(?!\w))", r"\\\1", text)


def code(text: str) -> str:
    """A word as code; nothing is nothing."""
    return f"`{text}`" if text else ""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already. Without rows, nothing."""
    if not rows:
        return ""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    """On one line; a bar in code would end the cell there too."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def paragraphs(document: str) -> str:
    """A docstring's paragraphs, each on a line; blocks that are set in stay as they are."""
    found = []
    for block in re.split(r"\n\s*\n", document.strip()):
        lines = block.split("\n")
        if lines[0].lstrip().startswith("- "):
            found.append("\n".join(_items(lines)))
        elif lines[0].startswith("    "):
            found.append("\n".join(["```", *(line.removeprefix("    ") for line in lines), "```"]))
        else:
            found.append(prose(" ".join(line.strip() for line in lines)))
    return "\n\n".join(found)


def _items(lines: Sequence[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        text = line.strip()
        if text.startswith("- "):
            found.append(f"- {prose(text[2:])}")
        else:
            found[-1] += f" {prose(text)}"
    return found
