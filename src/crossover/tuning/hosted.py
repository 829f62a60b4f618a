"""Tuning at a service, whatever its dialect: a job that is started once, followed, and whose results dev chooses from.

A job is started once: before that the ids of its files are noted, and after a lost answer the job is looked for at the
service, by these and by the key in its metadata. A `Desk` is one dialect.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from crossover.errors import BudgetExceeded, DataError, TuningError
from crossover.models.base import Hosted, hosted_weights
from crossover.tuning.asking import refused, steady, unanswered
from crossover.tuning.job import Job, JobFailed, add_event, key_of, read_job, write_job
from crossover.tuning.providers import JOBS, Lesson, written
from crossover.tuning.recipe import HostedRecipe
from crossover.tuning.services import check_open, service_of
from crossover.tuning.trainer import Events, Tuned, most_tokens
from crossover.types import Epoch, Usage, Weights

LOOK, SELDOM = 1.0, 30.0  # seconds between looks at a job: at first, and at the most


@dataclass(frozen=True)
class Begun:
    """A job of the service."""

    id: str
    status: str


@dataclass(frozen=True)
class Look:
    """How a job is. `ref`: the tuned model, once it `succeeded`; `why` it did not; `trained`: tokens, over all epochs."""

    status: str
    over: bool = False
    ref: str = ""
    why: str = ""
    trained: int | None = None


@dataclass(frozen=True)
class Told:
    """An event of a job. `step` of `steps`, 0 where it is of none."""

    id: str
    at: Any
    level: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    steps: int = 0
    loss: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """A model on the way. Losses on the training and on the validation file, where they are told."""

    ref: str
    when: str
    train_loss: float | None = None
    dev_loss: float | None = None


class Desk(Protocol):
    """A dialect. What may be asked twice without harm raises what the client raises; `asking.steady` asks it again."""

    @property
    def dialect(self) -> str: ...

    @property
    def host(self) -> str:
        """Where the service is."""
        ...

    def base(self, start: Weights | None) -> str:
        """What a job begins from."""
        ...

    def stops(self, base: str) -> date | None:
        """When the service says that a model ends. Raises `TuningError` for one that it does not have."""
        ...

    def known(self, job: Job) -> Begun | None:
        """A job that makes the very same and has not failed; None where there, or listed, is none."""
        ...

    def upload(self, name: str, text: str, job: Job, recipe: HostedRecipe) -> str:
        """Where a file lies, to be named when a job is started."""
        ...

    def start(self, base: str, recipe: HostedRecipe, job: Job) -> Begun:
        """Start a job: this is what costs. Never asked twice."""
        ...

    def look(self, job: str, recipe: HostedRecipe) -> Look: ...

    def events(self, job: str, seen: str) -> list[Told]:
        """Since `seen`, the oldest first; none of a service that tells none."""
        ...

    def checkpoints(self, job: str) -> list[Checkpoint]:
        """In the order of their steps; none of a service that has none."""
        ...

    def cancel(self, job: str) -> None: ...


@dataclass(frozen=True)
class HostedTrainer:
    """Tunes a model of a service; what is sent are the lessons, and never a row of the test split."""

    model: Hosted
    opens: Callable[[Any, Any], Desk]  # of the model and its client

    @cached_property
    def desk(self) -> Desk:
        """Opened when it is first needed: what is finished needs no key."""
        return self.opens(self.model, self.model.client())

    def tune(
        self,
        rows: Sequence[Lesson],
        dev: Sequence[Lesson],
        recipe: HostedRecipe,
        folder: Path,
        start: Weights | None = None,
        events: Events = Events(),  # noqa: B008  frozen
    ) -> Tuned:
        kind = JOBS.get((self.model.dialect, recipe.objective))
        assert kind is not None  # the strategy has no other
        held = [lesson for lesson in dev if lesson.worse] if recipe.objective == "dpo" else dev
        try:
            lines = written(kind, rows, held)
        except DataError as error:
            raise TuningError(str(error)) from error
        base = self.desk.base(start)
        asked = replace(recipe.made, checkpoints=True)  # which the service keeps, whether or not dev meets them
        job, said = read_job(folder, key_of(base, asked, *lines)), list[str]()
        if not job.id:
            said = check_open(self.desk.host, base, self.desk.stops(base), date.today())
            job = self._begun(base, recipe, folder, job, lines, most_tokens(rows, recipe), events)
        try:
            done = self._followed(recipe, folder, job, events)
        except KeyboardInterrupt:
            if recipe.cancel:
                steady(lambda: self.desk.cancel(job.id), f"cancelling the job {job.id}")
            raise
        except BudgetExceeded as error:
            raise BudgetExceeded(f"{error}; the job {job.id} goes on, and a further run of the study with it") from error
        return self._best(done, job, recipe, folder, events, said)

    def _begun(
        self,
        base: str,
        recipe: HostedRecipe,
        folder: Path,
        job: Job,
        lines: tuple[list[str], list[str]],
        most: int,
        events: Events,
    ) -> Job:
        """The job under way: one that runs already for the very same, else a new one, which is paid for."""
        found = self._known(job)
        if found is None:
            events.before(most)
            files = list(job.files)
            for name, rows in (("train.jsonl", lines[0]), ("validation.jsonl", lines[1])) if not files else ():
                if rows:
                    text = "".join(f"{line}\n" for line in rows)
                    files.append(steady(partial(self.desk.upload, name, text, job, recipe), f"uploading {name}"))
            job = write_job(folder, replace(job, files=tuple(files), most=most))
            found = self._started(base, recipe, job)
        return noted(folder, replace(job, most=most), found)

    def _known(self, job: Job) -> Begun | None:
        return steady(lambda: self.desk.known(job), "looking for a job that runs already")

    def _started(self, base: str, recipe: HostedRecipe, job: Job) -> Begun:
        """A new job. It is asked for once: where the answer is lost, the job is looked for."""
        try:
            return self.desk.start(base, recipe, job)
        except Exception as error:
            what = f"starting the job on '{base}'"
            if not unanswered(error):
                failure = refused(error, what)
                raise (JobFailed(str(failure)) if isinstance(failure, TuningError) else failure) from error
            if (found := self._known(job)) is None:
                raise refused(error, what) from error
            return found

    def _followed(self, recipe: HostedRecipe, folder: Path, job: Job, events: Events) -> Look:
        """The job when it is over. Raises `TuningError` where it failed."""
        for number in itertools.count():
            now = steady(partial(self.desk.look, job.id, recipe), f"asking after the job {job.id}")
            job = self._told(folder, replace(job, status=now.status), events)
            if now.over:
                break
            time.sleep(min(LOOK * 1.3**number, SELDOM))
        if now.ref:
            return now
        write_job(folder, replace(job, files=(), id="", ended=(*job.ended, job.id)))
        raise JobFailed(f"the job {job.id} ended as {now.status}: {now.why}; run it again to start another")

    def _told(self, folder: Path, job: Job, events: Events) -> Job:
        """Tell the events since the last look."""
        try:
            new = self.desk.events(job.id, job.seen)
        except Exception as error:  # events are for the reader: the job goes on without them
            if not unanswered(error):
                raise
            new = []
        for event in new:
            add_event(folder, {"at": event.at, "level": event.level, "message": event.message, "data": event.data})
            if event.step:
                events.on_step(event.step, event.steps or event.step, event.loss)
        events.on_step(0, 0, 0.0)  # may it still go on?
        return write_job(folder, replace(job, seen=new[-1].id)) if new else job

    def _best(self, done: Look, job: Job, recipe: HostedRecipe, folder: Path, events: Events, said: list[str]) -> Tuned:
        """The tuned model, or the checkpoint that dev prefers to it; each is told as an epoch."""
        what = f"looking for the checkpoints of {job.id}"
        known = steady(lambda: self.desk.checkpoints(job.id), what) if recipe.checkpoints else []
        last = next((one for one in known if one.ref == done.ref), Checkpoint(done.ref, ""))
        tried = [*(one for one in known if one.ref != done.ref), replace(last, when="the finished job")]
        found: list[tuple[float, Weights]] = []
        for number, one in enumerate(tried, start=1):
            weights = hosted_weights(self.model, one.ref, str(folder))
            try:
                value = events.evaluate(weights)
            except TuningError as error:
                if number < len(tried):
                    said.append(f"the checkpoint {one.when} does not answer, so it was not tried")
                    continue
                hand = service_of(self.desk.host).get("by_hand")
                more = f"; {hand}, then run it again: the job is not paid twice" if hand else ""
                raise TuningError(f"{error}{more}") from error
            found.append((value, weights))
            events.on_epoch(Epoch(number, one.train_loss, one.dev_loss, value, f"{one.ref}, {one.when}"))
        best = max(reversed(found), key=lambda pair: pair[0])  # of equals the finished one: the service keeps it
        if done.trained is None:
            said.append("the service does not say how many tokens it trained on: the most it can be is what counts")
        usage = Usage(tokens_in=job.most if done.trained is None else done.trained)
        return Tuned(best[1], usage, tuple(said), job.id)


def noted(folder: Path, job: Job, found: Begun) -> Job:
    """The job's id, safe on disk."""
    return write_job(folder, replace(job, id=found.id, status=found.status))
