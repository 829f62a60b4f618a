"""A model from another package: answers with the last word it was given."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.types import Message, Reply, Request, Usage


@dataclass(frozen=True)
class Parrot:
    target: str = ""

    identity = "parrot-1"
    local = True
    context_window = 512

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Reply:
        tokens = self.count_tokens(request.messages)
        if tokens > self.context_window:
            return Reply(error=f"the prompt has {tokens} words, the window is {self.context_window}")
        words = request.messages[-1].content.split()
        return Reply(words[-1] if words else "", usage=Usage(tokens_in=tokens, tokens_out=1, seconds=0.001))
