"""The bare input: the baseline that every other rung is measured against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.strategies.base import Bench
from crossover.types import Candidate, Family, Prompt


@dataclass(frozen=True)
class ZeroShot:
    """Takes every word around the input away. In classification the labels still bound the answer, unseen."""

    family: ClassVar[Family] = "prompt"

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        return replace(start, prompt=Prompt(), decoding=replace(start.decoding, label_bias=(), verbalizer=()))
