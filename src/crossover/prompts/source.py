"""A prompt from a file of the user's: a text, or its parts as YAML or JSON."""

from __future__ import annotations

import json
from pathlib import Path

from crossover.data.textfile import read_text
from crossover.data.yamlfile import ENDINGS
from crossover.errors import PromptError
from crossover.prompts import plain
from crossover.prompts.record import read_prompt
from crossover.types import Prompt

INPUT = "{input}"


def prompt_in(path: Path) -> Prompt:
    """The prompt in a file: YAML or JSON with the keys of a `Prompt`, also a version's own file; any other is a text.

    Raises `PromptError`.
    """
    text = read_text(path, error=PromptError)
    ending = path.suffix.lower()
    if ending not in (*ENDINGS, ".json"):
        return worded(text)
    try:
        body = json.loads(text) if ending == ".json" else plain.read(text)
    except (ValueError, RecursionError) as problem:
        said = "not valid JSON" if ending == ".json" else ""
        raise PromptError(f"{path}: {': '.join(filter(None, (said, str(problem))))}") from problem
    inner = isinstance(body, dict) and isinstance(body.get("prompt"), dict)
    return read_prompt(body["prompt"] if inner else body, str(path))


def worded(text: str) -> Prompt:
    """A text as it is, to its last letter: with {input} in it the user's message, else the instruction before it."""
    return Prompt(template=text) if INPUT in text else Prompt(instruction=text)
