"""A study's work on a Ray cluster: pieces of work are Ray's tasks, and the study's own process answers what they ask.

Journal and limits stay in the study's own process. What tasks ask and tell goes through one actor, a letter box that knows
nothing; the study's process empties it whenever it waits for a result. A task that dies is begun again here, not by Ray:
what it was about to ask must be free first.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from crossover.data.task import Task
from crossover.engine.caller import Way
from crossover.engine.depot import Depot
from crossover.engine.link import Link
from crossover.engine.store import Operation
from crossover.errors import BudgetExceeded, CrossoverError, MissingExtra, OptionError, StudyError, without_keys
from crossover.models.base import Model
from crossover.models.batches import in_batches
from crossover.study.elsewhere import Opening, Outcome, Reception, done_elsewhere, stand_in
from crossover.study.folder import SHARED, write_text
from crossover.study.joining import PATIENCE, address_of, joined, leave, room_of
from crossover.study.letterbox import LetterBox
from crossover.study.listener import Listener
from crossover.study.placing import Needs, needs
from crossover.study.several import specs_of
from crossover.study.works import Answers, Going, Pace, Scene, Work
from crossover.types import Reply, Request

T = TypeVar("T")
LOOK = 5.0  # seconds between two looks at which nodes there are
MANY = 100_000  # who may wait at a time
ANSWERED = 120.0  # seconds for what is at a service to come, as long as a call may take
IDLE = 60.0  # seconds after which it is said that nothing was begun
DYING = 30.0  # for a worker that is killed to be gone
SOON = 0.05  # seconds in which what has arrived can be read
DEATHS = 5  # of the workers of one piece of work, after which something else is wrong


def do(opening: Opening, box: Any, owner: str, work: Work[Any], cpus: int) -> Outcome:
    """A task: a piece of work, by a worker of Ray's."""
    import ray

    os.environ["OMP_NUM_THREADS"] = str(cpus)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(cpus)

    places = itertools.count()

    def call(operations: list[Operation]) -> Callable[[], Any]:
        reference = box.ask.remote(owner, next(places), operations)
        return lambda: ray.get(reference).get()

    def send(operations: list[Operation]) -> None:
        box.tell.remote(owner, next(places), operations)

    send([("at", (ray.get_runtime_context().get_node_id(),))])
    link = Link(send, call)
    return done_elsewhere(opening, work, link, ray.util.get_node_ip_address(), metadata.version("crossover"))


def take_away(id: str) -> None:
    """A task: what lies in the place of a study's folder."""
    shutil.rmtree(stand_in(id), ignore_errors=True)


@contextmanager
def cluster(on: str | None, models: Mapping[str, Model]) -> Iterator[Ray | None]:
    """The cluster that `on` names, until the block ends; None where it names none. Nothing is left running that was started
    here. `models`: the study's, by specification. Raises `OptionError`, `MissingExtra`, `StudyError`."""
    if on is None:
        yield None
        return
    address = address_of(on)
    if slow := [spec for spec, model in models.items() if in_batches(model)]:
        raise OptionError(
            f"--on {on}: '{slow[0]}' answers in batches, which wait at the service and not for workers; valid: without"
            " batch, or without --on"
        )
    if find_spec("ray") is None:
        raise MissingExtra(f"--on {on}", "ray")
    depot = Depot.asked()
    try:
        mine = joined(on, address)
        found = Ray(depot)
        try:
            yield found
        finally:
            found.close()
            if mine:
                leave()
    finally:
        if depot is not None:
            depot.clear()


@dataclass(eq=False)
class Run(Generic[T]):
    """A piece of work that was started: `number` in the order in which results are taken up."""

    work: Work[T]
    number: int
    executor: RayExecutor
    needs: Needs
    group: list[Run[Any]]  # all that were started with it
    after: list[Run[Any]] = field(default_factory=list)  # what has to be finished first
    tries: int = 0
    outcome: Outcome | None = None

    @property
    def owner(self) -> str:
        return f"{self.work.name}#{self.tries}"

    def result(self) -> T:
        found: T = self.executor.result_of(self)
        return found


@dataclass
class Ray:
    """A cluster that this process is part of. `depot`: where files go through to machines without the study's folder."""

    depot: Depot | None = None
    _executors: list[RayExecutor] = field(default_factory=list)

    def executor(self, scene: Scene, task: Task, listener: Listener) -> RayExecutor:
        found = RayExecutor(scene, task, listener, self.depot)
        self._executors.append(found)
        return found

    def close(self) -> None:
        """End all that works for a study: before its journal and its folder are let go."""
        while self._executors:
            self._executors.pop().close()


class RayExecutor:
    """`works.Executor`, by tasks of Ray's."""

    apart = True

    def __init__(self, scene: Scene, task: Task, listener: Listener, depot: Depot | None = None) -> None:
        import ray

        self._ray, self._scene, self._told = ray, scene, task
        self._answers = 0
        opening = Opening.of(scene, task, metadata.version("crossover"), depot)
        self._id, self._sign = opening.id, opening.folder / f"{SHARED}{opening.id}"
        write_text(self._sign, opening.id)
        self._opening = ray.put(opening)
        here = self._pinned(ray.get_runtime_context().get_node_id())
        self._box = ray.remote(LetterBox).options(num_cpus=0, scheduling_strategy=here, max_concurrency=MANY).remote()
        self._task = ray.remote(do)
        self._room = room_of(ray)
        self._reception = Reception(scene, listener, depot=depot)
        self._poll = self._box.take.remote()
        self._going: dict[Any, Run[Any]] = {}  # Ray's reference -> what it is of
        self._ahead: list[Run[Any]] = []  # waits for others
        self._looked, self._began = time.monotonic(), 0.0
        self._draining = False
        self._spooling = scene.bench.evaluator.caller.spool.opened()
        self._spooling.__enter__()

    def start(self, works: Sequence[Work[T]]) -> list[Going[T]]:
        runs: list[Run[Any]] = []
        asked = needs(works, self._scene, self._room)
        runs += [Run(work, number, self, own, runs) for number, (work, own) in enumerate(zip(works, asked, strict=True))]
        for run in runs:
            run.after = [other for other in runs[: run.number] if run.needs.follows(other.needs)]
        self._ahead += runs
        self._submit()
        return list(runs)

    def spread(self, model: Model, here: Way) -> Way | None:
        """Chunks of a local model's requests are answered by all workers. None: it is asked here."""
        specs = {id(self._scene.bench.model_of(spec)): spec for spec in specs_of(self._told)}
        if not model.local or id(model) not in specs:
            return None
        pace = Pace.of(self._told.limits, here.size, 2 * self._room.cpus)

        def submit(chunk: Sequence[Sequence[Request]]) -> Callable[[], list[Reply]]:
            self._answers += 1
            [going] = self.start([Answers(self._answers, specs[id(model)], tuple(map(tuple, chunk)))])

            def answers() -> list[Reply]:
                replies, seconds = going.result()
                pace.seen(len(replies), seconds)
                return replies

            return answers

        return Way(submit, here.size, pace.ahead, pace.batches)

    def drop(self) -> None:
        self._drop([*self._ahead, *self._going.values()])

    def _drop(self, runs: Sequence[Run[Any]], patience: float = PATIENCE) -> None:
        """What these ask is answered no more; what they have asked by now was paid for, and is kept."""
        self._ahead = [run for run in self._ahead if run not in runs]
        try:
            self._drained([run for run in self._going.values() if run in runs], patience)
        finally:  # also where nobody has the patience: interrupted again
            self._ended_by_force(runs)

    def _ended_by_force(self, runs: Sequence[Run[Any]]) -> None:
        self._ahead = [run for run in self._ahead if run not in runs]  # died meanwhile
        dropped = {reference: run for reference, run in self._going.items() if run in runs}
        for reference in dropped:
            del self._going[reference]
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(reference, force=True)
        if dropped:  # whoever still runs may write into the folder
            self._ray.wait(list(dropped), num_returns=len(dropped), timeout=DYING)
            self._caught_up()
        for run in dropped.values():
            self._answer(self._reception.end(run.owner, again=False))

    def _drained(self, runs: Sequence[Run[Any]], patience: float) -> None:
        """What is at a service for these is paid for, so it is waited for: it counts, and no further run asks it again."""
        if self._draining or not runs:
            return
        self._caught_up()
        self._draining, until = True, time.monotonic() + patience
        self._reception.shown = ""
        try:
            for run in runs:
                self._reception.stop(run.owner)
            with suppress(CrossoverError):  # what ends the study is said already
                while time.monotonic() < until and any(
                    run in runs and self._reception.asking(run.owner) for run in self._going.values()
                ):
                    self._turn()
        finally:
            self._draining = False

    def _caught_up(self) -> None:
        """What has arrived by now is read."""
        with suppress(CrossoverError):  # what ends the study is said already
            while self._ray.wait([self._poll], timeout=SOON)[0]:
                self._read()

    def close(self) -> None:
        try:
            self.drop()
        finally:
            self._closed()

    def _closed(self) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._box)
        if self._reception.apart:
            self._cleared()
        with suppress(OSError):
            self._sign.unlink()
        self._spooling.__exit__(*sys.exc_info())

    def _cleared(self) -> None:
        """What other machines had in the place of the study's folder is taken away, where they still answer."""
        clear = self._ray.remote(take_away)
        nodes = [node["NodeID"] for node in self._ray.nodes() if node["Alive"]]
        there = [self._pinned(node) for node in nodes]
        done = [clear.options(num_cpus=0, max_retries=0, scheduling_strategy=one).remote(self._id) for one in there]
        self._ray.wait(done, num_returns=len(done), timeout=PATIENCE)

    def _pinned(self, node: str) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return NodeAffinitySchedulingStrategy(node, soft=False)

    def result_of(self, run: Run[T]) -> Any:
        while run.outcome is None:
            if run not in (*self._ahead, *self._going.values()):
                raise StudyError(f"{run.work.name} was dropped")
            self._reception.shown = run.work.name
            self._turn()
        return run.outcome.get()

    def _submit(self) -> None:
        """Begin what waits for nothing, in order; no more than twice what the cluster's cores can do, as all of it is
        looked at whenever something arrives."""
        for run in [one for one in self._ahead if all(other.outcome is not None for other in one.after)]:
            if sum(one.needs.cpus for one in self._going.values()) >= 2 * self._room.cpus:
                return
            self._ahead.remove(run)
            run.tries += 1
            self._reception.begin(run.owner)
            task = self._task.options(max_retries=0, **run.needs.resources())
            reference = task.remote(self._opening, self._box, run.owner, run.work, run.needs.threads)
            self._going[reference] = run
            self._began = self._began or time.monotonic()

    def _turn(self) -> None:
        """Wait until something arrives, and do what follows from it."""
        ready, _ = self._ray.wait([self._poll, *self._going], num_returns=1, timeout=1.0)
        self._reception.purse.tick(every=1.0)
        for reference in ready:
            if reference == self._poll:
                self._read()
            else:
                self._over(reference)
        if time.monotonic() - self._looked >= LOOK:
            self._looked = time.monotonic()
            self._look()
            self._idle()

    def _read(self) -> None:
        try:
            asked = self._ray.get(self._poll)
        except self._ray.exceptions.RayError as error:
            raise StudyError("the study's letter box on the Ray cluster died: run it again, it continues") from error
        self._poll = self._box.take.remote()
        self._answer(self._reception.receive(asked))

    def _look(self) -> None:
        """Work on a node that the cluster has given up is begun anew: of a node that is cut off Ray says so only after
        minutes."""
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        for reference, run in list(self._going.items()):
            if self._reception.nodes.get(run.owner, next(iter(alive))) not in alive:
                del self._going[reference]
                self._died(run, "its node is cut off")

    def _idle(self) -> None:
        if self._reception.nodes or not self._going or time.monotonic() - self._began < IDLE:
            return
        self._began = float("inf")  # it is said once
        self._reception.listener.say(
            "the Ray cluster has not begun anything yet: its cores, cards or memory are with others, or it has none; it is"
            " waited for"
        )

    def _over(self, reference: Any) -> None:
        run = self._going.pop(reference)
        try:
            run.outcome = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:  # of the work itself, and no sentence of ours
            run.outcome = Outcome(error=StudyError(self._strange(run, error)))
        except self._ray.exceptions.RayError as error:
            self._died(run, str(error).strip().split("\n")[0])
            return
        self._ended(run)

    def _strange(self, run: Run[Any], error: Any) -> str:
        text = str(error.cause).strip()
        last, at = without_keys(text.split("\n")[-1][:200]), re.search(r"\bip=([^),\s]+)", str(error))
        where = f"on node {at[1]}" if at else "on the Ray cluster"
        if isinstance(error.cause, self._ray.exceptions.RaySystemError) or "failed to import" in text:
            valid = f"valid is the same Crossover as here, {metadata.version('crossover')}"
            return f"{where}: what the study sends is not understood there ({last}); {valid}"
        return f"{run.work.name} failed {where}: {type(error.cause).__name__}: {last}"

    def _died(self, run: Run[Any], reason: str) -> None:
        """Its worker or node did: it is begun anew, as long as that helps."""
        if run.tries >= DEATHS:
            run.outcome = Outcome(error=StudyError(f"{run.work.name}: {run.tries} workers of it died ({reason})"))
        else:
            self._ahead.insert(0, run)
        self._ended(run)

    def _ended(self, run: Run[Any]) -> None:
        self._answer(self._reception.end(run.owner, again=run.outcome is None))
        error = run.outcome.error if run.outcome is not None else None
        if error is not None and not self._draining:  # what comes behind it will not be asked for
            behind = [other for other in run.group if other.number > run.number]
            self._drop(behind, ANSWERED if isinstance(error, BudgetExceeded) else PATIENCE)
        self._submit()

    def _answer(self, answers: list[tuple[int, Outcome]]) -> None:
        if answers:
            self._box.give.remote(answers)
