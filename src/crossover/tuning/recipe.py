"""How weights are tuned at a service, beside the recipes for tuning here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from crossover.types import Recipe


@dataclass(frozen=True)
class HostedRecipe:
    """A tune at a service that the model runs at. None is the service's own choice.

    `objective`: learn the right answers, prefer them to wrong ones ("dpo", with its `beta`), or be graded by `grader`, as
    the service writes it. `rank`: of an adapter, where a service has several; `bucket`: where its data lies on the way to a
    service that reads it from Cloud Storage. `cancel`: an interrupted study cancels the job; else it goes on and is found
    again.
    """

    method: Literal["hosted"] = field(default="hosted", init=False)
    objective: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    epochs: int = 3
    batch_size: int | None = None
    rate_multiplier: float | None = None
    beta: float | None = None
    rank: int | None = None
    grader: Mapping[str, Any] = field(default_factory=dict, hash=False)
    suffix: str = ""
    bucket: str = ""
    checkpoints: bool = True
    cancel: bool = False
    seed: int = 0

    @property
    def hourly(self) -> bool:
        """Whether services bill it by the hour, whatever it trains on: nobody knows before what it will cost."""
        return self.objective == "reinforcement"

    @property
    def made(self) -> HostedRecipe:
        """Without what makes no other weights."""
        return replace(self, cancel=False, bucket="")


AnyRecipe = Recipe | HostedRecipe
