"""LoRA: low-rank adapters on every linear layer (Hu et al. 2021), the best epoch on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.strategies.base import Bench
from crossover.tuning.rates import default_rate
from crossover.types import Candidate, Family, Recipe


@dataclass(frozen=True)
class Lora:
    """Tunes on the training rows, rendered with the start's prompt.

    `learning_rate` None: 0.5 / the model's hidden size, which is 2e-3 at 256 and 1.2e-4 at 4096.
    """

    family: ClassVar[Family] = "weights"

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float | None = None
    epochs: int = 6
    batch_size: int = 16
    patience: int = 2

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        rate = default_rate("lora", bench.model) if self.learning_rate is None else self.learning_rate
        return bench.tune(
            start,
            Recipe(
                method="lora",
                learning_rate=rate,
                epochs=self.epochs,
                batch_size=self.batch_size,
                patience=self.patience,
                rank=self.rank,
                alpha=self.alpha,
                dropout=self.dropout,
                seed=bench.seed,
            ),
        )
