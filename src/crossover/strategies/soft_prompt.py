"""Prompt tuning: learnt vectors in front of a frozen model's prompt (Lester et al. 2021), the best epoch on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.strategies._recipe import recipe_for
from crossover.strategies.base import Bench
from crossover.types import Candidate, Family, SoftPromptRecipe


@dataclass(frozen=True)
class SoftPrompt:
    """Between a prompt and an adapter: `tokens` vectors, which begin as the embeddings of the start's first message.

    `learning_rate` None: 5 / the model's hidden size; `epochs` and `patience` None: as for `lora`.
    """

    family: ClassVar[Family] = "weights"

    tokens: int = 20
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int = 8
    patience: int | None = None

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        return bench.tune(start, recipe_for(self, SoftPromptRecipe, start, bench, tokens=self.tokens))
