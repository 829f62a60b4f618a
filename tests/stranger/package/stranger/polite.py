"""A strategy from another package: asks politely."""

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.strategies.base import Bench
from crossover.types import Candidate, Family, Prompt


@dataclass(frozen=True)
class Polite:
    """Puts a word in front of the task's instruction."""

    family: ClassVar[Family] = "prompt"

    word: str = "Please"

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        labels = ", ".join(bench.task.labels)
        polite = replace(
            start, prompt=Prompt(f"{self.word}: {bench.task.instruction} Choose from {labels}.", "{input}\nLabel:")
        )
        bare = bench.score(start)
        return polite if bench.better(bench.score(polite), bare) else start
