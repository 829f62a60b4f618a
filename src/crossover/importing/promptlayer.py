"""PromptLayer: its official client, and a prompt that it keeps, by name and label."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from crossover.data.address import checked_url, said
from crossover.engine.conversation import INPUT
from crossover.errors import DataError, MissingExtra, OptionError
from crossover.importing.base import Reading, Wording, listed, mapping, text
from crossover.importing.placeholders import LOGIC, NAME
from crossover.types import Message, Role

PREFIX = "promptlayer:"
KEY, ADDRESS = "PROMPTLAYER_API_KEY", "PROMPTLAYER_BASE_URL"
URL = "https://api.promptlayer.com"
ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
FSTRING, JINJA = "f-string", "jinja2"


@dataclass(frozen=True)
class Piece:
    """Text, or the place of a variable."""

    text: str
    variable: bool = False


@dataclass(frozen=True)
class Turn:
    """A message of a template."""

    role: Role
    pieces: tuple[Piece, ...]

    @property
    def plain(self) -> bool:
        return not any(piece.variable for piece in self.pieces)

    def written(self) -> str:
        """As a task file's `input` has it: braces of the text itself doubled."""
        parts = [
            "{" + piece.text + "}" if piece.variable else piece.text.replace("{", "{{").replace("}", "}}")
            for piece in self.pieces
        ]
        return "".join(parts)

    def text(self) -> str:
        """All of it as text, `{name}` where a variable is."""
        return "".join("{" + piece.text + "}" if piece.variable else piece.text for piece in self.pieces)


def address(url: str | None = None) -> str:
    """The service's address: the given one, else the environment's, else PromptLayer's own. Raises `OptionError`."""
    if url:
        return checked_url(url, "--url")
    other = os.environ.get(ADDRESS, "").strip()
    return checked_url(other, f"the environment variable {ADDRESS}") if other else URL


def client(url: str) -> Any:
    """A `promptlayer.PromptLayer`. Raises `MissingExtra`, and `OptionError` where the environment holds no key."""
    try:
        library = importlib.import_module("promptlayer")
    except ImportError as error:
        raise MissingExtra("PromptLayer", "promptlayer") from error
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise OptionError(f"the environment variable {KEY} holds no key for PromptLayer")
    return library.PromptLayer(api_key=key, base_url=url)


def fetched(service: Any, name: str, label: str = "") -> Mapping[str, Any] | None:
    """The template as it is kept, not filled in; its last version without a label. None where there is none."""
    missing = importlib.import_module("promptlayer.exceptions").PromptLayerNotFoundError
    wanted: dict[str, Any] = {"skip_input_variable_rendering": True}
    try:
        found = service.templates.get(name, {**wanted, "label": label} if label else wanted)
    except missing:
        return None
    return found if isinstance(found, Mapping) else {}


def turns_of(template: Any, place: str) -> list[Turn]:
    """The messages of a template. Raises `DataError` starting with `place` for what is more than text and variables."""
    body = mapping(template)
    if body.get("type") == "completion":
        return [Turn("user", _pieces(body, place))]
    messages = [mapping(message) for message in listed(body.get("messages"))]
    if not messages:
        raise DataError(f"{place} has no messages")
    found = []
    for number, message in enumerate(messages, start=1):
        role = ROLES.get(text(message.get("role")))
        if role is None:
            shown = "system, user and assistant"
            raise DataError(f"{place}, message {number}: received the role '{message.get('role')}'; valid: {shown}")
        found.append(Turn(role, _pieces(message, f"{place}, message {number}")))
    return found


def messages_of(turns: list[Turn], place: str) -> tuple[Message, ...]:
    """Turns as `conversation` has them: text, and in the last one the input's place, whatever its variable is called.

    Raises `DataError` for variables elsewhere, and for several.
    """
    last = turns[-1]
    names = {piece.text for turn in turns for piece in turn.pieces if piece.variable}
    if len(names) != 1 or not all(turn.plain for turn in turns[:-1]):
        told = ", ".join(sorted(names)) or "none"
        raise DataError(f"{place} has the variables {told}; a rung takes one, the input, in the last message")
    if any(INPUT in piece.text for piece in last.pieces if not piece.variable):
        raise DataError(f"{place} has the characters {INPUT} in its last message as text, which a rung reads as the input")
    whole = "".join(INPUT if piece.variable else piece.text for piece in last.pieces)
    return (*(Message(turn.role, turn.text()) for turn in turns[:-1]), Message(last.role, whole))


def read_prompt(written: str) -> Reading:
    """What `promptlayer:NAME@LABEL`, or `promptlayer:NAME`, names. Raises `OptionError`, `MissingExtra`, `DataError`."""
    name, _, label = written.removeprefix(PREFIX).rpartition("@") if "@" in written else (written[len(PREFIX) :], "", "")
    if not name:
        raise OptionError(f"received '{written}'; valid is {PREFIX}NAME@LABEL, or {PREFIX}NAME for the last version")
    service = client(address())
    try:
        found = fetched(service, name, label)
    except Exception as error:  # noqa: BLE001  the client has an error of its own for each status
        raise DataError(f"PromptLayer did not give '{name}': {said(str(error))}") from None
    if not found:
        labelled = f" labelled '{label}'" if label else ""
        raise DataError(f"PromptLayer has no prompt '{name}'{labelled}")
    return _reading(name, label, found)


def _reading(name: str, label: str, found: Mapping[str, Any]) -> Reading:
    shown = f"{name}@{label}" if label else name
    turns = turns_of(found.get("prompt_template"), f"the prompt '{shown}'")
    remarks: list[str] = []
    messages: tuple[Message, ...] = ()
    try:
        messages = messages_of(turns, f"the prompt '{shown}'")
    except DataError as why:
        remarks.append(f"{why}: it is no rung, and its wording alone can make a task")
    system = turns[0] if turns[0].role == "system" else None
    if system is not None and not system.plain:
        remarks.append(f"the system message of '{shown}' has variables and is left out of the task's instruction")
    examples = len(turns) - 1 - (system is not None)
    if examples > 0:
        remarks.append(f"{examples} messages of examples of '{shown}' are in prompt.json alone")
    template = turns[-1].written()
    alone = turns[-1].pieces[0].text if len(turns[-1].pieces) == 1 and turns[-1].pieces[0].variable else template
    instruction = system.text() if system is not None and system.plain else ""
    wording = Wording(instruction, alone, f"{shown}, version {found.get('version', '?')}", messages)
    return Reading("PromptLayer", wordings=(wording,), template=alone, remarks=tuple(remarks), name=name)


def _pieces(message: Mapping[str, Any], place: str) -> tuple[Piece, ...]:
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else [mapping(one) for one in listed(content)]
    found: list[Piece] = []
    for block in blocks:
        if block.get("type", "text") != "text" or not isinstance(block.get("text"), str):
            raise DataError(f"{place}: received content of the type '{block.get('type')}'; valid is text")
        found += _parsed(block["text"], text(message.get("template_format")) or FSTRING, place)
    whole: list[Piece] = []
    for piece in found:  # a parser ends a text at each doubled brace
        if whole and not (whole[-1].variable or piece.variable):
            whole[-1] = Piece(whole[-1].text + piece.text)
        else:
            whole.append(piece)
    return tuple(whole)


def _parsed(written: str, form: str, place: str) -> list[Piece]:
    """A template's text as PromptLayer fills it in: Python's format strings, or plain names of Jinja."""
    if form == JINJA:
        if LOGIC.search(NAME.sub("", written)):
            raise DataError(f"{place} has more of Jinja than names between double braces, which is not read")
        parts = NAME.split(written.removesuffix("\n"))  # Jinja drops one at the end
        return [Piece(part, bool(odd % 2)) for odd, part in enumerate(parts) if part or odd % 2]
    found: list[Piece] = []
    try:
        for before, name, spec, conversion in Formatter().parse(written):
            if before:
                found.append(Piece(before))
            if name is not None:
                if not name.isidentifier() or spec or conversion:
                    raise ValueError(f"'{{{name}}}' is no plain variable")
                found.append(Piece(name, True))
    except ValueError as problem:
        raise DataError(f"{place} is no template that can be filled in: {problem}") from problem
    return found
