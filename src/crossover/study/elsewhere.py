"""A study's work in other processes: what they are given, how the study's scene is opened there, and who answers them.

Nothing here knows by what they are reached (`study/on_ray.py`).
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossover.data.splits import Fold
from crossover.data.task import Task
from crossover.engine.carrier import Shelf
from crossover.engine.depot import Depot
from crossover.engine.desk import Desk
from crossover.engine.link import Link
from crossover.engine.store import LATER, Operation, Store
from crossover.errors import CrossoverError, MissingExtra, ModelError, OptionError, StudyError
from crossover.evaluation.forgetting import Memory, Suite, open_suites
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import Relevance, relevance_scorer
from crossover.metrics.base import Metric
from crossover.metrics.open import metric_of
from crossover.models.base import Model
from crossover.models.open import open_model
from crossover.study.folder import SHARED, StudyFolder
from crossover.study.ladder import Climbed
from crossover.study.listener import Listener
from crossover.study.models import said_choice, settled
from crossover.study.works import Scene, Work
from crossover.types import Candidate, Example

SHOWN = 0.5  # seconds between two tellings of how far a piece of work is
_models: dict[tuple[str, str], Model] = {}  # of this process, by study and specification: loading one takes long
_metrics: dict[str, Metric] = {}
_suites: dict[tuple[str, str], list[Suite]] = {}
_relevance: list[Relevance] = []


@dataclass(frozen=True)
class Opening:
    """What a scene is opened of in another process.

    `id`: of this run of the study; `named`: its folder as its own process calls it; `tuned`: the models whose weights are,
    and may forget; `metric` and `relevance`: what they have to be there, too; `version`: of Crossover; `depot`: through
    which large files travel to machines without the folder, else they do by the study's own process.
    """

    id: str
    task: Task
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    barred: frozenset[str]
    folds: tuple[Fold, ...]
    begin: Candidate
    folder: Path
    named: Path
    tuned: tuple[str, ...]
    metric: str
    relevance: str
    version: str
    depot: Depot | None = None

    @classmethod
    def of(cls, scene: Scene, task: Task, version: str, depot: Depot | None = None) -> Opening:
        bench = scene.bench
        return cls(
            id=uuid.uuid4().hex,
            # nobody else is where this process is
            task=task.model_copy(update={"tables": None, "folder": task.folder.resolve()}),
            train=tuple(bench.train),
            dev=tuple(bench.dev),
            barred=bench.barred,
            folds=tuple(scene.folds),
            begin=scene.begin,
            folder=bench.folder.resolve(),
            named=bench.folder,
            tuned=tuple(memory.spec for memory in scene.memories if memory.suites),
            metric=bench.evaluator.metric_id,
            relevance=bench.evaluator.relevance.name,
            version=version,
            depot=depot,
        )


@dataclass(frozen=True)
class Outcome:
    """What a piece of work gave or raised."""

    value: Any = None
    error: CrossoverError | None = None

    @classmethod
    def failed(cls, error: CrossoverError, where: str = "") -> Outcome:
        kind = OptionError if isinstance(error, MissingExtra) else type(error)  # made of more than its sentence
        return cls(error=kind(f"{where}{error}"))

    def get(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


@dataclass(frozen=True)
class _Folder(StudyFolder):
    """Of a process whose errors the study's own process writes down."""

    link: Link | None = None

    def log(self, text: str) -> None:
        if self.link is not None:
            self.link.tell("log", text)


def done_elsewhere(opening: Opening, work: Work[Any], link: Link, node: str, version: str) -> Outcome:
    """Do a piece of work in this process. `node`: what this machine is called, for sentences."""
    try:
        if version != opening.version:
            raise OptionError(f"Crossover is {version} there, and {opening.version} where the study runs")
        scene = open_scene(opening, link)
    except (CrossoverError, OSError) as error:
        return Outcome.failed(_said(error), f"on node {node}: ")
    try:
        value = _as_at_home(work.do(scene), scene, opening)
        for (study, spec), model in _models.items():
            if study == opening.id and getattr(model, "told", None):
                said_choice(spec, model, scene.bench.journal)
        link.settle()
        return Outcome(value)
    except CrossoverError as error:
        with suppress(CrossoverError):
            link.settle()  # what was paid for before it failed
        full = isinstance(error, StudyError) and str(scene.folder.path) in str(error)  # of this machine's own disk
        return Outcome.failed(error, f"on node {node}: " if full else "")


def _said(error: CrossoverError | OSError) -> CrossoverError:
    if isinstance(error, CrossoverError):
        return error
    return StudyError(f"{error.filename or tempfile.gettempdir()} cannot be written ({error.strerror or error})")


def _as_at_home(value: Any, scene: Scene, opening: Opening) -> Any:
    """What work gives, with the places of weights that lie in the study's folder."""
    made = value.candidate if isinstance(value, Climbed) else None
    if made is None or made.weights is None:
        return value
    path = opening.named / Path(made.weights.path).relative_to(scene.bench.folder)
    return replace(value, candidate=replace(made, weights=replace(made.weights, path=str(path))))


def _place(opening: Opening) -> tuple[Path, bool]:
    """The study's folder, or one of this machine's own in its place; whether it is shared."""
    with suppress(OSError):
        if (opening.folder / f"{SHARED}{opening.id}").read_text() == opening.id:
            return opening.folder, True
    own = stand_in(opening.id)
    own.mkdir(parents=True, exist_ok=True)
    return own, False


def stand_in(id: str) -> Path:
    return Path(tempfile.gettempdir()) / f"crossover-{id}"


def open_scene(opening: Opening, link: Link) -> Scene:
    """The scene of a study in this process, which is not the study's own. Raises `CrossoverError`."""
    task = opening.task
    place, shared = _place(opening)
    if not shared:
        link.tell("apart")
        if opening.depot is not None:
            opening.depot.check()
    desk = Desk.of(link, task.limits, place, shared, opening.depot)

    def model_of(spec: str) -> Model:
        known = opening.id, spec
        if known not in _models:
            identity = link.ask("settle", spec)  # its precision is measured in one place
            model = settled(open_model(spec, task.folder), spec, desk.journal)
            if model.identity != identity:
                raise ModelError(f"the model '{spec}' is another one there than where the study runs")
            _models[known] = model
        return _models[known]

    if opening.id not in _metrics:
        for known in (_models, _metrics, _suites):  # of another study
            known.clear()
        _metrics[opening.id] = metric_of(task, "the task")
    if not _relevance:
        _relevance.append(relevance_scorer())
    bench = open_bench(
        task,
        opening.train,
        opening.dev,
        place,
        desk.journal,
        model_of,
        _relevance[0],
        _Telling(link),
        tuple(opening.barred),
        _metrics[opening.id],
        desk,
    )
    if bench.evaluator.metric_id != opening.metric:
        raise OptionError(f"the metric {bench.evaluator.metric_name} is of other code there than where the study runs")
    if (found := bench.evaluator.relevance.name) != opening.relevance:
        raise OptionError(f"relevance is {found} there, and {opening.relevance} where the study runs")
    for spec in opening.tuned:
        if (opening.id, spec) not in _suites:
            _suites[opening.id, spec] = open_suites(task, model_of(spec))
    memories = [Memory(bench.evaluator, spec, _suites[opening.id, spec], task.seed) for spec in opening.tuned]
    return Scene(bench, opening.begin, _Folder(place, link), memories, opening.folds, apart=True)


@dataclass
class _Telling:
    """How far a piece of work is, not more often than anybody looks."""

    link: Link
    _what: str = ""
    _told: float = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._what or time.monotonic() - self._told >= SHOWN:
            self._what, self._told = what, time.monotonic()
            self.link.tell("progress", what, done, total)
            self.link.flush()


@dataclass
class Reception:
    """Answers those who work elsewhere, in the study's own process, one after the other."""

    scene: Scene
    listener: Listener
    shown: str = ""  # whose progress the listener is told
    nodes: dict[str, str] = field(default_factory=dict)  # where each is, by its name
    apart: bool = False  # whether a machine does not share the study's folder
    depot: Depot | None = None
    _waiting: list[tuple[int, str, Operation]] = field(default_factory=list)

    def __post_init__(self) -> None:
        bench = self.scene.bench
        self.purse = bench.meter.purse
        more: dict[str, Callable[..., Any]] = {}
        more |= {"progress": self._progress, "log": self._log, "settle": self._settle, "done": lambda owner: None}
        more |= {"at": self.nodes.__setitem__, "apart": self._apart, **Shelf(bench.folder.resolve(), self.depot).operations}
        self._store = Store(bench.journal, self.purse, bench.evaluator.caller.spool, more)

    def begin(self, owner: str) -> None:
        self._store.begin(owner)

    def stop(self, owner: str) -> None:
        self._store.stop(owner)

    def asking(self, owner: str) -> bool:
        return self._store.asking(owner)

    def end(self, owner: str, again: bool) -> list[tuple[int, Outcome]]:
        """Answers to whoever waited for it, too. `again`: its work is begun anew."""
        self._store.end(owner, again)
        self._waiting = [one for one in self._waiting if one[1] != owner]
        return self._again()

    def receive(self, asked: Sequence[tuple[int | None, str, Sequence[Operation]]]) -> list[tuple[int, Outcome]]:
        """Answers, by the numbers of those who wait for one. Raises `StudyError` where the journal cannot be written."""
        answers = []
        for number, owner, operations in asked:
            found = self._served(owner, operations, number is not None)
            if number is None:
                continue
            if found is LATER:
                self._waiting.append((number, owner, operations[-1]))
            else:
                answers.append((number, found))
        return answers + self._again()

    def _again(self) -> list[tuple[int, Outcome]]:
        answers, waiting = [], []
        for number, owner, operation in self._waiting:
            found = self._served(owner, [operation], True)
            if found is LATER:
                waiting.append((number, owner, operation))
            else:
                answers.append((number, found))
        self._waiting = waiting
        return answers

    def _served(self, owner: str, operations: Sequence[Operation], waits: bool) -> Any:
        try:
            found = self._store.serve(owner, operations)
            return found if found is LATER else Outcome(found)
        except CrossoverError as error:
            if waits or not self._store.knows(owner):
                return Outcome.failed(error)
            raise

    def _progress(self, owner: str, what: str, done: int, total: int) -> None:
        if owner.rpartition("#")[0] == self.shown:
            self.listener.progress(what, done, total)

    def _apart(self, owner: str) -> None:
        self.apart = True

    def _log(self, owner: str, text: str) -> None:
        self.scene.folder.log(text)

    def _settle(self, owner: str, spec: str) -> str:
        return self.scene.bench.model_of(spec).identity
