"""OpenAI's dialect of tuning, as its official client speaks it; Azure, Nebius and others keep to it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from crossover.errors import TuningError, nearest
from crossover.models.base import Hosted
from crossover.tuning.asking import PASSING, amount, spoken, status, whole
from crossover.tuning.hosted import Begun, Checkpoint, Look, Told
from crossover.tuning.job import Job
from crossover.tuning.recipe import HostedRecipe
from crossover.tuning.services import day
from crossover.types import Weights

KEPT = 1000  # of what a service lists, that is looked through
SHOWN = 50  # models that are named
ABSENT = (404, 405, 501)  # how a service says that it has no such thing
REFUSED = (400, 422)  # and that it does not take what it was asked with
OPTIONAL = ("metadata", "seed")  # of a job
BROKEN = ("error", "deleted")  # files
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

    @spoken
    def stops(self, base: str) -> date | None:
        try:
            return day(getattr(self.client.models.retrieve(base), "shutdown_date", None))
        except Exception as error:
            if status(error) not in ABSENT:
                raise
        try:
            names = [str(one.id) for one in itertools.islice(self.client.models.list(), KEPT)]
        except Exception as error:
            if status(error) in ABSENT:
                return None  # a service without a list: the job will tell
            raise
        if names and base not in names:
            raise TuningError(f"the service has no model '{base}': nothing was sent; {nearest(base, names[:SHOWN])}")
        return None

    @spoken
    def known(self, job: Job) -> Begun | None:
        for one in self._jobs(job):
            told = getattr(one, "metadata", None)
            marked = isinstance(told, dict) and told.get("crossover") == job.key
            if not marked and not (job.files and getattr(one, "training_file", None) == job.files[0]):
                continue
            found = _begun(one)
            if found.status not in ("failed", "cancelled") and found.id not in job.ended:
                return found
        return None

    def _jobs(self, job: Job) -> Iterator[Any]:
        """What may be the job: those with its key, then all, as a service may not keep metadata, or not look for them."""
        for asked in ({"metadata": {"crossover": job.key}}, {}):
            try:
                yield from itertools.islice(self.client.fine_tuning.jobs.list(limit=100, **asked), KEPT)
            except Exception as error:
                if status(error) not in (*REFUSED, *ABSENT):
                    raise

    @spoken
    def upload(self, name: str, text: str, job: Job, recipe: HostedRecipe) -> str:
        own, raw = f"crossover-{job.key}-{name}", text.encode()
        if there := self._uploaded(own, len(raw)):
            return there
        made = getattr(self.client.files.create(file=(own, raw), purpose="fine-tune"), "id", None)
        if not (isinstance(made, str) and made):
            raise ValueError("it is no file")
        return made

    def _uploaded(self, name: str, size: int) -> str:
        """A file of the name that is whole, as an upload was interrupted, or its answer lost; "" where there is none."""
        try:
            listed = list(itertools.islice(self.client.files.list(purpose="fine-tune", limit=100), KEPT))
        except Exception as error:
            if status(error) in (*REFUSED, *ABSENT):
                return ""
            raise
        same = [one for one in listed if (getattr(one, "filename", ""), getattr(one, "bytes", -1)) == (name, size)]
        good = [str(one.id) for one in same if getattr(one, "status", "") not in BROKEN]
        return good[0] if good else ""

    @spoken
    def start(self, base: str, recipe: HostedRecipe, job: Job) -> Begun:
        body: dict[str, Any] = {
            "model": base,
            "training_file": job.files[0],
            "method": method_of(recipe),
            "metadata": {"crossover": job.key},
            "seed": recipe.seed,
            "extra_headers": {"Idempotency-Key": f"{job.key}-{len(job.ended)}"},  # after one that failed it is another
        }
        if len(job.files) > 1:
            body["validation_file"] = job.files[1]
        if recipe.suffix:
            body["suffix"] = recipe.suffix
        while True:
            try:
                return _begun(self.client.fine_tuning.jobs.create(**body))
            except Exception as error:
                named = [part for part in OPTIONAL if part in body and re.search(rf"\b{part}\b", str(error))]
                if status(error) not in REFUSED or not named:
                    raise
                del body[named[0]]  # not every service of the dialect takes it; the job is then found by its file

    @spoken
    def look(self, job: str, recipe: HostedRecipe) -> Look:
        now = self.client.fine_tuning.jobs.retrieve(job)
        at, good = _begun(now).status, now.status == "succeeded"
        why = str(getattr(getattr(now, "error", None), "message", None) or "no reason is given")
        ref = str(getattr(now, "fine_tuned_model", None) or "") if good else ""
        return Look(at, at in OVER, good, ref, why, whole(getattr(now, "trained_tokens", None)), at == "cancelled")

    @spoken
    def events(self, job: str, seen: Collection[str]) -> list[Told]:
        found: dict[str, Told] = {}
        for page in self.client.fine_tuning.jobs.list_events(job, limit=100).iter_pages():
            new = {told.id: told for event in page.data if (told := _told(event)).id not in seen}
            found |= new
            if not new or len(found) >= KEPT:  # the newest come first
                break
        oldest = list(found.values())[::-1]  # of one second as they came
        return sorted(oldest, key=lambda told: amount(told.at) or 0.0)

    @spoken
    def checkpoints(self, job: str) -> list[Checkpoint]:
        try:
            found = list(itertools.islice(self.client.fine_tuning.jobs.checkpoints.list(job, limit=100), KEPT))
        except Exception as error:
            if (status(error) or 500) < 500 and status(error) not in PASSING:
                return []
            raise
        named = [one for one in found if isinstance(getattr(one, "fine_tuned_model_checkpoint", None), str)]
        return [_checkpoint(one) for one in sorted(named, key=_step)]

    @spoken
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


def _begun(made: Any) -> Begun:
    """Raises `ValueError` for what is no job."""
    name, at = getattr(made, "id", None), getattr(made, "status", None)
    if not (isinstance(name, str) and name and isinstance(at, str)):
        raise ValueError("it is no job")
    return Begun(name, at)


def _told(event: Any) -> Told:
    data, message, at = (getattr(event, name, None) for name in ("data", "message", "created_at"))
    data, message = data if isinstance(data, dict) else {}, str(message or "")
    counted = STEP.search(message)
    step = whole(data.get("step")) or (int(counted[1]) if counted else 0)
    steps = whole(data.get("total_steps")) or (int(counted[2]) if counted else 0)
    named, loss = getattr(event, "id", None) or f"{at} {message}", amount(data.get("train_loss")) or 0.0
    return Told(str(named), at, str(getattr(event, "level", None) or "info"), message, data, step, steps, loss)


def _step(one: Any) -> int:
    return whole(getattr(one, "step_number", None)) or 0


def _checkpoint(one: Any) -> Checkpoint:
    told = getattr(one, "metrics", None)
    losses = [amount(getattr(told, name, None)) for name in ("train_loss", "full_valid_loss", "valid_loss")]
    held = losses[1] if losses[1] is not None else losses[2]
    return Checkpoint(one.fine_tuned_model_checkpoint, f"after step {_step(one)}", losses[0], held)
