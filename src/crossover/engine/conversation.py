"""A prompt as the messages that other tools keep, and back: instruction, examples, and `{input}` where the input goes."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.engine.render import filled
from crossover.errors import DataError
from crossover.types import Demonstration, Message, Prompt

INPUT = "{input}"


def conversation(prompt: Prompt) -> list[Message]:
    """A prompt as messages, `{input}` where the input goes; nearest demonstrations are not in it.

    In the last message alone `{input}` is a place; all other messages are text.
    """
    found = [Message("system", prompt.instruction)] if prompt.instruction else []
    if prompt.selection == "fixed":
        for shown in prompt.demonstrations:
            found.append(Message("user", filled(prompt.template, {**dict(shown.steps), "input": shown.input})))
            found.append(Message("assistant", shown.output))
    return [*found, Message("user", prompt.template)]


def against(prompt: Prompt) -> str:
    """Why messages cannot hold the whole of a prompt, for "its prompt ..."; "" where they can."""
    if prompt.steps:
        return "is a chain of several"
    if prompt.selection == "nearest" and prompt.demonstrations:
        return f"shows other examples to each input, the {prompt.shots} most similar of {len(prompt.demonstrations)}"
    return ""


def prompt_of(messages: Sequence[Message]) -> Prompt:
    """The inverse of `conversation`: a system message or none, turns of an example each, and the template.

    Raises `DataError` for messages that are not so, naming the one.
    """
    system = [Message("system", "")] if not messages or messages[0].role != "system" else [messages[0]]
    turns = messages[1:] if messages and messages[0].role == "system" else messages
    valid = "valid are a system message or none, examples (user, then assistant), and a user message with {input}"
    for number, message in enumerate(turns, start=len(messages) - len(turns) + 1):
        wanted = "assistant" if (number - (len(messages) - len(turns))) % 2 == 0 else "user"
        if message.role != wanted:
            raise DataError(f"message {number} of the prompt is the {message.role}'s, where the {wanted}'s is due; {valid}")
    if len(turns) % 2 == 0 or INPUT not in turns[-1].content:
        raise DataError(f"the last of the prompt's messages is not the user's with {INPUT} in it; {valid}")
    template = turns[-1].content
    shown = []
    for number in range(0, len(turns) - 1, 2):
        text = _input_in(turns[number].content, template)
        if text is None:
            at = len(messages) - len(turns) + number + 1
            raise DataError(f"message {at} of the prompt is not in the form of the last one, so it is no example of it")
        shown.append(Demonstration(text, turns[number + 1].content))
    return Prompt(system[0].content, template, tuple(shown))


def _input_in(text: str, template: str) -> str | None:
    """What stands in the template's places, the same in each; None where the text has another form."""
    around = template.split(INPUT)
    length, left = divmod(len(text) - sum(map(len, around)), len(around) - 1)
    if length < 0 or left:
        return None
    found = text[len(around[0]) : len(around[0]) + length]
    return found if found.join(around) == text else None
