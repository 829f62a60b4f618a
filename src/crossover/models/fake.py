"""A scripted backend for tests and dry runs: deterministic, instant, no model behind it.

The target is the script:

    fake                one of the request's labels, by a hash of the conversation; without labels, as `echo`
    fake:echo           the last user message
    fake:answer=TEXT    TEXT
    fake:fail:K         as `fake`, but about every K-th request fails (by its hash, so the same ones each time)

A token is a word; a call takes a millisecond, which is reported, not waited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.errors import ModelError
from crossover.types import Message, Reply, Request, Usage, content_hash


@dataclass(frozen=True)
class Fake:
    """`fake:SCRIPT`. Raises `ModelError` for an unknown script.

    - `target`: the script.
    """

    target: str = ""
    local = True
    context_window = 4096

    def __post_init__(self) -> None:
        every = self.target.removeprefix("fail:")
        counts = every != self.target and every.isdecimal() and int(every) > 0
        if not (self.target in ("", "echo") or self.target.startswith("answer=") or counts):
            valid = "echo, answer=TEXT, fail:K with K from 1"
            raise ModelError(f"the fake model has no script '{self.target}'; valid: {valid}")

    @property
    def identity(self) -> str:
        return f"fake:{self.target}"

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        words = self.count_tokens(request.messages)
        if words > self.context_window:
            return Reply(error=f"the prompt has {words} tokens, the window is {self.context_window}")
        # weights and repeat count too: a tuned model may answer otherwise, and a repeat may fail by itself
        tuned = request.weights.sha256 if request.weights else ""
        draw = int(content_hash({"messages": request.messages, "weights": tuned, "repeat": request.repeat}), 16)
        if self.target.startswith("fail:") and draw % int(self.target.removeprefix("fail:")) == 0:
            return Reply(error="the fake model was told to fail")
        labels = request.decoding.labels
        scores: tuple[float, ...] = ()
        if self.target.startswith("answer="):
            text = self.target.removeprefix("answer=")
        elif labels and self.target != "echo":
            chosen = draw // 97 % len(labels)
            text = labels[chosen]
            scores = tuple(-0.5 if i == chosen else -2.0 - i / 1000 for i in range(len(labels)))
        else:
            text = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
        usage = Usage(words, len(text.split()), 0.001)
        return Reply(text, scores, usage)
