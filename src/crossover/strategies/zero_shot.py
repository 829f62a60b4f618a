"""The bare input: the baseline that every other rung is measured against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.data.task import Task
from crossover.engine.decoding import without_prompt
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Family, Prompt


@dataclass(frozen=True)
class ZeroShot(Outlining):
    """Takes every word around the input away. In classification the labels still bound the answer, unseen."""

    family: ClassVar[Family] = "prompt"

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return Outline(weights=start.weights)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        outputs = [example.output for example in bench.train]
        decoding = without_prompt(start, bench.task, bench.model_of(start.model), outputs)
        return replace(start, prompt=Prompt(), decoding=decoding)
