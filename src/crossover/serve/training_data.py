"""Writes a study's train and dev splits as another tool's training and validation files, with what they would cost."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.errors import OptionError, nearest
from crossover.models.base import Model, Tunable
from crossover.serve.lessons import Lessons, gather
from crossover.serve.whole import files_in, new_folder
from crossover.study.folder import write_text
from crossover.tuning.providers import FORMATS, Format, Lesson, problems, raise_on
from crossover.types import Message


@dataclass(frozen=True)
class FileCount:
    """`longest`: tokens of the longest row, prompt and answer together."""

    file: str
    rows: int
    prompt_tokens: int
    answer_tokens: int
    longest: int

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.answer_tokens


@dataclass(frozen=True)
class Preview:
    """`price`: per million training tokens, in whatever money the user thinks in; None where none was given."""

    train: FileCount
    validation: FileCount
    epochs: int
    price: float | None
    notes: tuple[str, ...]

    @property
    def billed(self) -> int:
        """Tokens of the training file, over all epochs."""
        return self.train.tokens * self.epochs

    @property
    def cost(self) -> float | None:
        return None if self.price is None else self.billed * self.price / 1e6

    def rows(self) -> list[tuple[str, str]]:
        """What it amounts to, as a table: name and number."""
        found = []
        for count in (self.train, self.validation):
            found.append((f"{count.file}: rows", f"{count.rows:,}"))
            found.append(
                (f"{count.file}: tokens of prompts + answers", f"{count.prompt_tokens:,} + {count.answer_tokens:,}")
            )
        found.append(("longest row, tokens", f"{max(self.train.longest, self.validation.longest):,}"))
        found.append(("training tokens × epochs", f"{self.train.tokens:,} × {self.epochs} = {self.billed:,}"))
        if self.cost is None:
            found.append(("cost", "name the price of a million training tokens with --price"))
        else:
            found.append((f"cost, at {self.price:g} for a million training tokens", f"{self.cost:.2f}"))
        return found


@dataclass(frozen=True)
class Written:
    """`files`: what was written, relative to the folder."""

    files: list[str]
    preview: Preview


def export_training_data(
    source: Path, out: Path, format_name: str, name: str | None = None, epochs: int = 3, price: float | None = None
) -> Written:
    """Write `train.jsonl`, `validation.jsonl` and a README to a new folder, which appears whole or not at all.

    `source`: the folder of a finished run, or a task file; `name`: whose prompt, see `lessons.gather`. Raises `OptionError`
    for an unknown format or a number out of range, `DataError` where a row breaks the format's rules, and what `gather`
    and `new_folder` raise.
    """
    if format_name not in FORMATS:
        raise OptionError(f"there is no training data format '{format_name}'; {nearest(format_name, list(FORMATS))}")
    if epochs < 1:
        raise OptionError(f"--epochs: received {epochs}, valid is 1 or more")
    if price is not None and not (price >= 0 and math.isfinite(price)):
        raise OptionError(f"--price: received {price:g}, valid is a price of a million training tokens from 0 up")
    kind, lessons = FORMATS[format_name], gather(source, name)
    files = {"train.jsonl": lessons.train, "validation.jsonl": lessons.validation}
    lines = {file: [json.dumps(kind.write(row), ensure_ascii=False) for row in rows] for file, rows in files.items()}
    raise_on(kind, lessons.task, files, problems(kind, lines["train.jsonl"], lines["validation.jsonl"]))
    train, validation = (count(lessons.model, file, rows) for file, rows in files.items())
    preview = Preview(
        train, validation, epochs, price, tuple(_notes(kind, lessons, lines["train.jsonl"], train, validation))
    )
    with new_folder(out) as part:
        for file, text in lines.items():
            write_text(part / file, "".join(line + "\n" for line in text))
        write_text(part / "README.md", _readme(kind, lessons, preview))
    return Written(files_in(out), preview)


def count(model: Model, file: str, lessons: Sequence[Lesson]) -> FileCount:
    """Tokens by a model's own tokenizer and chat format, the end of turn included."""
    sizes = [_size(model, lesson) for lesson in lessons]
    longest = max((prompt + answer for prompt, answer in sizes), default=0)
    return FileCount(file, len(sizes), sum(p for p, _ in sizes), sum(a for _, a in sizes), longest)


def _size(model: Model, lesson: Lesson) -> tuple[int, int]:
    if isinstance(model, Tunable):
        ids, start = model.encode(lesson.messages, lesson.answer)
        return start, len(ids) - start
    return model.count_tokens(lesson.messages), model.count_tokens([Message("assistant", lesson.answer)])


def _notes(kind: Format, lessons: Lessons, train_lines: list[str], train: FileCount, validation: FileCount) -> list[str]:
    whose = f"the tokenizer of {lessons.model_name}, the study's model"
    notes = [f"rendered with {lessons.prompt}"]
    if kind.hosted:
        notes.append(f"tokens are counted by {whose}: an estimate, since the hosted model's own counts otherwise")
    else:
        notes.append(f"tokens are counted by {whose}")
    if len(lessons.train) < kind.wanted:
        notes.append(f"{len(lessons.train)} training rows are few: {kind.about} is advised from {kind.wanted} on")
    same = len(train_lines) - len(set(train_lines))
    if same:
        notes.append(f"{same} training rows stand twice or more, as in the data")
    if kind.longest and max(train.longest, validation.longest) > kind.longest:
        notes.append(f"the longest row may be cut: the limit of {kind.about} is {kind.longest:,} tokens an example")
    if kind.learns_all and any(m.role == "assistant" for lesson in lessons.train for m in lesson.messages):
        notes.append("this format cannot mark the demonstrations' answers as read only: they may be learnt too")
    return notes


def _readme(kind: Format, lessons: Lessons, preview: Preview) -> str:
    table = [f"| {name} | {number} |" for name, number in preview.rows()]
    return "\n".join(
        [
            f"# {lessons.task}: training data for {kind.about}",
            "",
            "- `train.jsonl`: the study's training split, one example a line",
            "- `validation.jsonl`: its dev split, without rows that are training rows too",
            "",
            "The test split is not in them: keep it for measuring what comes out."
            if lessons.held_back
            else "All labelled rows of the study are in them: measure what comes out on others.",
            "",
            "| | |",
            "|---|---:|",
            *table,
            "",
            *(f"- {note}" for note in preview.notes),
            "",
        ]
    )
