"""A first task file for a data file, from Python: what `crossover init` writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group
from rich.syntax import Syntax
from rich.text import Text

from crossover.data.finding import Finding
from crossover.data.sketch import Sketch, named, sketch
from crossover.data.task import Task
from crossover.data.textfile import as_path
from crossover.errors import DataError, TaskError
from crossover.report.notebook import printed_html
from crossover.study.folder import write_text


@dataclass(frozen=True)
class Draft:
    """`sketch`: what was seen in the data. `folder`: where the data lie, and the task file by default."""

    sketch: Sketch
    folder: Path
    instruction: str | None

    @property
    def task(self) -> Task:
        """The task as it would be written."""
        own = self.instruction or self.sketch.prepared.task.instruction or self.sketch.draft
        return self.sketch.prepared.task.model_copy(update={"instruction": own})

    @property
    def assumed(self) -> tuple[str, ...]:
        """What was guessed, a sentence each: correct what is wrong."""
        return self.sketch.assumed

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be known of the data: duplicates, leaks, conflicting or rare labels."""
        return tuple(self.sketch.prepared.findings)

    @property
    def text(self) -> str:
        """The task file's YAML, with comments."""
        return self.sketch.text(self.instruction)

    def write(self, path: Path | str | None = None, force: bool = False) -> Path:
        """Write the task file (default: `task.yaml` beside the data) and return its path. Paths in it are relative to the
        folder that the draft was made for. Raises `TaskError` where one is there already, unless `force`."""
        file = self.folder / "task.yaml" if path is None else as_path(path, "draft", TaskError)
        if os.path.lexists(file) and not force:
            raise TaskError(f"{file} exists already: name another file, or replace it with force=True")
        write_text(file, self.text)
        return file

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        said = [Text(f"assumed: {one}") for one in self.assumed]
        told = [Text(f"{one.level}: {one.said}") for one in self.findings if one.said not in self.assumed]
        return printed_html(Group(Syntax(self.text, "yaml", theme="bw", background_color="default"), *said, *told))


def draft(
    data: Path | str,
    instruction: str | None = None,
    input: str | None = None,
    output: str | None = None,
) -> Draft:
    """Look at a file of labelled examples as `crossover init` does. `instruction`: what is to be done with an input, else
    a draft of one. `input` (a column or a template) and `output`: which columns are meant, where that is not clear. Nothing
    is written before `write`. Raises `DataError`."""
    path = named(as_path(data, "draft", DataError))
    return Draft(sketch(path, roles=(input, output)), path.parent, instruction)
