"""What a tool's files are read into: logs of scored items, rows with an output, and wordings of a prompt."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

from crossover.errors import without_keys
from crossover.importing.source import Source
from crossover.types import Message

LARGEST = 1e100  # a score


@dataclass(frozen=True)
class Item:
    """One row as one system answered it.

    `row`: the data's own columns, the expected output among them. `scores`: metric -> value, None where the tool gave no
    number. `failed`: why there is no answer; such an item has no score.
    """

    id: str
    row: Mapping[str, Any]
    answer: str = ""
    scores: Mapping[str, float | None] = field(default_factory=dict)
    failed: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "failed", without_keys(self.failed))  # services quote keys

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same data: two logs may number other rows alike."""
        return hashlib.sha256(json.dumps(self.row, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Printed:
    """A number that the tool itself gives for a log, under its own name ("accuracy", "pass rate"): the mean of `metric`,
    times `scale`."""

    metric: str
    statistic: str
    value: float
    scale: float = 1.0


@dataclass(frozen=True)
class Log:
    """A finished evaluation of one system on the items of one task. An item may stand several times: its epochs."""

    tool: str
    task: str
    system: str
    items: tuple[Item, ...]
    printed: tuple[Printed, ...] = ()
    place: str = ""  # the file


@dataclass(frozen=True)
class Wording:
    """A prompt. `template` names columns as a task file's `input` does. `messages`: the whole of it, with its examples, as
    `engine/conversation.py` has it; empty where only its wording is known."""

    instruction: str
    template: str = ""
    name: str = ""
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a tool's files hold of one task; `name` is the task's, where they have it.

    `rows` share columns; `template` and `output` are a task file's `input` and `output`, "" where the files do not say.
    `metric`: ours that stands for the tool's, "" where none does. `remarks`: a sentence each on what was left out or has no
    counterpart. `definitions`: what is kept as the tool has it, for a person to read.
    """

    tool: str
    logs: tuple[Log, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    template: str = ""
    output: str = ""
    wordings: tuple[Wording, ...] = ()
    metric: str | Mapping[str, Any] = ""
    remarks: tuple[str, ...] = ()
    definitions: tuple[Mapping[str, Any], ...] = ()
    name: str = ""


class Tool(Protocol):
    """One other tool: `shown` is its name for a reader, `files` says what it writes that can be read."""

    name: ClassVar[str]
    shown: ClassVar[str]
    files: ClassVar[str]

    def recognises(self, source: Source) -> bool:
        """Whether a file is one of the tool's; any file may be asked about, whatever it holds."""
        ...

    def read(self, sources: Sequence[Source]) -> list[Reading]:
        """What its files hold together, by task. Raises `DataError` naming the file and what is not the tool's."""
        ...


def number(value: Any) -> float | None:
    """A score as a number; None for whatever is none, or so large that its differences are none."""
    try:
        found = float(value) if isinstance(value, (bool, int, float)) else math.nan
    except OverflowError:
        return None
    return found if abs(found) <= LARGEST else None  # not of one that is no number


def text(value: Any) -> str:
    """A value of a log as text: an answer, an expected output."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> Sequence[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def distinct(rows: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The rows in their order, each once."""
    return tuple({json.dumps(row, sort_keys=True, default=str): row for row in rows}.values())


def conversation(messages: Any) -> str:
    """Messages as text: a single one's content, else each after who said it."""
    if isinstance(messages, str):
        return messages
    said = [(text(mapping(m).get("role")), _content(mapping(m).get("content"))) for m in listed(messages)]
    return said[0][1] if len(said) == 1 else "\n".join(f"{role}: {content}" for role, content in said)


def _content(value: Any) -> str:
    """A message's content, which may be a list of parts."""
    if not isinstance(value, list):
        return text(value.get("text") if isinstance(value, Mapping) else value)
    return "\n".join(text(part.get("text")) if isinstance(part, Mapping) else text(part) for part in value)
