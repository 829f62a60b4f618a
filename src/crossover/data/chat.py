"""Conversations as rows: OpenAI's `messages`, ShareGPT's, Gemini's, pairs of turns, and the same as JSON inside a CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.jsonfile import kind_of
from crossover.data.listed import list_in
from crossover.data.pattern import later
from crossover.data.rows import Row
from crossover.data.template import plain
from crossover.errors import DataError, shown

COLUMNS = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat", "turns", "contents")  # in any case
ROLES = ("system", "developer", "user", "assistant")
SHARED = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant"}  # as ShareGPT names them
OTHERS = {"chatbot": "assistant", "ai": "assistant", "human": "user", "bot": "assistant"}  # in the place of roles
GEMINI = {"model": "assistant"}
CALLS = ("tool_calls", "function_call")
# who calls a tool, or says what it gave, in the place of roles
TOOLS = ("tool", "function", "ipython", "observation", *CALLS, "tool_call", "tool_response", "tool_responses")
TEXTS = ("text", "input_text", "output_text")  # kinds of parts, the last two of OpenAI's Responses
# a word in the name of a part's kind that holds no text by design, at any provider; any other name is a mistake, or new
_NO_TEXT = later(
    r"(?:^|(?<=[^a-z]))(?:image|photo|picture|screenshot|gif|sticker|audio|voice|video|file|document|attachment|upload|asset"
    r"|media|inline|blob|pdf|url|data|location|tool|function|call|computer|shell|bash|mcp|code|search|fetch|refusal|reference"
    r"|citation|approval|reasoning|thought|compaction|encrypted|cache|guard)s?(?![a-z])",
)
_HUMP = later(r"(?<=[a-z])[A-Z]")  # where a word begins inside a name: "inlineData"
SYSTEMS = ("systemInstruction", "system_instruction")  # Gemini's, beside the conversation
# an exchange of two turns in one object, by the names of both
ASKED = ("input", "user", "human", "question", "prompt", "query")
REPLIED = ("output", "assistant", "gpt", "answer", "response", "completion", "reply", "bot")

# who spoke, and what, where turns have other names
SPEAKERS = ("role", "from", "speaker", "author", "sender", "participant")
SAID = ("content", "value", "text", "message", "utterance", "body")


class NoText(DataError):
    """A turn is no text, and no mistake: a call of a tool, a picture. `what`: what it does, in words without a place."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: it {what}, which is no text; valid are conversations without that")
        self.what = what


@dataclass(frozen=True)
class Turn:
    """`learnt`: whether a model is to learn to say it; OpenAI's `weight` 0 says that it is not."""

    role: str
    text: str
    learnt: bool = True


@dataclass(frozen=True)
class Talk:
    """A conversation: what the system was told, and the turns of user and assistant."""

    system: str
    spoken: tuple[Turn, ...]

    @property
    def answer(self) -> str | None:
        """What the assistant says last; None where the user does, or where it is not to be learnt."""
        last = self.spoken[-1] if self.spoken else None
        return last.text if last and last.role == "assistant" and last.learnt else None

    def before_answer(self) -> str:
        """What precedes the answer, as text."""
        return transcript(self.spoken if self.answer is None else self.spoken[:-1])


def chat_column(rows: Sequence[Row]) -> str | None:
    """The column that holds a conversation in the first row with anything in it: then all must."""
    named = {name.lower(): name for row in rows for name in reversed(row.fields)}
    for known in COLUMNS:
        if (column := named.get(known)) is None:
            continue
        values = [row.fields.get(column) for row in rows]
        value = next((value for value in values if value not in (None, "", "[]", [])), values[0])
        turns = turns_in(value)
        if turns is not None and ((isinstance(value, list) and known == "messages") or _are_turns(turns)):
            return column
    return None


def turns_in(value: Any) -> list[Any] | None:
    """A list, also one that was written into a text; None for anything else."""
    return value if isinstance(value, list) else list_in(value) if isinstance(value, str) else None


def are_turns(value: Any) -> bool:
    """Whether a value is a conversation."""
    turns = turns_in(value)
    return turns is not None and _are_turns(turns)


def is_talk(value: Any) -> bool:
    """Whether a value is a list of who said what, under any of the names that people have for both."""
    turns = turns_in(value)
    return bool(turns) and all(
        isinstance(turn, Mapping) and any(name in turn for name in SPEAKERS) and any(name in turn for name in SAID)
        for turn in turns or ()
    )


def from_chat(row: Row, column: str) -> Row:
    """A row with the columns `input` and `output` in the place of the conversation; its other columns stay.

    The last message is the output when the assistant wrote it; else the output is empty, or the row's own column `output`.
    What precedes it is the input: one user message as it is, several turns as a transcript ("user: ...",
    "assistant: ...", one turn a line). System messages become `Row.system`. Raises `DataError`.
    """
    value = row.fields.get(column)
    turns = turns_in(value)
    if not turns:
        raise DataError(f"{row.source}: '{column}' is {kind_of(value)}; valid is a list of messages, not empty")
    talk = read_talk(turns, row.source)
    others = {name: value for name, value in row.fields.items() if name != column}
    own, answer = others.get("output"), talk.answer
    text = talk.before_answer()
    if own is not None and _text(own, row).strip():  # a label of the whole conversation, perhaps
        text = text if answer is None or answer == own else transcript(talk.spoken)
    else:
        own = answer or ""
    if "input" in others and _text(others["input"], row).strip() not in ("", text.strip()):
        raise DataError(f"{row.source}: it has '{column}' and a column 'input' too; valid is one of them, so rename one")
    given = [(name, others.pop(name, None)) for name in SYSTEMS]
    beside = [_parted(value, f"{row.source}, {name}") for name, value in given if value is not None]
    system = talk.system or (others["system"] if isinstance(others.get("system"), str) else "".join(beside))
    said = (
        () if column == "messages" else (f"the column '{column}' is read as chat: the assistant's last turn is the output",)
    )
    return Row(
        row.number, others | {"input": text, "output": own}, row.source, system or None, (*row.remarks, *said), "chat"
    )


def read_talk(turns: Sequence[Any], place: str) -> Talk:
    """A conversation from its messages. Raises `DataError` starting with `place`."""
    read = [turn for n, message in enumerate(turns, start=1) for turn in _spoken(message, f"{place}, message {n}")]
    system = "\n\n".join(turn.text for turn in read if turn.role in ("system", "developer"))
    return Talk(system, tuple(turn for turn in read if turn.role in ("user", "assistant")))


def transcript(spoken: Sequence[Turn]) -> str:
    """One user turn as it is; several turns one a line, each behind who says it."""
    if len(spoken) == 1 and spoken[0].role == "user":
        return spoken[0].text
    return "\n".join(f"{turn.role}: {turn.text}" for turn in spoken)


def _are_turns(turns: Sequence[Any]) -> bool:
    return bool(turns) and all(
        isinstance(turn, Mapping) and ("role" in turn or "from" in turn or "parts" in turn or _exchange(turn))
        for turn in turns
    )


def _exchange(message: Mapping[str, Any]) -> tuple[str, str] | None:
    """The names of what is asked and replied in an object that holds both."""
    asked, replied = ([name for name in known if name in message] for known in (ASKED, REPLIED))
    return (asked[0], replied[0]) if asked and replied else None


def _spoken(message: Any, place: str) -> list[Turn]:
    """The turn that a message is; of an exchange both, behind what it says of the system."""
    if not isinstance(message, Mapping) or "role" in message or "from" in message or not (pair := _exchange(message)):
        return [_turn(message, place)]
    roles = {"system": "system", pair[0]: "user", pair[1]: "assistant"}
    return [
        Turn(role, _parted(message[name], f"{place}, {name}"))
        for name, role in roles.items()
        if message.get(name) is not None
    ]


def _turn(message: Any, place: str) -> Turn:
    if not isinstance(message, dict):
        raise DataError(f"{place}: received {kind_of(message)}, valid is an object with role and content")
    shared = "role" not in message and "from" in message
    gemini = "content" not in message and "parts" in message
    role, content = (message["from"], message.get("value")) if shared else (message.get("role"), message.get("content"))
    names = SHARED if shared else GEMINI if gemini else {}
    role = "user" if gemini and role is None else role
    if isinstance(role, str) and role.lower() in TOOLS:
        raise NoText(place, f"is a tool's ('{role}')")
    known = (names.get(role.lower()) or OTHERS.get(role.lower()) or role.lower()) if isinstance(role, str) else role
    if known not in ROLES:
        raise DataError(f"{place}: role {shown(role)}; valid: {', '.join((*names, *ROLES))}")
    if (call := next((name for name in CALLS if message.get(name)), None)) is not None:
        raise NoText(place, f"calls a tool ('{call}')")
    if message.get("refusal") and not content and not gemini:
        raise NoText(place, "is a refusal ('refusal')")
    return Turn(known, _parted(message["parts"] if gemini else content, place), message.get("weight") != 0)


def _parted(content: Any, place: str) -> str:
    """A text, or one in parts, without those that are thoughts. Raises `DataError` starting with `place`."""
    if isinstance(content, Mapping) and "parts" in content:
        content = content["parts"]
    if isinstance(content, Mapping):
        content = [content]
    if isinstance(content, list) and (other := _no_text(content)):
        if not _NO_TEXT.search(_HUMP.sub(r"_\g<0>", other).lower()):
            kinds = ", ".join(TEXTS)
            raise DataError(f"{place}: a part of the content is of the kind {shown(other)}; a text's is one of: {kinds}")
        raise NoText(place, f"has a part '{other}'")
    if isinstance(content, list) and all(map(_is_read, content)):
        content = "".join(part.get("text", part.get("value")) for part in content if not _is_thought(part))
    if not isinstance(content, str):
        parts = content if isinstance(content, list) else []
        odd = next((f", and one is {shown(part)}" for part in parts if not _is_read(part)), "")
        raise DataError(f"{place}: the content is {kind_of(content)}; valid is text, or a list of text parts{odd}")
    return content


def _no_text(parts: Sequence[Any]) -> str | None:
    """What the first part is called that is no text and is not meant as one: a picture, a call of a tool."""
    others = (part for part in parts if isinstance(part, Mapping) and not _is_read(part))
    names = (part.get("type", part.get("content_type", next(iter(part), None))) for part in others)
    return next((name for name in names if isinstance(name, str) and name not in TEXTS), None)


def _is_read(part: Any) -> bool:
    return isinstance(part, Mapping) and (_is_text(part) or _is_thought(part))


def _is_thought(part: Mapping[str, Any]) -> bool:
    return bool(part.get("thought")) or part.get("type") in ("thinking", "redacted_thinking", "reasoning")


def _is_text(part: Mapping[str, Any]) -> bool:
    return part.get("type", "text") in TEXTS and isinstance(part.get("text", part.get("value")), str)


def _text(value: Any, row: Row) -> str:
    try:
        return plain(value)
    except ValueError as problem:
        raise DataError(f"{row.source}: {problem}") from problem
