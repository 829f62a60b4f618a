"""Prompt tuning: learnt vectors in front of a frozen model's prompt (Lester et al. 2021), the best epoch on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.strategies.base import Bench
from crossover.tuning.defaults import default_epochs, default_patience, default_rate
from crossover.types import Candidate, Family, Recipe


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
        rate = default_rate("soft_prompt", bench.model) if self.learning_rate is None else self.learning_rate
        epochs = default_epochs(len(bench.train), self.batch_size, bench.task.kind) if self.epochs is None else self.epochs
        recipe = Recipe(
            method="soft_prompt",
            learning_rate=rate,
            epochs=epochs,
            batch_size=self.batch_size,
            patience=default_patience(epochs) if self.patience is None else self.patience,
            tokens=self.tokens,
            seed=bench.seed,
        )
        return bench.tune(start, recipe)
