"""Candidate + input -> messages: the one renderer for evaluation, tuning and serving."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from crossover.data.text import comparable
from crossover.engine.similarity import Index, index_by
from crossover.types import Decoding, Demonstration, Example, Message, Prompt

SPARE = 16  # further ones are found ahead, as some may be the text itself
NOTHING: Mapping[str, str] = MappingProxyType({})


class Renderer:
    """Renders inputs with one prompt, `steps` with those of its chain. Keep it: its index is built once."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.steps = tuple(Renderer(step.prompt) for step in prompt.steps)
        self._index: Index | None = None
        self._nearest: dict[str, list[int]] = {}  # of texts that were told of ahead
        self._inputs: dict[int, str] = {}  # of its demonstrations, as inputs are compared
        self._asked = "", ""  # the text that is asked for, as it is and as inputs are compared
        self._turns: dict[int, tuple[Message, Message]] = {}  # the same turns stand in many prompts

    def messages(self, text: str, answers: Mapping[str, str] = NOTHING, leave_out: bool = False) -> tuple[Message, ...]:
        """The conversation that asks for the answer to `text`, behind the `answers` of the chain's steps by name.

        `leave_out`: the input is a training row's, which must not be shown as a demonstration for itself.
        """
        found: list[Message] = []
        if self.prompt.instruction:
            found.append(Message("system", self.prompt.instruction))
        for demonstration in self._shown(text, leave_out):
            key = id(demonstration)  # one of the prompt's own, which live as long as this does
            if key not in self._turns:
                asked = Message("user", self._user(demonstration.input, NOTHING))
                self._turns[key] = asked, Message("assistant", demonstration.output)
            found += self._turns[key]
        found.append(Message("user", self._user(text, answers)))
        return tuple(found)

    def _user(self, text: str, answers: Mapping[str, str]) -> str:
        # all at once: an input or an answer may hold braces, and must never be read as a template
        values = {**answers, "input": text}
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), self.prompt.template)

    def _shown(self, text: str, leave_out: bool) -> list[Demonstration]:
        pool = self.prompt.demonstrations
        if self.prompt.selection == "fixed" or not pool:
            return [d for d in pool if not (leave_out and self._is_itself(d, text))]
        shots, first = self.prompt.shots, self._nearest.get(text)
        if first is not None:
            found = [pool[i] for i in first if not (leave_out and self._is_itself(pool[i], text))][:shots]
            if len(found) == shots or len(first) == len(pool):
                return found[::-1]  # the most similar stands next to the question
        order = [pool[i] for i in self._indexed().order(text) if not (leave_out and self._is_itself(pool[i], text))]
        return order[:shots][::-1]

    def _is_itself(self, demonstration: Demonstration, text: str) -> bool:
        """Whether a demonstration is of this very input, in any case, white space and Unicode form."""
        if demonstration.input == text:
            return True
        key = id(demonstration)
        if key not in self._inputs:
            self._inputs[key] = comparable(demonstration.input)
        if self._asked[0] != text:
            self._asked = text, comparable(text)
        return self._inputs[key] == self._asked[1]

    def ahead(self, texts: Sequence[str]) -> None:
        """Find what will be shown with many texts at once: one by one takes many times as long."""
        if self.prompt.selection == "fixed" or not self.prompt.demonstrations:
            return
        new = [text for text in dict.fromkeys(texts) if text not in self._nearest]
        self._nearest |= zip(new, self._indexed().orders(new, self.prompt.shots + SPARE), strict=True)

    def _indexed(self) -> Index:
        if self._index is None:
            self._index = index_by(
                self.prompt.likeness, tuple(demonstration.input for demonstration in self.prompt.demonstrations)
            )
        return self._index


def lessons(renderer: Renderer, decoding: Decoding, examples: Sequence[Example]) -> list[tuple[tuple[Message, ...], str]]:
    """What tuning is taught: the conversation that asks for each example's answer, itself never among the demonstrations,
    and the answer as the model says it."""
    spoken = dict(zip(decoding.labels, decoding.words, strict=True)) if decoding.words else {}
    return [
        (renderer.messages(example.input, leave_out=True), spoken.get(example.output, example.output))
        for example in examples
    ]
