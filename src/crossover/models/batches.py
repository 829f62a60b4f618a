"""What a model promises whose service answers files of requests within a day, for less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from crossover.errors import ModelError
from crossover.models.base import Concurrent, Model
from crossover.types import Reply, Request


class Away(ModelError):
    """The service cannot be reached, or cannot answer, just now: it may be asked again later."""


@dataclass(frozen=True)
class BatchLook:
    """How a batch is: requests `done` so far. Once it is `over`, `why` it has no answers, where it has none; `crowded`:
    because more waits there than may."""

    done: int = 0
    over: bool = False
    why: str = ""
    crowded: bool = False


class Batches(Protocol):
    """Files of requests that a service answers within a day. Methods raise `ModelError`, `Away` for what passes; all but
    `begin` may be asked twice."""

    @property
    def way(self) -> str:
        """How lines are written now: without what the service was found to refuse."""
        ...

    def recall(self, way: str) -> None:
        """Write lines in a way that an earlier run found."""
        ...

    @property
    def most(self) -> tuple[int, int]:
        """Requests and bytes of a file, at the most."""
        ...

    def line(self, key: str, request: Request) -> bytes:
        """A request in a file; its result bears the key."""
        ...

    def upload(self, name: str, lines: Sequence[bytes]) -> str:
        """The id of the file."""
        ...

    def find(self, name: str, file: str) -> str:
        """The id of the batch that was begun under a name, or with a file; empty where there is none."""
        ...

    def begin(self, name: str, file: str) -> str:
        """Begin a batch: this is what costs. Its id; empty where the answer was lost, so that it may have begun."""
        ...

    def look(self, batch: str) -> BatchLook: ...

    def replies(self, batch: str, requests: Mapping[str, Request], way: str) -> dict[str, Reply]:
        """Of one that is over, whose lines were written in this way, by key, in whatever order they lie there. One that may
        be asked again at no cost is left out; each other request has a reply, of which a failed one says why."""
        ...


@runtime_checkable
class Batching(Concurrent, Protocol):
    """A model whose service also answers batches."""

    @property
    def batch(self) -> bool:
        """Whether it is asked in batches alone."""
        ...

    def batches(self) -> Batches:
        """Raises `ModelError`, `MissingExtra`."""
        ...


def in_batches(model: Model) -> bool:
    """Whether a model answers within a day, and not at once."""
    return isinstance(model, Batching) and model.batch
