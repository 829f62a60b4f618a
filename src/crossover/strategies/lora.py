"""LoRA: low-rank adapters on every linear layer (Hu et al. 2021), the best epoch on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.strategies._recipe import check_replay, recipe_for
from crossover.strategies.base import Bench
from crossover.types import Candidate, Family


@dataclass(frozen=True)
class Lora:
    """Tunes on the training rows, rendered with the start's prompt.

    `learning_rate` None: 0.5 / the model's hidden size, which is 2e-3 at 256 and 1.2e-4 at 4096.
    `epochs` None: about 400 steps for labels and 800 for written answers, in 3 to 20 epochs. `patience` None: a third of
    the epochs. `replay`: the share of each epoch's rows that are general prompts with the untuned model's own answers,
    against forgetting; 0.25 is a good one to begin with.
    """

    family: ClassVar[Family] = "weights"

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int = 8
    patience: int | None = None
    replay: float = 0.0

    def __post_init__(self) -> None:
        check_replay("lora", self)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        own = {"rank": self.rank, "alpha": self.alpha, "dropout": self.dropout, "replay": self.replay}
        return bench.tune(start, recipe_for(self, "lora", bench, **own))
