"""Tuning at a service, whatever its dialect: a job that is started once, followed, and whose results dev chooses from.

A job is started once: before that the ids of its files are noted, and after a lost answer the job is looked for at the
service, by these and by the key in its metadata. A `Desk` is one dialect.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from crossover.errors import BudgetExceeded, DataError, TuningError
from crossover.models.base import Hosted, hosted_weights
from crossover.tuning.asking import again, in_short, refused, status, steady, turned_away, unanswered
from crossover.tuning.job import JOB, Job, JobFailed, add_event, key_of, read_job, told, write_job
from crossover.tuning.providers import JOBS, Lesson, written
from crossover.tuning.recipe import HostedRecipe
from crossover.tuning.services import check_open, service_of
from crossover.tuning.trainer import Events, Tuned, most_tokens
from crossover.types import Epoch, Usage, Weights

LOOK, SELDOM = 1.0, 30.0  # seconds between looks at a job: at first, and at the most
GONE = (404, 410)  # how a service says that it has no such job; at first also where it is a moment late
NAMELESS = 5  # looks at a job that succeeded until it names what it made


@dataclass(frozen=True)
class Begun:
    """A job of the service."""

    id: str
    status: str


@dataclass(frozen=True)
class Look:
    """How a job is. `good`: it is over and succeeded, with the tuned model as `ref`; `why` it did not; `stopped`: somebody
    cancelled it; `trained`: tokens, over all epochs."""

    status: str
    over: bool = False
    good: bool = False
    ref: str = ""
    why: str = ""
    trained: int | None = None
    stopped: bool = False


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
    """A dialect. What may be asked twice without harm raises what the client raises, and `asking.Unreadable` for an answer
    in no dialect; `asking.steady` asks it again."""

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
        """Where a file lies, to be named when a job is started. Asked twice, it lies there once."""
        ...

    def start(self, base: str, recipe: HostedRecipe, job: Job) -> Begun:
        """Start a job: this is what costs. Asked again only where it was surely not done."""
        ...

    def look(self, job: str, recipe: HostedRecipe) -> Look: ...

    def events(self, job: str, seen: Collection[str]) -> list[Told]:
        """Those that are not among the `seen` ones, the oldest first; none of a service that tells none."""
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
        base = steady(lambda: self.desk.base(start), "looking up what to begin from")
        asked = replace(recipe.made, checkpoints=True)  # which the service keeps, whether or not dev meets them
        job, said = read_job(folder, key_of(base, asked, *lines)), list[str]()
        if not job.id:
            stops = steady(lambda: self.desk.stops(base), f"looking up '{base}'")
            said = check_open(self.desk.host, base, stops, date.today())
            job = self._begun(base, recipe, folder, job, lines, most_tokens(rows, recipe), events)
        try:
            done = self._followed(recipe, folder, job, events)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(self._left(job.id, recipe)) from None
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
            named = [(name, rows) for name, rows in zip(("train.jsonl", "validation.jsonl"), lines, strict=True) if rows]
            for name, rows in named[len(job.files) :]:
                text = "".join(f"{line}\n" for line in rows)
                try:
                    place = steady(partial(self.desk.upload, name, text, job, recipe), f"uploading {name}")
                except TuningError as error:
                    raise JobFailed(str(error)) from error
                job = write_job(folder, replace(job, files=(*job.files, place), most=most))
            try:
                found = self._started(base, recipe, job)
            except JobFailed:
                write_job(folder, replace(job, files=()))  # the next one does not trust them: they may be what is wrong
                raise
        return noted(folder, replace(job, most=most), found)

    def _known(self, job: Job) -> Begun | None:
        return steady(lambda: self.desk.known(job), "looking for a job that runs already")

    def _started(self, base: str, recipe: HostedRecipe, job: Job) -> Begun:
        """A new job. It is asked for until it is answered: where the answer is lost, the job is looked for."""
        try:
            return again(lambda: self.desk.start(base, recipe, job), may=turned_away)
        except KeyboardInterrupt:  # it may run already
            raise KeyboardInterrupt(self._begun_yet(job, recipe)) from None
        except Exception as error:
            what = f"starting the job on '{base}'"
            if not unanswered(error):
                failure = refused(error, what)
                raise (JobFailed(str(failure)) if isinstance(failure, TuningError) else failure) from error
            if (found := self._known(job)) is None:
                raise refused(error, what) from error
            return found

    def _left(self, job: str, recipe: HostedRecipe) -> str:
        """What becomes of a job whose study is interrupted, for the reader: it is cancelled where that is asked."""
        if not recipe.cancel:
            return f"the job {job} goes on, and costs what it costs"
        try:
            steady(lambda: self.desk.cancel(job), f"the job {job} goes on, as cancelling it failed")
        except TuningError as error:
            return str(error)
        return f"the job {job} is cancelled"

    def _begun_yet(self, job: Job, recipe: HostedRecipe) -> str:
        """What becomes of a job that was being started, for the reader."""
        try:
            found = self._known(job)
        except TuningError as error:
            return f"a job may have begun: {error}"
        return self._left(found.id, recipe) if found else "no job has begun"

    def _followed(self, recipe: HostedRecipe, folder: Path, job: Job, events: Events) -> Look:
        """The job when it is over. Raises `TuningError` where it failed."""
        nameless, seen = 0, told(folder)
        for number in itertools.count():
            now = self._looked(recipe, folder, job)
            job = write_job(folder, replace(job, status=now.status)) if now.status != job.status else job
            self._told(folder, job, events, seen)
            nameless += now.good and not now.ref
            if now.over and (now.ref or not now.good or nameless == NAMELESS):
                break
            time.sleep(pause(number))
        if now.good and not now.ref:
            raise TuningError(
                f"the job {job.id} ended as {now.status}, is paid for, and names no tuned model; run it again to look again"
            )
        if now.good:
            return now
        events.paid(job.id, now.trained if now.trained is not None else job.most if now.stopped else 0)
        write_job(folder, replace(job, files=(), id="", ended=(*job.ended, job.id)))
        raise JobFailed(f"the job {job.id} ended as {now.status}: {in_short(now.why)}; run it again to start another")

    def _looked(self, recipe: HostedRecipe, folder: Path, job: Job) -> Look:
        what = f"asking after the job {job.id}"
        try:
            return again(partial(self.desk.look, job.id, recipe), late=GONE)
        except Exception as error:
            if status(error) not in GONE:
                raise refused(error, what) from error
            raise TuningError(
                f"{what}: the service does not know it (any more); it may be another account's. Where it is gone for good,"
                f" remove {folder / JOB}: the next run starts another, and what this one cost is no longer counted"
            ) from error

    def _told(self, folder: Path, job: Job, events: Events, seen: set[str]) -> None:
        """Tell the events that are not `seen` yet, and add them."""
        try:
            new = self.desk.events(job.id, seen)
        except Exception as error:  # events are for the reader: the job goes on without them
            if refused(error, "") is error:
                raise
            new = []
        for event in new:
            seen.add(event.id)
            body = {"id": event.id, "at": event.at, "level": event.level, "message": event.message, "data": event.data}
            add_event(folder, body)
            if event.step:
                events.on_step(event.step, event.steps or event.step, event.loss)
        events.on_step(0, 0, 0.0)  # may it still go on?

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
                more = f"{hand}, then run it again: the job is not paid twice; " if hand else ""
                raise TuningError(f"{error}; {more}where it was deleted there, another suffix makes another job") from error
            found.append((value, weights))
            events.on_epoch(Epoch(number, one.train_loss, one.dev_loss, value, f"{one.ref}, {one.when}"))
        best = max(reversed(found), key=lambda pair: pair[0])  # of equals the finished one: the service keeps it
        if done.trained is None:
            said.append("the service does not say how many tokens it trained on: the most it can be is what counts")
        usage = Usage(tokens_in=job.most if done.trained is None else done.trained)
        return Tuned(best[1], usage, tuple(said), job.id)


def pause(looks: int) -> float:
    """Seconds until the next look, after so many; a job may take days."""
    return float(min(LOOK * 1.3 ** min(looks, 50), SELDOM))


def noted(folder: Path, job: Job, found: Begun) -> Job:
    """The job's id, safe on disk."""
    return write_job(folder, replace(job, id=found.id, status=found.status))
