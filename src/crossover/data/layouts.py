"""Layouts of rows that many data sets share: conversations, pairs of a better and a worse answer, answers in lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from crossover.data.argilla import are_records, from_record
from crossover.data.chat import COLUMNS, NoText, are_turns, chat_column, from_chat, read_talk, transcript, turns_in
from crossover.data.columnnames import is_answer, is_beside
from crossover.data.labelstudio import from_export, is_export
from crossover.data.rows import Row
from crossover.data.spans import from_spans, marked
from crossover.errors import DataError

# the better and the worse answer, and what they answer: as TRL names them, and as OpenAI does
PAIRS = {
    ("chosen", "rejected"): "prompt",
    ("preferred_output", "non_preferred_output"): "input",
    ("chosen_response", "rejected_response"): "prompt",
    ("response_chosen", "response_rejected"): "prompt",
    ("chosen_messages", "rejected_messages"): "prompt",
}
# the same under names that may mean something else: a pair only where both are texts, one of ASKED is beside them, and no
# other column is named like an output
LIKE_PAIRS = [
    *(("positive", "negative"), ("pos", "neg"), ("good", "bad"), ("better", "worse"), ("best", "worst")),
    *(("accepted", "rejected"), ("preferred", "dispreferred"), ("winning", "losing"), ("winner", "loser"), ("win", "lose")),
    *(("response_j", "response_k"), ("y_w", "y_l"), ("answer_chosen", "answer_rejected")),
    *(("winning_response", "losing_response"), ("positive_response", "negative_response")),
    *(("good_response", "bad_response"), ("better_response", "worse_response")),
]
ASKED = ("prompt", "question", "query", "instruction", "input", "anchor", "x", "context", "history")
OF_PAIRS = "it holds pairs of answers: "
TALKS = ("conversations", "messages")  # what is asked, where a pair is of answers alone
SPOKEN = (*COLUMNS, "utterances")  # columns of what was said
IN_TURN = ("conversations", "conversation", "messages", "chat", "data")  # what a user and an assistant said, as texts alone
_SPOKEN = re.compile(r"\s*(?:Human|H): ")
_ANSWER = re.compile(r"\n\n(?:Assistant|A): ?")


def shaped(rows: list[Row]) -> list[Row]:
    """The rows with text columns in the place of conversations. Raises `DataError`."""
    if is_export(rows):
        return [from_export(row) for row in rows]
    if are_records(rows):
        rows = [from_record(row) for row in rows]
    if rows and all(_instances(row) for row in rows):
        rows = [one for row in rows for one in _one_by_one(row)]
    for pair, prompt in PAIRS.items():
        if any(all(name in row.fields for name in pair) for row in rows):
            return _each(rows, partial(_from_pair, pair=pair, prompt=prompt), (prompt, *pair), "pair")
    if (like := _like_pair(rows)) is not None:
        return _each(rows, lambda row: _from_pair(row, *like), (like[1], *like[0]), "pair")
    if any(are_turns(row.fields.get("completion")) for row in rows):
        return _each(rows, _from_prompt, ("prompt", "completion"))
    column = chat_column(rows)
    if column is not None:
        return _each(rows, partial(from_chat, column=column), ("input", "output"), "chat", column)
    if (column := _in_turn(rows)) is not None:
        return [_with_roles(row, column) for row in rows]
    for name in ("input", "prompt"):
        if any(are_turns(row.fields.get(name)) for row in rows) and any(set(row.fields) - {name, "id"} for row in rows):
            said = f"the column '{name}' is read as chat: it is what precedes the answer"
            rows = [replace(row, remarks=(*row.remarks, said)) for row in rows]
            rows = _each(rows, partial(_spoken, names=(), prompt=name), (name,))
    for name in dict.fromkeys(name for row in rows for name in row.fields):
        if name.lower() in SPOKEN and any(_lines(row.fields.get(name)) for row in rows):
            rows = [_from_lines(row, name) for row in rows]
    for name in dict.fromkeys(name for row in rows for name in row.fields):
        if any(_given(row.fields.get(name)) for row in rows):
            rows = [_from_answers(row, name) for row in rows]
    if (places := marked(rows)) is not None:
        rows = [from_spans(row, *places) for row in rows]
    return rows


def as_used(row: Row, output: str, used: Sequence[str]) -> Row:
    """A row without the remark on a pair of answers, where the pair is not the output, or both of it are used."""
    unused = [f"'{name}' is not used" for name in used]
    kept = [
        said
        for said in row.remarks
        if not said.startswith(OF_PAIRS) or (f"'{output}'" in said and not any(one in said for one in unused))
    ]
    return replace(row, remarks=tuple(kept)) if len(kept) < len(row.remarks) else row


def _each(
    rows: Sequence[Row],
    read: Callable[[Row], Row],
    texts: Sequence[str],
    layout: Literal["", "chat", "pair"] = "",
    talk: str = "",
) -> list[Row]:
    """The rows as they are read; one that holds what is no text with empty `texts`, and a word on why: then it is left out
    as every blank one is. `talk`: the column that the texts stand in the place of. Raises the first `NoText` where all rows
    are such."""
    found: list[Row | NoText] = []
    for row in rows:
        try:
            found.append(read(row))
        except NoText as problem:
            found.append(problem)
    whole = [one for one in found if isinstance(one, Row)]
    refused = [one for one in found if isinstance(one, NoText)]
    if refused and not whole:
        raise refused[0]
    # what is said of all the others is said of the file
    shared = [said for said in whole[0].remarks if all(said in one.remarks for one in whole)] if refused else []

    def emptied(row: Row, problem: NoText) -> Row:
        said = f"a turn {problem.what}, which is no text: the conversation is read as empty"
        others = {name: value for name, value in row.fields.items() if name != talk}
        own = {"output": others["output"]} if talk and "output" in others else {}  # a label of the whole conversation
        fields = others | dict.fromkeys(texts, "") | own
        return replace(row, fields=fields, remarks=tuple(dict.fromkeys((*row.remarks, *shared, said))), layout=layout)

    return [one if isinstance(one, Row) else emptied(row, one) for row, one in zip(rows, found, strict=True)]


def _in_turn(rows: Sequence[Row]) -> str | None:
    """The column in which all rows that have anything have what was said, as texts alone (LIMA, UltraChat), where nothing
    beside it may be an output; None where there is none."""
    names = dict.fromkeys(name for row in rows for name in row.fields)
    column = next((name for name in names if name.lower() in IN_TURN), None)
    if column is None or not all(is_beside(name) for name in names if name not in (column, "id")):
        return None
    said = [_said(row.fields.get(column)) for row in rows]
    return column if any(said) and None not in said else None


def _said(value: Any) -> list[str] | None:
    """What was said, a text a turn, "" for one that is missing: nothing of what holds nothing, None of anything else."""
    turns = [] if value in (None, "") else turns_in(value)
    whole = turns is not None and all(turn is None or isinstance(turn, str) for turn in turns)
    return [turn or "" for turn in turns] if turns is not None and whole else None


def _with_roles(row: Row, column: str) -> Row:
    """A row whose list of texts is read as a conversation, which a user begins; of an empty one with empty texts."""
    turns = [
        {"role": ("user", "assistant")[number % 2], "content": line}
        for number, line in enumerate(_said(row.fields.get(column)) or [""])
    ]
    said = f"the column '{column}' holds lists of texts: they are read as what a user and an assistant say in turn"
    return from_chat(replace(row, fields=row.fields | {column: turns}, remarks=(*row.remarks, said)), column)


def _instances(row: Row) -> list[Mapping[str, Any]]:
    """The inputs and outputs that stand under one instruction (Self-Instruct, Wang et al. 2023); none in another row."""
    held = row.fields.get("instances")
    whole = isinstance(held, list) and all(isinstance(one, Mapping) and {"input", "output"} <= one.keys() for one in held)
    return list(held) if isinstance(held, list) and whole else []


def _one_by_one(row: Row) -> list[Row]:
    others = {name: value for name, value in row.fields.items() if name not in ("instances", "id")}
    said = "'instances' holds inputs with their outputs: each is a row"
    return [
        replace(row, fields={**others, **one}, source=f"{row.source}, instance {number}", remarks=(*row.remarks, said))
        for number, one in enumerate(_instances(row), start=1)
    ]


def _like_pair(rows: Sequence[Row]) -> tuple[tuple[str, str], str] | None:
    """Names of a better and a worse answer, and of what they answer, where the answers are texts."""
    named = dict.fromkeys(name for row in rows for name in row.fields)
    asked = next((name for name in ASKED if name in named), None)
    for pair in LIKE_PAIRS if asked else ():
        if any(map(is_answer, named.keys() - {*pair, asked})):
            continue
        held = [row.fields.get(name) for row in rows for name in pair if name in named]
        if all(name in named for name in pair) and _texts(held):
            return pair, asked or ""
    return None


def _texts(values: Sequence[Any]) -> bool:
    """Whether most values are texts of several words."""
    return 2 * sum(isinstance(value, str) and len(value.split()) > 1 for value in values) > len(values)


def _lines(value: Any) -> list[str]:
    """The texts of a list that holds nothing else; else none."""
    turns = turns_in(value) or []
    return turns if all(isinstance(turn, str) for turn in turns) else []


def _from_lines(row: Row, name: str) -> Row:
    """A row with what was said, one turn a line, in the place of a list of texts: nobody is said to have spoken them."""
    if not (lines := _lines(row.fields.get(name))):
        return row
    said = f"the column '{name}' holds lists of texts: they are read as turns, one a line"
    return replace(row, fields=row.fields | {name: "\n".join(lines)}, remarks=(*row.remarks, said))


def _given(value: Any) -> list[Any]:
    """The texts of SQuAD's answers, `{"text": [...], "answer_start": [...]}` or a list of objects; else none."""
    if isinstance(value, Mapping) and "answer_start" in value and isinstance(value.get("text"), list):
        return list(value["text"])
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "answer_start" in one for one in value):
        return [one.get("text") for one in value]
    return []


def _from_answers(row: Row, name: str) -> Row:
    """A row with the first of its answers as text; with "" where there is none."""
    found = _given(row.fields.get(name))
    said = f"'{name}' holds answers with their places: the first text of each row is read"
    return replace(row, fields=row.fields | {name: found[0] if found else ""}, remarks=(*row.remarks, said))


def _from_pair(row: Row, pair: tuple[str, str], prompt: str) -> Row:
    """A row of preferences with its prompt and both answers as text.

    Where the answers are conversations, or one text from "Human:" on, what precedes the last turn is the prompt.
    """
    fields = {name: [value] if name in pair and _is_turn(value) else value for name, value in row.fields.items()}
    talk = next((name for name in TALKS if prompt not in fields and are_turns(fields.get(name))), None)
    if talk is not None:
        fields = {prompt: fields.pop(talk)} | fields
    row = replace(row, fields=fields)
    read = _spoken(row, pair, prompt)
    fields = read.fields
    for name in pair:
        value = fields.get(name)
        if isinstance(value, str) and not _written(row.fields.get(prompt)) and _SPOKEN.match(value):
            *_, last = [None, *_ANSWER.finditer(value)]
            if last is not None:
                before = value[: last.start()].strip()
                fields[name] = value[last.end() :].strip()
                fields[prompt] = before if _ANSWER.search(before) else _SPOKEN.sub("", before, count=1)
    said = f"{OF_PAIRS}'{pair[0]}' is the better one, and '{pair[1]}' is not used"
    return replace(read, remarks=(*row.remarks, said), layout="pair")


def _from_prompt(row: Row) -> Row:
    """A row of `prompt` and `completion`, where these are conversations, with both as text."""
    said = "'prompt' and 'completion' are read as chat: the assistant's last turn is the completion"
    return replace(_spoken(row, ("completion",), "prompt"), remarks=(*row.remarks, said))


def _spoken(row: Row, names: Sequence[str], prompt: str) -> Row:
    """A row whose prompt, and answers of these names, are text where they were conversations."""
    fields, system = dict(row.fields), row.system
    asked = fields.get(prompt)
    asked = asked["messages"] if isinstance(asked, Mapping) and "messages" in asked else asked
    if are_turns(asked):
        talk = read_talk(turns_in(asked) or [], f"{row.source}, {prompt}")
        fields[prompt], system = transcript(talk.spoken), talk.system or system
    for name in names:
        if not are_turns(value := fields.get(name)):
            continue
        talk = read_talk(turns_in(value) or [], f"{row.source}, {name}")
        if talk.answer is None:
            raise DataError(f"{row.source}, {name}: the last turn is the user's; valid is one of the assistant's")
        fields[name], system = talk.answer, talk.system or system
        before = talk.before_answer()
        if before and not _written(fields.get(prompt)):
            fields[prompt] = before
    return replace(row, fields=fields, system=system)


def _is_turn(value: Any) -> bool:
    return isinstance(value, Mapping) and are_turns([value])


def _written(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""
