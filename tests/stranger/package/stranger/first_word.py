"""A metric from another package: whether the first words agree."""

from dataclasses import dataclass
from typing import ClassVar

from crossover.metrics.base import Aggregate
from crossover.types import Kind, Score


@dataclass(frozen=True)
class FirstWord:
    kinds: ClassVar[tuple[Kind, ...]] = ("classify", "generate")
    aggregate: ClassVar[Aggregate] = "mean"
    binary: ClassVar[bool] = True

    def score(self, gold: str, answer: str) -> Score:
        return Score(float(gold.split()[:1] == answer.split()[:1]))
