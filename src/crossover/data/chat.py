"""OpenAI's chat format: rows with `messages` become rows with `input` and `output`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.data.jsonfile import kind_of
from crossover.data.rows import Row
from crossover.errors import DataError

ROLES = ("system", "developer", "user", "assistant")


@dataclass(frozen=True)
class Turn:
    role: str
    text: str


def is_chat(rows: list[Row]) -> bool:
    """Whether the first row has a list of messages: then all must."""
    return bool(rows) and isinstance(rows[0].fields.get("messages"), list)


def from_chat(row: Row) -> Row:
    """A row with the columns `input` and `output` in the place of `messages`; its other columns stay.

    The last message is the output when the assistant wrote it; else the output is empty. What precedes it is the input:
    one user message as it is, several turns as a transcript ("user: ...", "assistant: ...", one turn a line). System
    messages become `Row.system`. Raises `DataError`.
    """
    messages = row.fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise DataError(f"{row.source}: 'messages' is {kind_of(messages)}; valid is a list of messages, not empty")
    turns = [_turn(message, f"{row.source}, message {n}") for n, message in enumerate(messages, start=1)]
    system = "\n\n".join(turn.text for turn in turns if turn.role in ("system", "developer"))
    spoken = [turn for turn in turns if turn.role in ("user", "assistant")]
    output = spoken.pop().text if spoken and spoken[-1].role == "assistant" else ""
    if len(spoken) == 1 and spoken[0].role == "user":
        text = spoken[0].text
    else:
        text = "\n".join(f"{turn.role}: {turn.text}" for turn in spoken)
    others = {name: value for name, value in row.fields.items() if name != "messages"}
    return Row(row.number, others | {"input": text, "output": output}, row.source, system or None)


def _turn(message: Any, place: str) -> Turn:
    if not isinstance(message, dict):
        raise DataError(f"{place}: received {kind_of(message)}, valid is an object with role and content")
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise DataError(f"{place}: role {role!r}; valid: {', '.join(ROLES)}")
    if isinstance(content, list) and all(isinstance(part, dict) and _is_text(part) for part in content):
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise DataError(f"{place}: the content is {kind_of(content)}; valid is text, or a list of text parts")
    return Turn(role, content)


def _is_text(part: dict[str, Any]) -> bool:
    return part.get("type", "text") == "text" and isinstance(part.get("text"), str)
