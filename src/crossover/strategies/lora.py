"""LoRA: low-rank adapters on every linear layer (Hu et al. 2021), the best epoch on dev kept."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import ClassVar

from crossover.data.task import Task
from crossover.errors import MissingExtra, OptionError
from crossover.strategies._recipe import check_tuner, recipe_for, tuned_outline
from crossover.strategies._tries import tune
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.tuning.conflicts import conflict
from crossover.types import Candidate, Family, LoraRecipe


@dataclass(frozen=True)
class Lora(Outlining):
    """Tunes on the training rows, rendered with the start's prompt.

    - `rank`: the rank of the adapters; more can learn more, and forget more.
    - `alpha`: what the adapters' output is multiplied with, divided by the rank.
    - `dropout`: the share of an adapter's inputs that is left out at random while training.
    - `learning_rate`: null is 0.5 / the model's hidden size, which is 2e-3 at 256 and 1.2e-4 at 4096.
    - `epochs`: how often each training row is met at the most; null is about 400 steps for labels and 800 for written
      answers, in 3 to 20 epochs.
    - `batch_size`: training rows in a step.
    - `patience`: epochs without a better dev score before it stops, 0 for never; null is a third of the epochs.
    - `replay`: the share of each epoch's rows that are general prompts with the untuned model's own answers, against
      forgetting; 0.25 is a good one to begin with.
    - `targets`: the layers with an adapter: "all-linear", "attention", or names of modules.
    - `dora`: learn the norm of each output apart from its direction (Liu et al. 2024).
    - `rslora`: divide by the root of the rank, not by the rank (Kalajdzievski 2023).
    - `pissa`: begin as the weights' principal components (`tuning/principal.py`); a number is that many iterations of a
      quicker decomposition.
    - `bits`: 4 trains on weights in four bits (QLoRA), with the extra `quantized`; dev measures the adapter on the
      model as it is.
    - `tries`: how many learning rates are tried; dev chooses.
    - `seeds`: how many seeds it is tuned with; the one with the median dev score is kept.
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
    targets: str | tuple[str, ...] = "all-linear"
    dora: bool = False
    rslora: bool = False
    pissa: bool | int = False
    bits: int | None = None
    tries: int = 1
    seeds: int = 1

    def __post_init__(self) -> None:
        check_tuner("lora", self)
        if clash := conflict(self):
            raise OptionError(f"strategy 'lora': {clash}")
        if self.bits and importlib.util.find_spec("bitsandbytes") is None:
            raise MissingExtra("strategy 'lora', option 'bits'", "quantized")

    def outline(self, start: Outline, task: Task | None) -> Outline:
        if self.bits and start.weights == "full":
            raise OptionError(
                "strategy 'lora', option 'bits': 4 cannot go on from a fully tuned model, into which the adapter would be"
                " merged; valid is null there"
            )
        return tuned_outline("lora", start, "adapter")

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        names = ("rank", "alpha", "dropout", "replay", "targets", "dora", "rslora", "pissa", "bits")
        recipe = recipe_for(self, LoraRecipe, start, bench, **{name: getattr(self, name) for name in names})
        return tune(start, bench, recipe, self.tries, self.seeds)
