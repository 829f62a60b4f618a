"""What a run would take, for the terminal, before anything is spent."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossover.decision import numbers
from crossover.report.table import doubts
from crossover.study.part import Part
from crossover.study.plan import models_text
from crossover.study.preview import Preview

WORDS = {"speed": "measuring the speed", "judge": "measuring the judge", "test": "the finalists, on test"}

BEHIND = {"forgetting": ": what it forgets", "folds": ": again in each fold"}


def plan_text(preview: Preview) -> RenderableType:
    """A table of the stages with their sum, what is not in it, what test can show, and what is doubtful with the data."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="dim")
    table.add_column("stage", overflow="fold")
    for heading in ("calls", "tokens in", "tokens out", "time", preview.currency):
        table.add_column(heading, justify="right")
    for part in preview.parts:
        name = WORDS.get(part.kind, part.name + BEHIND.get(part.kind, ""))
        table.add_row(*_cells(_printable(name), part, preview.currency))
    table.add_section()
    table.add_row(*_cells("all", preview.total, preview.currency), style="bold")
    lines = Table.grid(padding=(0, 1, 0, 0))
    for sentence in _sentences(preview):
        lines.add_row("•", Text(_printable(sentence)))
    for sentence in doubts(preview.findings):
        lines.add_row(Text("!", style="bold yellow"), Text(_printable(sentence), style="yellow"))
    rows = ", ".join(f"{count:,} {split}" for split, count in preview.splits.items()) + " rows"
    if preview.folds:
        rows = f"{preview.splits['test']:,} rows in {preview.folds} folds"
    models = models_text(preview.model, preview.named)
    head = f"{preview.task}, with {models} and {rows}: what a run takes from its beginning"
    return Group(Text(_printable(head), style="bold"), Text(), table, Text(), lines)


def _cells(name: str, part: Part, currency: str) -> list[Text]:
    seconds = numbers.ABSENT if part.seconds is None else numbers.duration(part.seconds)
    money = numbers.ABSENT if part.money is None else numbers.money(part.money, currency).removesuffix(f" {currency}")
    counts = [numbers.count(number) for number in (part.calls, part.tokens_in, part.tokens_out)]
    return [Text(cell) for cell in (name, *counts, seconds, money)]


def _sentences(preview: Preview) -> list[str]:
    said = list(preview.said)
    for name, most in preview.unforeseen:
        limit = "nobody knows how many" if most is None else f"at most {most:,}"
        said.append(f"{name} asks what depends on the answers: {limit} further calls, which are not in the sum")
    if preview.models:
        said.append(f"calls of {', '.join(preview.models)} cost money or leave this machine")
    if preview.total.seconds is None:
        said.append(
            "how long it takes is not known, as not all of its models can be timed here"
            if preview.named
            else "how long it takes is not known before the model is asked"
        )
    return [*said, *preview.shows]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)
