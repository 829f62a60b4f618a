"""Small tasks and files for the tests of the data room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossover.data.load import load_tables, to_examples
from crossover.data.task import Task
from crossover.types import Example


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def jsonl(folder: Path, name: str, rows: list[Any]) -> Path:
    return write(folder, name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def task(folder: Path, data: Any, **changes: Any) -> Task:
    fields: dict[str, Any] = {"name": "parcels", "input": "text", "output": "label"} | changes
    return Task(data=data, folder=folder, **fields)


def examples(found: Task) -> list[Example]:
    """A task's examples as its one table has them, the blank ones too."""
    [rows] = load_tables(found).values()
    return to_examples(found, rows, str(found.data))


COLOURS = [
    *("amber", "blue", "coral", "denim", "ebony", "fawn", "green", "hazel"),
    *("indigo", "jade", "khaki", "lilac", "mauve", "navy", "olive", "pearl"),
]
PLACES = ["attic", "barn", "cellar", "depot", "engine-room", "forge", "gallery", "hangar"]


def sentence(number: int) -> str:
    """A text that is far from its neighbours' in any measure of likeness."""
    colour, place = COLOURS[number % len(COLOURS)], PLACES[number // len(COLOURS) % len(PLACES)]
    return f"{colour} {place} {number * 7919 % 100003}"


def table(labels: dict[str, int]) -> str:
    """A CSV with so many rows per label."""
    names = [label for label, count in labels.items() for _ in range(count)]
    return "text,label\n" + "".join(f"{sentence(n)},{label}\n" for n, label in enumerate(names))
