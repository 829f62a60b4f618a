"""What a study tells while it runs."""

from __future__ import annotations

from typing import Protocol

from crossover.types import Estimate


class Listener(Protocol):
    """The command line shows these; a program may log them."""

    def stage(self, name: str, position: int, total: int) -> None:
        """A rung begins: the `position`-th of `total`."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Part of the stage: `done` of `total` calls, steps or epochs."""

    def result(self, name: str, dev: Estimate | None, note: str) -> None:
        """A rung is finished; `dev` is None when it failed."""

    def say(self, sentence: str) -> None:
        """Something that the user should know: an assumption, a warning, a removal."""


class Quiet:
    """Tells nobody."""

    def stage(self, name: str, position: int, total: int) -> None: ...

    def progress(self, what: str, done: int, total: int) -> None: ...

    def result(self, name: str, dev: Estimate | None, note: str) -> None: ...

    def say(self, sentence: str) -> None: ...
