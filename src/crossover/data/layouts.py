"""Layouts of rows that many data sets share: conversations, and pairs of a preferred and a rejected answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crossover.data.chat import are_turns, chat_column, from_chat, read_talk, transcript, turns_in
from crossover.data.rows import Row
from crossover.errors import DataError

PAIR = ("chosen", "rejected")
_SPOKEN = re.compile(r"\s*(?:Human|H): ")
_ANSWER = re.compile(r"\n\n(?:Assistant|A): ?")


def shaped(rows: list[Row]) -> list[Row]:
    """The rows with text columns in the place of conversations. Raises `DataError`."""
    if any(all(name in row.fields for name in PAIR) for row in rows):
        return [_from_pair(row) for row in rows]
    if any(are_turns(row.fields.get("completion")) for row in rows):
        return [_from_prompt(row) for row in rows]
    column = chat_column(rows)
    return rows if column is None else [from_chat(row, column) for row in rows]


def _from_pair(row: Row) -> Row:
    """A row of preferences with `prompt`, `chosen` and `rejected` as text.

    Where the answers are conversations, or one text from "Human:" on, what precedes the last turn is the prompt.
    """
    read = _spoken(row, PAIR)
    fields = read.fields
    for name in PAIR:
        value = fields.get(name)
        if isinstance(value, str) and not _written(row.fields.get("prompt")) and _SPOKEN.match(value):
            *_, last = [None, *_ANSWER.finditer(value)]
            if last is not None:
                before = value[: last.start()].strip()
                fields[name] = value[last.end() :].strip()
                fields["prompt"] = before if _ANSWER.search(before) else _SPOKEN.sub("", before, count=1)
    said = "it holds pairs of answers: 'chosen' is the better one, and 'rejected' is not used"
    return replace(read, remarks=(*row.remarks, said), layout="pair")


def _from_prompt(row: Row) -> Row:
    """A row of `prompt` and `completion`, where these are conversations, with both as text."""
    said = "'prompt' and 'completion' are read as chat: the assistant's last turn is the completion"
    return replace(_spoken(row, ("completion",)), remarks=(*row.remarks, said))


def _spoken(row: Row, names: Sequence[str]) -> Row:
    """A row whose `prompt`, and answers of these names, are text where they were conversations."""
    fields, system = dict(row.fields), row.system
    if are_turns(prompt := fields.get("prompt")):
        talk = read_talk(turns_in(prompt) or [], f"{row.source}, prompt")
        fields["prompt"], system = transcript(talk.spoken), talk.system or system
    for name in names:
        if not are_turns(value := fields.get(name)):
            continue
        talk = read_talk(turns_in(value) or [], f"{row.source}, {name}")
        if talk.answer is None:
            raise DataError(f"{row.source}, {name}: the last turn is the user's; valid is one of the assistant's")
        fields[name], system = talk.answer, talk.system or system
        before = talk.before_answer()
        if before and not _written(fields.get("prompt")):
            fields["prompt"] = before
    return replace(row, fields=fields, system=system)


def _written(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""
