"""Hosted tuning: a job at the service that the model runs at (OpenAI's dialect), the best checkpoint on dev kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from crossover.data.task import Task
from crossover.strategies._hosted import check_graded, check_hosted, hosted_outline, tuned
from crossover.strategies._options import check
from crossover.strategies.base import Bench, Demanding, Outline, Outlining, Serviced
from crossover.types import Candidate, Family

LEAST = 10  # pairs that a job takes


@dataclass(frozen=True)
class OpenaiFinetune(Outlining, Demanding, Serviced):
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
        check_hosted("openai_finetune", self)
        check("openai_finetune", self, ("batch_size", "1 or more", self.batch_size is None or self.batch_size >= 1))

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return hosted_outline("openai_finetune", self.objective, start)

    def check(self, task: Task) -> None:
        check_graded("openai_finetune", self.objective, task)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        return tuned("openai_finetune", self, start, bench, LEAST)
