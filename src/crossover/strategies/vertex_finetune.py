"""Hosted tuning on Vertex AI: a job on a Gemini model, with its data in Cloud Storage; the best checkpoint on dev kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from crossover.data.task import Task
from crossover.strategies._hosted import check_hosted, hosted_outline, tuned
from crossover.strategies._options import check
from crossover.strategies.base import Bench, Outline, Outlining, Serviced
from crossover.types import Candidate, Family

RANKS = (1, 2, 4, 8, 16, 32)
BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]*(/\S*)?")
LEAST = 1  # pairs that a job takes


@dataclass(frozen=True)
class VertexFinetune(Outlining, Serviced):
    """Sends the training rows and dev, rendered with the start's prompt, and never the test split. The job is paid once: an
    interrupted study finds it again.

    - `bucket`: where the data is put for the job to read: gs://NAME, or a folder in it.
    - `objective`: learn the right answers (supervised), or prefer them to the start's wrong ones (dpo).
    - `epochs`: how often each row is met.
    - `rate_multiplier`: of the service's learning rate; null is its choice.
    - `rank`: of the adapter: 1, 2, 4, 8, 16 or 32; null is the service's choice.
    - `beta`: with dpo, how near to the start it stays; null is the service's choice.
    - `warm_up`: with dpo, a supervised job comes first.
    - `suffix`: what the tuned model is called in the console.
    - `checkpoints`: dev also meets the service's checkpoints, which costs calls; false is the finished model alone.
    - `cancel`: Ctrl-C cancels the job; else it goes on, and the next run of the study with it.
    """

    family: ClassVar[Family] = "weights"
    dialect: ClassVar[str] = "vertex"

    bucket: str
    objective: Literal["supervised", "dpo"] = "supervised"
    epochs: int = 3
    rate_multiplier: float | None = None
    rank: int | None = None
    beta: float | None = None
    warm_up: bool = False
    suffix: str = ""
    checkpoints: bool = True
    cancel: bool = False

    def __post_init__(self) -> None:
        check_hosted("vertex_finetune", self)
        check(
            "vertex_finetune",
            self,
            ("bucket", "gs://NAME, or a folder in it", BUCKET.fullmatch(self.bucket) is not None),
            ("rank", ", ".join(map(str, RANKS)), self.rank is None or self.rank in RANKS),
        )

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return hosted_outline("vertex_finetune", self.objective, start)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        return tuned("vertex_finetune", self, start, bench, LEAST)
