"""Who asks what: of several processes that want one call, or one piece of work, one makes it and the others wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from crossover.types import Reply


@dataclass(frozen=True)
class Given:
    """Of keys that were asked for: `mine` are to be made by who asked. `known`: replies that came meanwhile. `paid`: that
    somebody who died had been given and had not journaled yet."""

    mine: Sequence[str]
    known: Mapping[str, Reply] = field(default_factory=dict)
    paid: Mapping[str, Reply] = field(default_factory=dict)


class Claims(Protocol):
    """Whoever waits holds no key of a call, so that none wait for each other."""

    def take(self, keys: Sequence[str]) -> Callable[[], Given]:
        """The keys that nobody else has are this one's until they are released. What is returned waits for the answer."""

    def release(self, keys: Iterable[str]) -> None: ...

    def wait(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        """Until nobody else has any of them; the replies that there are by then."""

    def failing(self, replies: Mapping[str, Reply]) -> None:
        """Calls to services that failed: nobody asks them again in this session."""


class Alone:
    """Of one process there is nobody to wait for."""

    def take(self, keys: Sequence[str]) -> Callable[[], Given]:
        return lambda: Given(keys)

    def release(self, keys: Iterable[str]) -> None: ...

    def wait(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        return {}

    def failing(self, replies: Mapping[str, Reply]) -> None: ...


@contextmanager
def held(claims: Claims, name: str) -> Iterator[None]:
    """A piece of work that one process does at a time: who comes later waits, and finds what became of it."""
    while not claims.take([name])().mine:
        claims.wait([name])
    try:
        yield
    finally:
        claims.release([name])
