"""Answering requests as they come: what a server needs of a model, and how it is had of any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from crossover.models.base import Listener, Model, Telling, replies_to_each
from crossover.types import Reply, Request

TOGETHER = 64  # requests that a model which answers in batches is asked together


@dataclass(frozen=True, eq=False)
class Asked:
    """A request under way. `done` is called once with its reply, unless `gone` says that nobody waits for it any more.

    Both are called by the engine's thread.
    """

    request: Request
    done: Callable[[Reply], None]
    gone: Callable[[], bool]
    listener: Listener | None = None


class Engine(Protocol):
    """Answers requests as they come; whatever is done is done in `step`, by one thread."""

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        ...

    def takes(self, request: Request) -> bool:
        """Whether there is a place for one more request like this; one that is added all the same waits for one."""
        ...

    def add(self, asked: Asked) -> None:
        """Let a request join at the next step."""
        ...

    def step(self) -> int:
        """A step of all that is under way; of how many requests it was.

        Raises `ModelError` where the model does not load: nothing can be answered then.
        """
        ...

    def give_up(self) -> None:
        """Forget all that is under way, after a failure."""
        ...


@runtime_checkable
class Serving(Model, Protocol):
    """A model with an engine of its own, in which requests join and leave at each step (Orca, Yu et al. 2022)."""

    def engine(self) -> Engine:
        """A new engine."""
        ...


def engine_of(model: Model) -> Engine:
    """The model's own engine; of one that has none, an engine that asks it in batches."""
    return model.engine() if isinstance(model, Serving) else InBatches(model)


@dataclass
class InBatches:
    """Asks a model all that can be answered together; who comes meanwhile waits for the end."""

    model: Model
    _waiting: list[Asked] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def takes(self, request: Request) -> bool:
        return len(self._waiting) < TOGETHER

    def add(self, asked: Asked) -> None:
        self._waiting.append(asked)

    def step(self) -> int:
        waiting = [asked for asked in self._waiting if not asked.gone()]
        kind = _kind(waiting[0].request) if waiting else None
        batch = [asked for asked in waiting if _kind(asked.request) == kind][:TOGETHER]
        chosen = set(map(id, batch))
        self._waiting = [asked for asked in waiting if id(asked) not in chosen]
        if not batch:
            return 0
        requests = [asked.request for asked in batch]
        if isinstance(self.model, Telling):
            replies = self.model.tell(requests, [asked.listener for asked in batch])
        else:
            replies = self.model.complete(requests)
        for asked, reply in zip(batch, replies_to_each(replies, requests, self.model), strict=True):
            asked.done(reply)
        return len(batch)

    def give_up(self) -> None:
        self._waiting.clear()


def _kind(request: Request) -> tuple[object, ...]:
    """What can be asked together: a schema that cannot be used would fail those beside it."""
    return request.weights, request.decoding.schema
