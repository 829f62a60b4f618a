"""A prompt that there is already, from a file: the one in production, or another tool's, beside those found here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from crossover.data.jsonfile import kind_of, parse
from crossover.data.task import Task
from crossover.data.textfile import read_text
from crossover.engine.conversation import prompt_of
from crossover.engine.decoding import without_prompt
from crossover.errors import DataError, OptionError
from crossover.strategies._demonstrations import check_shown
from crossover.strategies._options import check
from crossover.strategies.base import Bench, Demanding, Outline, Outlining
from crossover.types import Candidate, Family, Message, Prompt


@dataclass(frozen=True)
class Given(Outlining, Demanding):
    """Takes the prompt as it is, word for word; a start's weights are kept. One that shows rows of dev or test is refused.

    - `prompt`: a file beside the task file: a list of messages, {"role": ..., "content": ...}, as `crossover import` and
      `crossover export` write it, with {input} in the last one where the input goes.
    """

    family: ClassVar[Family] = "prompt"

    prompt: str = ""

    def __post_init__(self) -> None:
        check("given", self, ("prompt", "a file with a prompt's messages, such as prompt.json", bool(self.prompt)))

    def outline(self, start: Outline, task: Task | None) -> Outline:
        if task is None:
            return Outline(worded=True, weights=start.weights)
        return start.told(read_messages(task.folder / self.prompt))

    def check(self, task: Task) -> None:
        read_messages(task.folder / self.prompt)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        prompt = read_messages(bench.task.folder / self.prompt)
        check_shown(prompt, f"strategy 'given': {self.prompt}", bench)
        outputs = [example.output for example in bench.train]
        decoding = without_prompt(start, bench.task, bench.model_of(start.model), outputs)
        made = replace(start, prompt=prompt, decoding=decoding)
        if not bench.fits(made):
            raise OptionError(f"strategy 'given': with {self.prompt} an input exceeds the context window of {start.model}")
        return made


def read_messages(path: Path) -> Prompt:
    """A prompt from a file of messages. Raises `DataError` naming the file and what is not one."""
    body = parse(read_text(path), str(path))
    if not isinstance(body, list):
        raise DataError(f"{path} holds {kind_of(body)}; valid is a list of messages")
    found = []
    for number, one in enumerate(body, start=1):
        fields = one if isinstance(one, dict) else {}
        role, content = fields.get("role"), fields.get("content")
        if role not in ("system", "user", "assistant") or not isinstance(content, str):
            valid = 'valid is {"role": "system", "user" or "assistant", "content": "text"}'
            raise DataError(f"{path}, message {number}: received {kind_of(one)} without them; {valid}")
        found.append(Message(role, content))
    try:
        return prompt_of(found)
    except DataError as why:
        raise DataError(f"{path}: {why}") from None
