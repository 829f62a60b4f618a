"""Candidate + input -> messages: the one renderer for evaluation, tuning and serving."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from crossover.data.text import comparable
from crossover.engine.similarity import Index, index_by
from crossover.types import Decoding, Demonstration, Example, Message, Prompt

AHEAD = 1 << 15  # texts whose nearest demonstrations are remembered: a server meets ever new ones
SPARE = 16  # further ones are found ahead, as some may be the text itself
NO_ANSWERS: Mapping[str, str] = MappingProxyType({})


class Renderer:
    """Renders inputs with one prompt, `steps` with those of its chain. Keep it: its index is built once.

    `index` makes it, of a prompt's `likeness` and its demonstrations' inputs.
    """

    def __init__(self, prompt: Prompt, index: Callable[[str, tuple[str, ...]], Index] = index_by) -> None:
        self.prompt, self._make = prompt, index
        self.steps = tuple(Renderer(step.prompt, index) for step in prompt.steps)
        self._index: Index | None = None
        self._nearest: dict[str, list[int]] = {}  # of texts that were told of ahead
        self._turns: dict[int, tuple[Message, Message]] = {}  # the same turns stand in many prompts

    def messages(self, text: str, answers: Mapping[str, str] = NO_ANSWERS, leave_out: bool = False) -> tuple[Message, ...]:
        """The conversation that asks for the answer to `text`, behind the `answers` of the chain's steps by name.

        `leave_out`: the input is a training row's, which must not be shown as a demonstration for itself.
        """
        found: list[Message] = []
        if self.prompt.instruction:
            found.append(Message("system", self.prompt.instruction))
        for demonstration in self.shown(text, leave_out):
            key = id(demonstration)  # one of the prompt's own, which live as long as this does
            if key not in self._turns:
                asked = Message("user", self._user(demonstration.input, dict(demonstration.steps)))
                self._turns[key] = asked, Message("assistant", demonstration.output)
            found += self._turns[key]
        found.append(Message("user", self._user(text, answers)))
        return tuple(found)

    def _user(self, text: str, answers: Mapping[str, str]) -> str:
        return filled(self.prompt.template, {**answers, "input": text})

    def shown(self, text: str, leave_out: bool = False) -> list[Demonstration]:
        """The demonstrations that stand before an input, in their order."""
        pool, own = self.prompt.demonstrations, comparable(text) if leave_out else None

        def others(order: Iterable[int]) -> list[Demonstration]:
            return [pool[i] for i in order if own is None or self._comparable[i] != own]

        if self.prompt.selection == "fixed" or not pool:
            return others(range(len(pool)))
        shots, first = self.prompt.shots, self._nearest.get(text)
        if first is not None:
            found = others(first)[:shots]
            if len(found) == shots or len(first) == len(pool):
                return found[::-1]  # the most similar stands next to the question
        return others(self._indexed().order(text))[:shots][::-1]

    @cached_property
    def _comparable(self) -> list[str]:
        return [comparable(demonstration.input) for demonstration in self.prompt.demonstrations]

    def ahead(self, texts: Sequence[str]) -> None:
        """Find what will be shown with many texts at once: one by one takes many times as long."""
        if self.prompt.selection == "fixed" or not self.prompt.demonstrations:
            return
        if len(self._nearest) > AHEAD:
            self._nearest.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._nearest]
        self._nearest |= zip(new, self._indexed().orders(new, self.prompt.shots + SPARE), strict=True)

    def _indexed(self) -> Index:
        if self._index is None:
            shown = tuple(demonstration.input for demonstration in self.prompt.demonstrations)
            self._index = self._make(self.prompt.likeness, shown)
        return self._index


def lessons(renderer: Renderer, decoding: Decoding, examples: Sequence[Example]) -> list[tuple[tuple[Message, ...], str]]:
    """What tuning is taught: the conversation that asks for each example's answer, itself never among the demonstrations,
    and the answer as the model says it."""
    return [(renderer.messages(example.input, leave_out=True), decoding.spoken(example.output)) for example in examples]


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with all its names filled in at once: a text may hold braces, and must never be read as a template."""
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)
