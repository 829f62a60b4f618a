"""A small task with the fake model, and the command line called in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossover.cli.main import main

FRUITS = ["apple", "banana", "cherry", "date", "elder", "fig", "grape", "hazel", "iris", "juniper"]
WISHES = ["send me another", "why is it so late", "take it back", "where do I pay"]
LABELS = ["order", "delivery", "returns", "billing"]


def rows(count: int = 40) -> list[tuple[str, str]]:
    """Text and label, every text different."""
    return [(f"{FRUITS[n % 10]} number {n * 37 % 101}: {WISHES[n // 10]}", LABELS[n // 10]) for n in range(count)]


def table(pairs: list[tuple[str, str]], header: str = "text,label") -> str:
    """A CSV."""
    return header + "\n" + "".join(f"{text},{label}\n" for text, label in pairs)


def task(**changes: Any) -> str:
    """A task file's text: two prompts on the fake model. A key with the value None is left out."""
    body = {
        "name": "parcels",
        "instruction": "Say what the message is about.",
        "data": "rows.csv",
        "input": "text",
        "output": "label",
        "model": "fake",
        "strategies": ["majority", "zero_shot", "instruction"],
    } | changes
    return yaml.safe_dump({key: value for key, value in body.items() if value is not None}, sort_keys=False)


def write_task(folder: Path, **changes: Any) -> Path:
    """`task.yaml` and `rows.csv` in a folder."""
    (folder / "rows.csv").write_text(table(rows()))
    path = folder / "task.yaml"
    path.write_text(task(**changes))
    return path


@dataclass(frozen=True)
class Said:
    """What a call of the command line left."""

    status: int
    out: str
    err: str


class Terminal:
    """Calls `crossover` with arguments, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str | Path) -> Said:
        self._monkeypatch.setattr(sys, "argv", ["crossover", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = self._capsys.readouterr()
        code = left.value.code
        return Said(code if isinstance(code, int) else 0, out, err)
