"""Candidate + input -> messages: the one renderer for evaluation, tuning and serving."""

from __future__ import annotations

from dataclasses import replace

from crossover.engine.similarity import Index
from crossover.types import Candidate, Demonstration, Message, Prompt, Request


class Renderer:
    """Renders inputs with one prompt. Keep it: the index for nearest demonstrations is built once."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self._index: Index | None = None

    def messages(self, text: str, leave_out: Demonstration | None = None) -> tuple[Message, ...]:
        """The conversation that asks for the answer to `text`.

        `leave_out`: a training row that must not be shown as a demonstration for itself.
        """
        found: list[Message] = []
        if self.prompt.instruction:
            found.append(Message("system", self.prompt.instruction))
        for demonstration in self._shown(text, leave_out):
            found.append(Message("user", self._user(demonstration.input)))
            found.append(Message("assistant", demonstration.output))
        found.append(Message("user", self._user(text)))
        return tuple(found)

    def _user(self, text: str) -> str:
        # replace, not format: an input may hold braces, and must never be read as a template
        return self.prompt.template.replace("{input}", text)

    def _shown(self, text: str, leave_out: Demonstration | None) -> list[Demonstration]:
        pool = self.prompt.demonstrations
        if self.prompt.selection == "fixed" or not pool:
            return [d for d in pool if d != leave_out]
        if self._index is None:
            self._index = Index([demonstration.input for demonstration in pool])
        order = [pool[i] for i in self._index.order(text) if pool[i] != leave_out]
        return order[: self.prompt.shots][::-1]  # the most similar stands next to the question


def requests(
    candidate: Candidate, renderer: Renderer, text: str, repeat: int = 0, leave_out: Demonstration | None = None
) -> list[Request]:
    """The calls that a candidate makes for an input, one a sample: in measuring, in probing and in serving.

    What is done with the replies is not in them: a model is not asked again for another pattern or more samples.
    """
    messages, decoding = renderer.messages(text, leave_out), replace(candidate.decoding, samples=1)
    if decoding.pattern:
        decoding = replace(decoding, labels=(), label_bias=(), pattern="")
    first = repeat * candidate.decoding.samples
    draws = range(first, first + candidate.decoding.samples)
    return [Request(messages, decoding, candidate.weights, draw) for draw in draws]
