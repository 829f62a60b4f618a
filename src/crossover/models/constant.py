"""Answers every request with the same text: the majority control is deployed through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.models.base import Runtime
from crossover.types import Candidate, Message, Reply, Request


@dataclass(frozen=True)
class Constant:
    """`constant:ANSWER` answers ANSWER, whatever is asked, at no cost. It has no tokens, so it counts none.

    - `target`: the answer.
    """

    target: str = ""
    local = True
    control = True
    context_window = 1 << 20  # it reads nothing, so nothing is too long

    @property
    def identity(self) -> str:
        return f"constant:{self.target}"

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 0

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return [Reply(self.target) for _ in requests]

    def runtime(self, candidate: Candidate) -> Runtime:
        return Runtime(note=f"A control: it always answers `{self.target}`, so there is nothing to run.")
