"""Strategies one after the other, by name: `instruction+lora`, `lora+few_shot`: each adapts what the last one made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossover import registry
from crossover.data.task import Task
from crossover.errors import OptionError, shown
from crossover.strategies._choice import noted
from crossover.strategies.base import Bench, Demanding, Outline, Outlining, Strategy, outlined
from crossover.types import Candidate, Family


@dataclass(frozen=True)
class Then(Outlining, Demanding):
    """Its own options are written by the plus sign. A step that stands a further time has a seed of its own: with the same
    draws it would only find the same again.

    - `steps`: the strategies, in their order.
    - `options`: each step's options under its name: `{"lora": {"rank": 8}}`.
    """

    steps: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.steps) < 2:
            raise OptionError(f"a sequence needs two strategies or more, received {list(self.steps)}")
        if unknown := set(self.options) - set(self.steps):
            raise OptionError(
                f"the sequence '{'+'.join(self.steps)}' has no step '{min(unknown)}'; valid: {', '.join(self.steps)}"
            )
        for step, given in self.options.items():
            if not isinstance(given, Mapping):
                raise OptionError(f"strategy '{step}': received {shown(given)}, valid is a mapping of options")
        for name, strategy in zip(self.steps, self.strategies(), strict=True):  # a wrong name or option is told at once
            if strategy.family == "control":
                raise OptionError(
                    f"the sequence '{'+'.join(self.steps)}' has a control in it, and '{name}' leaves no language model to"
                    f" prompt or tune; valid is '{name}' by itself"
                )
        self.outline(Outline(), None)

    @property
    def family(self) -> Family:
        """What it is there to make: a hybrid where its steps leave both a prompt and weights, else the one of them."""
        left = self.outline(Outline(), None)
        return "hybrid" if left.worded and left.weights else "weights" if left.weights else "prompt"

    def strategies(self) -> list[Strategy]:
        return [registry.create("strategies", name, self.options.get(name)) for name in self.steps]

    def outline(self, start: Outline, task: Task | None) -> Outline:
        try:
            for step in self.strategies():
                start = outlined(step, start, task)
        except OptionError as error:
            raise OptionError(f"the sequence '{'+'.join(self.steps)}': {error}") from error
        return start

    def check(self, task: Task) -> None:
        for step in self.strategies():
            if isinstance(step, Demanding):
                step.check(task)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        said = []
        for number, strategy in enumerate(self.strategies()):
            earlier = self.steps[:number].count(self.steps[number])
            start = strategy.adapt(noted(start, ""), bench.again(earlier) if earlier else bench)
            if start.provenance.note:  # rows left out, say, are left out whatever comes behind
                said.append(f"{self.steps[number]}: {start.provenance.note}")
        return noted(start, "; ".join(said))
