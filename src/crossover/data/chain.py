"""A prompt chain as the task file writes it: steps with names, each of which may use the answers of those before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pydantic import Field

from crossover.data.part import Part
from crossover.data.yamlfile import KeyPath
from crossover.errors import TaskError, nearest

FIELD = re.compile(r"\{(\w+)\}")
NAME = re.compile(r"[A-Za-z_]\w*")


class ChainStep(Part):
    """One step. The last one answers the task: its labels are the task's."""

    name: str = Field(description="letters, digits and _ (no digit first): {its name} stands for its answer")
    template: str = Field(default="{input}", min_length=1, description="text with {input} and the names of earlier steps")
    instruction: str = Field(default="", description="text")
    task: str | None = Field(default=None, min_length=1, description="another task file, whose answer this step gives")
    labels: list[str] = Field(default=[], description="a list of the answers that the step may give")
    answer_pattern: str | None = Field(default=None, min_length=1, description="a regular expression")
    max_tokens: int | None = Field(default=None, ge=1, description="a whole number from 1 up")


def check_chain(steps: Sequence[ChainStep], place: Callable[[KeyPath], str]) -> None:
    """Raise `TaskError` for a name that is wrong or stands twice, and for a step that uses what is not there before it.

    `place` turns a key into how the message starts.
    """
    names = [step.name for step in steps]
    used: set[str] = set()
    for number, step in enumerate(steps):
        where, known, last = place(("chain", number)), ["input", *names[:number]], number == len(steps) - 1
        if not NAME.fullmatch(step.name) or step.name == "input":
            raise TaskError(f"{where}: received the name '{step.name}'; valid is a word other than input, such as product")
        if step.name in names[:number]:
            raise TaskError(f"{where}: the name '{step.name}' stands twice")
        for name in FIELD.findall(step.template):
            if name not in known and name in names:
                which = "itself" if name == step.name else f"'{name}', which comes later"
                raise TaskError(f"{where}: step '{step.name}' uses {which}: a loop; valid here: {', '.join(known)}")
            if name not in known:
                raise TaskError(f"{where}: step '{step.name}' uses {{{name}}}, which no step gives; {nearest(name, known)}")
            used.add(name)
        if step.answer_pattern is not None:
            try:
                re.compile(step.answer_pattern)
            except re.error as error:
                raise TaskError(f"{where}: answer_pattern is no regular expression: {error}") from error
        if last and (step.task or step.labels):
            raise TaskError(f"{where}: the last step answers this task, so it has no {'task' if step.task else 'labels'}")
        if step.task and (step.labels or step.instruction):
            raise TaskError(f"{where}: step '{step.name}' has a task, which brings its own instruction and labels")
    for number, name in enumerate(names[:-1]):
        if name not in used:
            raise TaskError(f"{place(('chain', number))}: no later step uses the answer of step '{name}'")
