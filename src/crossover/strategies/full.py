"""Full fine-tuning: every weight of the model moves, the best epoch on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.data.task import Task
from crossover.strategies._recipe import check_tuner, recipe_for, tuned_outline
from crossover.strategies._tries import tune
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Family, FullRecipe


@dataclass(frozen=True)
class Full(Outlining):
    """Tunes on the training rows, rendered with the start's prompt.

    - `learning_rate`: null is 0.1 / the model's hidden size, which is 4e-4 at 256 and 2.4e-5 at 4096; half of it where
      answers are written.
    - `epochs`: how often each training row is met at the most; null is about 400 steps for labels and 800 for written
      answers, in 3 to 20 epochs.
    - `batch_size`: training rows in a step.
    - `patience`: epochs without a better dev score before it stops, 0 for never; null is a third of the epochs.
    - `weight_decay`: how strongly weights are drawn to 0 (AdamW).
    - `replay`: the share of each epoch's rows that are general prompts with the untuned model's own answers, against
      forgetting; 0.25 is a good one to begin with.
    - `tries`: how many learning rates are tried; dev chooses.
    - `seeds`: how many seeds it is tuned with; the one with the median dev score is kept.
    """

    family: ClassVar[Family] = "weights"

    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int = 8
    patience: int | None = None
    weight_decay: float = 0.01
    replay: float = 0.0
    tries: int = 1
    seeds: int = 1

    def __post_init__(self) -> None:
        check_tuner("full", self)

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return tuned_outline("full", start, "full")

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        recipe = recipe_for(self, FullRecipe, start, bench, weight_decay=self.weight_decay, replay=self.replay)
        return tune(start, bench, recipe, self.tries, self.seeds)
