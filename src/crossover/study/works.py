"""Pieces of a study's work that do not hang on each other, and who does them: here this process, one after the other.

What a piece needs of the study is its `Scene`. A piece is plain data, so it can be done in another process, at a scene that
is opened there (`study/elsewhere.py`); what it gives is then the same, and taken up in the same order.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Generic, Protocol, TypeVar

from crossover.data.economics import Limits
from crossover.data.splits import Fold
from crossover.engine.caller import Way
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.forgetting import Memory
from crossover.models.base import Model
from crossover.study.folder import StudyFolder
from crossover.types import Candidate, Reply, Request

SPELL = 1.0  # seconds of work in a chunk of requests
MOST = 1024  # requests in such a chunk
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Scene:
    """Where work is done. `begin`: what every rung starts from; `memories`: of each model, what it knows beside the task.

    `apart`: in another process than the study's own, and beside other work, so that nothing is measured by the clock.
    """

    bench: StudyBench
    begin: Candidate
    folder: StudyFolder
    memories: Sequence[Memory] = ()
    folds: Sequence[Fold] = ()
    apart: bool = False


class Work(Protocol[T_co]):
    """A frozen dataclass of plain data."""

    @property
    def name(self) -> str:
        """For a reader; of one run, no two have the same."""
        ...

    def do(self, scene: Scene) -> T_co: ...


class Going(Protocol[T_co]):
    """A piece of work that was started."""

    def result(self) -> T_co:
        """What it gives, or what it raises."""
        ...


class Executor(Protocol):
    @property
    def apart(self) -> bool:
        """Whether work is done in other processes: then nothing is timed in it."""
        ...

    def start(self, works: Sequence[Work[T]]) -> list[Going[T]]:
        """Work in the order in which its results are asked for, at the latest when they are."""
        ...

    def spread(self, model: Model, here: Way) -> Way | None:
        """How a model is asked that is asked beside this process, too. `here`: how it would be in this one."""
        ...

    def drop(self, going: Sequence[Going[Any]] | None = None) -> None:
        """Results that nobody has asked for are wanted no more: these, or all."""


@dataclass(frozen=True)
class Now(Generic[T]):
    """Done when its result is asked for."""

    work: Work[T]
    scene: Scene

    def result(self) -> T:
        return self.work.do(self.scene)


@dataclass(frozen=True)
class Serial:
    """One after the other, in this process."""

    scene: Scene
    apart: bool = False

    def start(self, works: Sequence[Work[T]]) -> list[Going[T]]:
        return [Now(work, self.scene) for work in works]

    def spread(self, model: Model, here: Way) -> Way | None:
        return None

    def drop(self, going: Sequence[Going[Any]] | None = None) -> None: ...


@dataclass
class Pace:
    """How many batches of requests a chunk has that others answer: as many as fill a `SPELL`, beside which its way counts
    little, and fewer towards the end, so that all end together. Where a limit counts requests it is one: where that stops a
    study must not hang on how quick its workers are. `size`: of a batch; `ahead`: how many chunks are under way."""

    size: int
    ahead: int
    limited: bool
    quick: float = 0.0  # batches in a spell, as far as is known

    @classmethod
    def of(cls, limits: Limits, size: int, ahead: int) -> Pace:
        return cls(size, ahead, any(one is not None for one in (limits.calls, limits.tokens, limits.money)))

    def seen(self, requests: int, seconds: float) -> None:
        self.quick = requests / self.size * SPELL / max(seconds, 1e-3)

    def batches(self, left: int) -> int:
        return 1 if self.limited else max(1, int(min(self.quick, left / self.ahead, MOST / self.size)))


@dataclass(frozen=True)
class Answers:
    """A chunk of requests as a piece of work: what it takes is counted by whoever has it done. `spec`: of the model."""

    number: int
    spec: str
    batches: tuple[tuple[Request, ...], ...]

    @property
    def name(self) -> str:
        return f"chunk {self.number}"

    def do(self, scene: Scene) -> tuple[list[Reply], float]:
        """The replies, and how many seconds they took."""
        bench = scene.bench
        first = {one.weights: one for one in chain(*self.batches)}  # weights are brought once for all that ask with them
        there = {weights: bench.brought(one).weights for weights, one in first.items()}
        asked = [[replace(one, weights=there[one.weights]) for one in batch] for batch in self.batches]
        way = Way.here(bench.model_of(self.spec))
        began, replies, begun = time.perf_counter(), list[Reply](), deque[Callable[[], list[Reply]]]()
        for batch in asked:
            begun.append(way.submit([batch]))
            if len(begun) > way.ahead:
                replies += begun.popleft()()
        replies += chain.from_iterable(wait() for wait in begun)
        return replies, time.perf_counter() - began
