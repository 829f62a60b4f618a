"""What holds of every chat template, whoever renders it: what it is told, what it does not take, what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.data.thought import MARKS
from crossover.types import Message

# Templates that print today's date would give another prompt each day; those that can think first are asked not to.
FIXED = {"date_string": "01 Jan 2026", "enable_thinking": False}


def end_of_thought(prompt: str) -> str:
    """What closes the thought that a generation prompt opens; nothing where it opens none."""
    for opening, closing in MARKS.items():
        if prompt.rstrip().endswith(opening):
            apart = "" if closing[0] != "<" or closing[1] == "|" else "\n"  # tags of XML stand on lines of their own
            return f"{apart * (1 if prompt[-1] == apart else 2)}{closing}{apart * 2}"
    return ""


def merge_system(messages: Sequence[Message]) -> list[Message]:
    """The same conversation without a system turn: its text opens the first user turn."""
    system = [m.content for m in messages if m.role == "system"]
    rest = [m for m in messages if m.role != "system"]
    if not system:
        return rest
    first = next((i for i, m in enumerate(rest) if m.role == "user"), None)
    if first is None:
        return [Message("user", "\n\n".join(system)), *rest]
    rest[first] = Message("user", "\n\n".join([*system, rest[first].content]))
    return rest
