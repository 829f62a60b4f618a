"""The command: tables, a folder, what `show` makes of it, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.small import Terminal
from tests.importing.logs import FILES, LOGS, files


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_shown_with_its_number_and_the_pair_with_its_interval(name: str, crossover: Terminal) -> None:
    said = crossover("import", *files(name))
    assert said.status == 0
    assert "the same items, paired" in said.out
    assert "B − A" in said.out
    assert "0.062" in said.out or name == "promptfoo"  # adjusted over its three pairs
    assert "to keep it, with the data as a task: --out FOLDER" in said.out


def test_what_is_written_is_shown_again(crossover: Terminal, tmp_path: Path) -> None:
    said = crossover("import", *files("inspect"), "--out", tmp_path / "it", "--metric", "exact")
    assert "next: read it, then  crossover run" in said.out
    again = crossover("show", tmp_path / "it")
    assert again.status == 0
    assert said.out.startswith(again.out.rstrip())
    body = json.loads(crossover("show", tmp_path / "it", "--json").out)
    assert body == json.loads(crossover("import", *files("inspect"), "--metric", "exact", "--json").out)


def test_nothing_is_written_over_and_nothing_is_left_half(crossover: Terminal, tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "mine.txt").write_text("mine")
    said = crossover("import", *files("dspy"), "--out", tmp_path / "it")
    assert said.status == 2
    assert "exists and is not an empty folder: name a new one" in said.err
    assert [path.name for path in tmp_path.rglob("*")] == ["it", "mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.eval"], "there is no file nothing.eval"),
        (
            [FILES / "dspy" / "dspy_small.json", "--from", "inspct"],
            "--from inspct: there is no such tool; did you mean 'inspect'?",
        ),
        ([FILES / "dspy" / "dspy_small.json", "--from", "inspect"], "is no file of Inspect; valid are Inspect: a log"),
        ([FILES / "dspy" / "dspy_small.json", "--metric", "f1"], "--metric f1: no log has it; valid: metric"),
        ([FILES / "dspy" / "dspy_small.json"] * 2, "stands twice among the files"),
        ([FILES], "is a folder; valid is a file"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str | Path], sentence: str, crossover: Terminal) -> None:
    said = crossover("import", *arguments)
    assert said.status == 2
    assert sentence in said.err.replace("\n", " ")
    assert said.err.count("\n") == 1
