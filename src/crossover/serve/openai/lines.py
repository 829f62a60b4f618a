"""A file to tune with, line by line: a conversation each, and of each the answers that are learnt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.wire import ROLES
from crossover.tuning.batches import TrainingRow
from crossover.types import Message

SHOWN = 5  # wrong lines that are told
LONGEST = 4 << 20  # bytes of a line, as of a request


class TooLong(ValueError):
    """A line that is not read to its end."""


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """A file's lines that are not empty, with their numbers. Raises `TooLong`: what is read must fit into memory."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                raise TooLong(f"line {number} is longer than {LONGEST >> 20} MiB")
            if line.strip():
                yield number, line


def check_jsonl(path: Path) -> None:
    """Raise `ApiError` with the first line that is not a JSON object, and where there is none."""
    try:
        count = sum(1 for _ in _objects(path))
    except ValueError as error:
        raise ApiError(400, f"Invalid file format for fine-tuning: {error}", "file", "invalid_file_format") from error
    if not count:
        raise ApiError(400, "Invalid file format for fine-tuning: the file is empty", "file", "invalid_file_format")


def training_rows(path: Path) -> list[TrainingRow]:
    """A conversation up to an answer, and the answer, for each assistant turn whose weight is not 0.

    Raises `ValueError` that names the first wrong lines.
    """
    rows: list[TrainingRow] = []
    wrong: list[str] = []
    more = 0  # a file may be wrong in a hundred million lines
    for number, body in _objects(path):
        try:
            rows += _turns(body)
        except ValueError as error:
            if len(wrong) < SHOWN:
                wrong.append(f"line {number}: {error}")
            else:
                more += 1
    if wrong:
        raise ValueError("; ".join(wrong) + (f"; and {more} lines more" if more else ""))
    return rows


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in numbered(path):
        try:
            body = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except (ValueError, RecursionError):
            raise ValueError(f"line {number} is not JSON (UTF-8, an object a line)") from None
        if not isinstance(body, dict):
            raise ValueError(f"line {number} is no JSON object")
        yield number, body


def _turns(body: dict[str, Any]) -> list[TrainingRow]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ValueError("'messages' is missing; valid is a list of messages")
    for name in ("tools", "functions"):
        if body.get(name):
            raise ValueError(f"'{name}' is not supported here")
    before: list[Message] = []
    rows: list[TrainingRow] = []
    for place, turn in enumerate(messages):
        role, content, weight = _fields(turn, f"messages[{place}]")
        if role == "assistant" and weight:
            if not before:
                raise ValueError(f"messages[{place}]: an answer needs a question before it")
            rows.append((tuple(before), content))
        before.append(Message(ROLES[role], content))
    if before[-1].role != "assistant":
        raise ValueError("the last message is not of role 'assistant'")
    if not rows:
        raise ValueError("no message of role 'assistant' has a weight over 0")
    return rows


def _fields(turn: Any, where: str) -> tuple[str, str, int]:
    if not isinstance(turn, dict) or turn.get("role") not in ROLES:
        raise ValueError(f"{where}: the role is missing or unknown; valid: {', '.join(ROLES)}")
    content, weight = turn.get("content"), turn.get("weight", 1)
    if not isinstance(content, str) or (turn["role"] == "assistant" and not content.strip()):
        raise ValueError(f"{where}: 'content' is missing; valid is a text")
    if weight not in (0, 1) or isinstance(weight, bool) or (weight == 0 and turn["role"] != "assistant"):
        raise ValueError(f"{where}: 'weight' is 0 or 1, of an assistant's message")
    return turn["role"], content, int(weight)
