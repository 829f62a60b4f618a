"""Tuning at a service that speaks OpenAI's dialect: files, a job, its events and checkpoints, and the tuned model.

The wire format is OpenAI's fine-tuning API as its official client sends it; Azure, Nebius and others keep to it. A job is
started once: before that its file's id is noted, and after a lost answer the job is looked for by that file and by the key
in its metadata.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from crossover.errors import DataError, TuningError, nearest
from crossover.models.base import Hosted
from crossover.tuning.asking import again, refused, status, steady, unanswered
from crossover.tuning.job import Job, JobFailed, add_event, key_of, read_job, write_job
from crossover.tuning.providers import JOBS, Lesson, written
from crossover.tuning.recipe import HostedRecipe
from crossover.tuning.services import check_open, day, service_of
from crossover.tuning.trainer import Events, Tuned, most_tokens
from crossover.types import Epoch, Usage, Weights, to_json

LOOK, SELDOM = 1.0, 30.0  # seconds between looks at a job: at first, and at the most
KEPT = 1000  # jobs of a service that are looked through for one that was started already
OVER = ("succeeded", "failed", "cancelled")
STEP = re.compile(r"[Ss]tep (\d+)/(\d+)")


@dataclass(frozen=True)
class OpenaiTrainer:
    """Tunes a model of a service; what is sent are the lessons, and never a row of the test split."""

    model: Hosted

    def tune(
        self,
        rows: Sequence[Lesson],
        dev: Sequence[Lesson],
        recipe: HostedRecipe,
        folder: Path,
        start: Weights | None = None,
        events: Events = Events(),  # noqa: B008  frozen
    ) -> Tuned:
        base = start.ref if start else self.model.name
        kind = JOBS.get(("openai", recipe.objective))
        assert kind is not None  # the strategy has no other
        if recipe.objective == "dpo":
            dev = [lesson for lesson in dev if lesson.worse]
        try:
            train, held = written(kind, rows, dev)
        except DataError as error:
            raise TuningError(str(error)) from error
        asked = {key: value for key, value in to_json(recipe).items() if key not in ("cancel", "checkpoints")}
        job = read_job(folder, key_of(base, asked, train, held))
        client, said = self.model.client(), []
        if not job.id:
            said = check_open(_host(client), base, self._stops(client, base), date.today())
            job = self._begun(client, base, recipe, folder, job, (train, held), most_tokens(rows, recipe), events)
        try:
            done = self._followed(client, folder, job, events)
        except KeyboardInterrupt:
            if recipe.cancel:
                steady(lambda: client.fine_tuning.jobs.cancel(job.id), f"cancelling the job {job.id}")
            raise
        return self._best(client, done, job, recipe, folder, events, said)

    def _stops(self, client: Any, base: str) -> date | None:
        """When the service says that a model ends. Raises `TuningError` for one that it does not have."""
        try:
            return day(getattr(again(lambda: client.models.retrieve(base)), "shutdown_date", None))
        except Exception as error:
            if status(error) not in (404, 405, 501):
                raise refused(error, f"looking up '{base}'") from error
        try:
            names = again(lambda: [one.id for one in itertools.islice(client.models.list(), KEPT)])
        except Exception as error:
            if status(error) in (404, 405, 501):
                return None  # a service without a list: the job will tell
            raise refused(error, "looking up the service's models") from error
        if names and base not in names:
            raise TuningError(f"the service has no model '{base}': nothing was sent; {nearest(base, names[:50])}")
        return None

    def _begun(
        self,
        client: Any,
        base: str,
        recipe: HostedRecipe,
        folder: Path,
        job: Job,
        lines: tuple[list[str], list[str]],
        most: int,
        events: Events,
    ) -> Job:
        """The job under way: one that runs already for the very same, else a new one, which is paid for."""
        known = self._known(client, job)
        if known is None:
            events.before(most)
            files = job.files or tuple(
                steady(
                    lambda name=name, text=text: client.files.create(file=(name, text), purpose="fine-tune").id,
                    f"uploading {name}",
                )
                for name, rows in (("train.jsonl", lines[0]), ("validation.jsonl", lines[1]))
                if rows
                for text in ["".join(f"{line}\n" for line in rows).encode()]
            )
            job = write_job(folder, replace(job, files=files, most=most))
            known = self._started(client, base, recipe, job)
        return _noted(folder, job, known)

    def _known(self, client: Any, job: Job) -> Any:
        """A job of the service that makes the very same and has not failed; None where it has, or lists, none."""
        try:
            listed = client.fine_tuning.jobs.list
            jobs = again(lambda: list(itertools.islice(listed(limit=100, metadata={"crossover": job.key}), KEPT)))
        except Exception as error:
            if status(error) in (400, 404, 405, 422, 501):
                return None
            raise refused(error, "looking for a job that runs already") from error
        for one in jobs:
            ours = (one.metadata or {}).get("crossover") == job.key or (job.files and one.training_file == job.files[0])
            if ours and one.status not in ("failed", "cancelled") and one.id not in job.ended:
                return one
        return None

    def _started(self, client: Any, base: str, recipe: HostedRecipe, job: Job) -> Any:
        """A new job. It is asked for once: where the answer is lost, the job is looked for."""
        body: dict[str, Any] = {
            "model": base,
            "training_file": job.files[0],
            "method": method_of(recipe),
            "metadata": {"crossover": job.key},
            "seed": recipe.seed,
        }
        if len(job.files) > 1:
            body["validation_file"] = job.files[1]
        if recipe.suffix:
            body["suffix"] = recipe.suffix
        try:
            return client.fine_tuning.jobs.create(**body, extra_headers={"Idempotency-Key": job.key})
        except Exception as error:
            what = f"starting the job on '{base}'"
            if not unanswered(error):
                failure = refused(error, what)
                raise JobFailed(str(failure)) if isinstance(failure, TuningError) else failure from error
            if (found := self._known(client, job)) is None:
                raise refused(error, what) from error
            return found

    def _followed(self, client: Any, folder: Path, job: Job, events: Events) -> Any:
        """The job when it is over. Raises `TuningError` where it failed."""
        seen = job.seen
        for number in itertools.count():
            now = steady(lambda: client.fine_tuning.jobs.retrieve(job.id), f"asking after the job {job.id}")
            seen = self._told(client, folder, replace(job, status=now.status), seen, events)
            if now.status in OVER:
                break
            time.sleep(min(LOOK * 1.3**number, SELDOM))
        if now.status == "succeeded" and now.fine_tuned_model:
            return now
        why = getattr(now.error, "message", None) or "no reason is given"
        write_job(folder, replace(job, files=(), id="", status=now.status, ended=(*job.ended, job.id)))
        raise JobFailed(f"the job {job.id} ended as {now.status}: {why}; run it again to start another")

    def _told(self, client: Any, folder: Path, job: Job, seen: str, events: Events) -> str:
        """Tell the events since the last look, the oldest first; the id of the newest."""
        new = []
        try:
            for event in itertools.islice(client.fine_tuning.jobs.list_events(job.id, limit=100), KEPT):
                if event.id == seen:
                    break
                new.append(event)
        except Exception as error:  # events are for the reader: the job goes on without them
            if status(error) is None and not unanswered(error):
                raise
        for event in reversed(new):
            data = event.data if isinstance(event.data, dict) else {}
            add_event(folder, {"at": event.created_at, "level": event.level, "message": event.message, "data": data})
            counted = STEP.search(event.message)
            step = int(data.get("step") or (counted[1] if counted else 0))
            steps = int(data.get("total_steps") or (counted[2] if counted else 0)) or step
            if step:
                events.on_step(step, steps, float(data.get("train_loss") or 0.0))
        if not new:
            events.on_step(0, 0, 0.0)  # may it still go on?
            return seen
        write_job(folder, replace(job, seen=new[0].id))
        return str(new[0].id)

    def _best(
        self, client: Any, done: Any, job: Job, recipe: HostedRecipe, folder: Path, events: Events, said: list[str]
    ) -> Tuned:
        """The tuned model, or the checkpoint that dev prefers to it; each is told as an epoch."""
        known = self._checkpoints(client, job.id) if recipe.checkpoints else []
        last = next((one for one in known if one.fine_tuned_model_checkpoint == done.fine_tuned_model), None)
        loss = _losses(last or (known[-1] if known else None))
        tried = [(one.fine_tuned_model_checkpoint, f"after step {one.step_number}", _losses(one)) for one in known]
        tried = [one for one in tried if one[0] != done.fine_tuned_model]
        tried.append((done.fine_tuned_model, "the finished job", loss))
        found: list[tuple[float, Weights]] = []
        for number, (ref, when, (train, held)) in enumerate(tried, start=1):
            weights = self._weights(ref, folder)
            try:
                value = events.evaluate(weights)
            except TuningError as error:
                if number < len(tried):
                    said.append(f"the checkpoint {when} does not answer, so it was not tried")
                    continue
                hand = service_of(_host(client)).get("by_hand")
                more = f"; {hand}, then run it again: the job is not paid twice" if hand else ""
                raise TuningError(f"{error}{more}") from error
            found.append((value, weights))
            events.on_epoch(Epoch(number, train, held, value, f"{ref}, {when}"))
        best = max(reversed(found), key=lambda pair: pair[0])  # of equals the finished one: the service keeps it
        trained = done.trained_tokens
        if trained is None:
            said.append("the service does not say how many tokens it trained on: the most it can be is what counts")
        usage = Usage(tokens_in=job.most if trained is None else trained)
        return Tuned(best[1], usage, tuple(said), job.id)

    def _checkpoints(self, client: Any, job: str) -> list[Any]:
        """In the order of their steps; none of a service that has none."""
        try:
            listed = client.fine_tuning.jobs.checkpoints.list
            found = again(lambda: list(itertools.islice(listed(job, limit=100), KEPT)))
            return sorted(found, key=lambda one: int(one.step_number))
        except Exception as error:
            if status(error) in (400, 404, 405, 501):
                return []
            raise refused(error, f"looking for the checkpoints of {job}") from error

    def _weights(self, ref: str, folder: Path) -> Weights:
        what = f"{self.model.dialect} {self.model.name} {ref}"
        return Weights("hosted", hashlib.sha256(what.encode()).hexdigest(), str(folder), ref)


def method_of(recipe: HostedRecipe) -> dict[str, Any]:
    """A recipe as the dialect has it: what is left to the service is "auto" there."""
    numbers = {
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


def _noted(folder: Path, job: Job, known: Any) -> Job:
    return write_job(folder, replace(job, id=known.id, status=known.status))


def _losses(checkpoint: Any) -> tuple[float | None, float | None]:
    """On train and on the validation file."""
    if checkpoint is None:
        return None, None
    metrics = checkpoint.metrics
    held = metrics.full_valid_loss if metrics.full_valid_loss is not None else metrics.valid_loss
    return metrics.train_loss, held


def _host(client: Any) -> str:
    return str(getattr(client.base_url, "host", ""))
