"""Hosted tuning: a job at the service that the model runs at (OpenAI's dialect), the best checkpoint on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from crossover.strategies._hosted import graded, prefer
from crossover.strategies._options import check
from crossover.strategies.base import Bench
from crossover.tuning.recipe import HostedRecipe
from crossover.types import Candidate, Family

LEAST = 10  # pairs that a job takes


@dataclass(frozen=True)
class OpenaiFinetune:
    """Sends the training rows and dev, rendered with the start's prompt, and never the test split. The job is paid once: an
    interrupted study finds it again.

    - `objective`: learn the right answers (supervised), prefer them to the start's wrong ones (dpo), or be graded by the
      task's metric (reinforcement).
    - `epochs`: how often each row is met.
    - `batch_size`: rows in a step; null is the service's choice.
    - `rate_multiplier`: of the service's learning rate; null is its choice.
    - `beta`: with dpo, how near to the start it stays; null is the service's choice.
    - `warm_up`: with dpo, a supervised job comes first.
    - `suffix`: a word in the tuned model's name.
    - `checkpoints`: dev also meets the service's checkpoints, which costs calls; false is the finished model alone.
    - `cancel`: Ctrl-C cancels the job; else it goes on, and the next run of the study with it.
    """

    family: ClassVar[Family] = "weights"
    dialect: ClassVar[str] = "openai"

    objective: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    epochs: int = 3
    batch_size: int | None = None
    rate_multiplier: float | None = None
    beta: float | None = None
    warm_up: bool = False
    suffix: str = ""
    checkpoints: bool = True
    cancel: bool = False

    def __post_init__(self) -> None:
        name = "openai_finetune"
        check(
            name,
            self,
            ("epochs", "1 or more", self.epochs >= 1),
            ("batch_size", "1 or more", self.batch_size is None or self.batch_size >= 1),
            ("rate_multiplier", "a number above 0", self.rate_multiplier is None or self.rate_multiplier > 0),
            ("beta", "a number above 0, with objective dpo", self.beta is None or (self.beta > 0 and self._prefers)),
            ("warm_up", "true only with objective dpo", not self.warm_up or self._prefers),
            ("suffix", "64 characters at the most", len(self.suffix) <= 64),
        )

    @property
    def _prefers(self) -> bool:
        return self.objective == "dpo"

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        if self.objective == "reinforcement":
            return bench.tune(start, graded("openai_finetune", bench, self._recipe("reinforcement", bench.seed)))
        if not self._prefers:
            return bench.tune(start, self._recipe("supervised", bench.seed))
        if self.warm_up:
            start = bench.tune(start, self._recipe("supervised", bench.seed))
        return prefer("openai_finetune", start, bench, self._recipe("dpo", bench.seed), LEAST)

    def _recipe(self, objective: Literal["supervised", "dpo", "reinforcement"], seed: int) -> HostedRecipe:
        return HostedRecipe(
            objective=objective,
            epochs=self.epochs,
            batch_size=self.batch_size,
            rate_multiplier=self.rate_multiplier,
            beta=self.beta if objective == "dpo" else None,
            suffix=self.suffix,
            checkpoints=self.checkpoints,
            cancel=self.cancel,
            seed=seed,
        )
