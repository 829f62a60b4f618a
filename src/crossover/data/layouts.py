"""Layouts of rows that many data sets share: conversations, and pairs of a preferred and a rejected answer."""

from __future__ import annotations

import re
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
    if rows and all(name in rows[0].fields for name in PAIR):
        return [_from_pair(row) for row in rows]
    column = chat_column(rows)
    return rows if column is None else [from_chat(row, column) for row in rows]


def _from_pair(row: Row) -> Row:
    """A row of preferences with `prompt`, `chosen` and `rejected` as text.

    Where the answers are conversations, or one text from "Human:" on, what precedes the last turn is the prompt.
    """
    fields, system = dict(row.fields), row.system
    if are_turns(prompt := fields.get("prompt")):
        talk = read_talk(turns_in(prompt) or [], f"{row.source}, prompt")
        fields["prompt"], system = transcript(talk.spoken), talk.system or system
    for name in PAIR:
        value = fields.get(name)
        if are_turns(value):
            talk = read_talk(turns_in(value) or [], f"{row.source}, {name}")
            if talk.answer is None:
                raise DataError(f"{row.source}, {name}: the last turn is the user's; valid is one of the assistant's")
            fields[name], system = talk.answer, talk.system or system
            before = talk.before_answer()
            if before and not _written(fields.get("prompt")):
                fields["prompt"] = before
        elif isinstance(value, str) and not _written(row.fields.get("prompt")) and _SPOKEN.match(value):
            *_, last = [None, *_ANSWER.finditer(value)]
            if last is not None:
                before = value[: last.start()].strip()
                fields[name] = value[last.end() :].strip()
                fields["prompt"] = before if _ANSWER.search(before) else _SPOKEN.sub("", before, count=1)
    said = "it holds pairs of answers: 'chosen' is the better one, and 'rejected' is not used"
    return replace(row, fields=fields, system=system, remarks=(*row.remarks, said), layout="pair")


def _written(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""
