"""OpenAI's dialect of tuning, as its official client speaks it; Azure, Nebius and others keep to it."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from crossover.errors import TuningError, nearest
from crossover.models.base import Hosted
from crossover.tuning.asking import again, refused, status
from crossover.tuning.hosted import Begun, Checkpoint, Look, Told
from crossover.tuning.job import Job
from crossover.tuning.recipe import HostedRecipe
from crossover.tuning.services import day
from crossover.types import Weights

KEPT = 1000  # of what a service lists, that is looked through
SHOWN = 50  # models that are named
ABSENT = (404, 405, 501)  # how a service says that it has no such thing
OVER = ("succeeded", "failed", "cancelled")
STEP = re.compile(r"[Ss]tep (\d+)/(\d+)")


@dataclass(frozen=True)
class OpenaiDesk:
    """`client`: the official one, its own retries off."""

    model: Hosted
    client: Any
    dialect = "openai"

    @property
    def host(self) -> str:
        return str(getattr(self.client.base_url, "host", ""))

    def base(self, start: Weights | None) -> str:
        return start.ref if start else self.model.name

    def stops(self, base: str) -> date | None:
        try:
            return day(getattr(again(lambda: self.client.models.retrieve(base)), "shutdown_date", None))
        except Exception as error:
            if status(error) not in ABSENT:
                raise refused(error, f"looking up '{base}'") from error
        try:
            names = again(lambda: [one.id for one in itertools.islice(self.client.models.list(), KEPT)])
        except Exception as error:
            if status(error) in ABSENT:
                return None  # a service without a list: the job will tell
            raise refused(error, "looking up the service's models") from error
        if names and base not in names:
            raise TuningError(f"the service has no model '{base}': nothing was sent; {nearest(base, names[:SHOWN])}")
        return None

    def known(self, job: Job) -> Begun | None:
        try:
            listed = self.client.fine_tuning.jobs.list(limit=100, metadata={"crossover": job.key})
            jobs = list(itertools.islice(listed, KEPT))
        except Exception as error:
            if status(error) in (400, 422, *ABSENT):
                return None
            raise
        for one in jobs:
            ours = (one.metadata or {}).get("crossover") == job.key or (job.files and one.training_file == job.files[0])
            if ours and one.status not in ("failed", "cancelled") and one.id not in job.ended:
                return Begun(one.id, one.status)
        return None

    def upload(self, name: str, text: str, job: Job, recipe: HostedRecipe) -> str:
        return str(self.client.files.create(file=(name, text.encode()), purpose="fine-tune").id)

    def start(self, base: str, recipe: HostedRecipe, job: Job) -> Begun:
        body: dict[str, Any] = {
            "model": base,
            "training_file": job.files[0],
            "method": method_of(recipe),
            "metadata": {"crossover": job.key},
            "seed": recipe.seed,
            "extra_headers": {"Idempotency-Key": job.key},
        }
        if len(job.files) > 1:
            body["validation_file"] = job.files[1]
        if recipe.suffix:
            body["suffix"] = recipe.suffix
        made = self.client.fine_tuning.jobs.create(**body)
        return Begun(made.id, made.status)

    def look(self, job: str, recipe: HostedRecipe) -> Look:
        now = self.client.fine_tuning.jobs.retrieve(job)
        why = getattr(now.error, "message", None) or "no reason is given"
        ref = now.fine_tuned_model if now.status == "succeeded" else None
        return Look(now.status, now.status in OVER, ref or "", why, now.trained_tokens)

    def events(self, job: str, seen: str) -> list[Told]:
        try:
            listed = itertools.islice(self.client.fine_tuning.jobs.list_events(job, limit=100), KEPT)
            new = list(itertools.takewhile(lambda event: event.id != seen, listed))  # the newest comes first
        except Exception as error:
            if status(error) in ABSENT:
                return []
            raise
        return [_told(event) for event in reversed(new)]

    def checkpoints(self, job: str) -> list[Checkpoint]:
        try:
            found = list(itertools.islice(self.client.fine_tuning.jobs.checkpoints.list(job, limit=100), KEPT))
        except Exception as error:
            if status(error) in (400, *ABSENT):
                return []
            raise
        return [_checkpoint(one) for one in sorted(found, key=lambda one: int(one.step_number))]

    def cancel(self, job: str) -> None:
        self.client.fine_tuning.jobs.cancel(job)


def method_of(recipe: HostedRecipe) -> dict[str, Any]:
    """A recipe as the dialect has it: what is left to the service is "auto" there."""
    numbers: dict[str, Any] = {
        "n_epochs": recipe.epochs,
        "batch_size": recipe.batch_size or "auto",
        "learning_rate_multiplier": recipe.rate_multiplier or "auto",
    }
    if recipe.objective == "dpo":
        numbers["beta"] = "auto" if recipe.beta is None else recipe.beta
    body: dict[str, Any] = {"hyperparameters": numbers}
    if recipe.objective == "reinforcement":
        body["grader"] = dict(recipe.grader)
    return {"type": recipe.objective, recipe.objective: body}


def _told(event: Any) -> Told:
    data = event.data if isinstance(event.data, dict) else {}
    counted = STEP.search(event.message)
    step = int(data.get("step") or (counted[1] if counted else 0))
    steps = int(data.get("total_steps") or (counted[2] if counted else 0))
    loss = float(data.get("train_loss") or 0.0)
    return Told(event.id, event.created_at, event.level, event.message, data, step, steps, loss)


def _checkpoint(one: Any) -> Checkpoint:
    metrics = one.metrics
    held = metrics.full_valid_loss if metrics.full_valid_loss is not None else metrics.valid_loss
    return Checkpoint(one.fine_tuned_model_checkpoint, f"after step {one.step_number}", metrics.train_loss, held)
