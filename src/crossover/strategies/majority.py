"""The control that looks at nothing: always the most frequent training answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from crossover.strategies.base import Bench
from crossover.types import Candidate, Decoding, Family


@dataclass(frozen=True)
class Majority:
    """A candidate that cannot beat this one has learnt nothing about the task."""

    family: ClassVar[Family] = "control"

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        counts = Counter(example.output for example in bench.train)
        answer = min(counts, key=lambda output: (-counts[output], output))
        return Candidate(model=f"constant:{answer}", decoding=Decoding(max_tokens=start.decoding.max_tokens))
