"""Prompt tuning: learnt vectors in front of a frozen model's prompt (Lester et al. 2021), the best epoch on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossover.data.task import Task
from crossover.strategies._recipe import check_tuner, recipe_for, tuned_outline
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Family, SoftPromptRecipe


@dataclass(frozen=True)
class SoftPrompt(Outlining):
    """Between a prompt and an adapter: vectors that begin as the embeddings of the start's first message.

    - `tokens`: how many vectors.
    - `learning_rate`: null is 5 / the model's hidden size.
    - `epochs`: how often each training row is met at the most; null is as for `lora`.
    - `batch_size`: training rows in a step.
    - `patience`: epochs without a better dev score before it stops, 0 for never; null is a third of the epochs.
    """

    family: ClassVar[Family] = "weights"

    tokens: int = 20
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int = 8
    patience: int | None = None

    def __post_init__(self) -> None:
        check_tuner("soft_prompt", self)

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return tuned_outline("soft_prompt", start, "soft")

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        return bench.tune(start, recipe_for(self, SoftPromptRecipe, start, bench, tokens=self.tokens))
