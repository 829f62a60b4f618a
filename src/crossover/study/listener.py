"""What a study tells while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from crossover.errors import OptionError, shown
from crossover.types import Estimate


@dataclass(frozen=True)
class Stage:
    """A part of a study: a rung is climbed, what its weights forgot is measured, a rung is made again in a fold and answers
    its test rows, a finalist meets the test split, a champion is adapted with fewer labels, or a candidate meets new rows;
    or, in no study, it answers inputs.

    `position`: among the stages of its kind, from 1. `seconds`: what it is thought to take; None where nobody knows. All
    finalists share the one forecast stage "the finalists", as nobody knows who they will be, and so do a curve's runs.
    """

    kind: Literal["climb", "forgetting", "fold", "test", "curve", "new", "answer"]
    name: str
    position: int
    total: int
    seconds: float | None = None

    @property
    def words(self) -> str:
        """What a reader is told that it is: "test: few_shot (1/2)"."""
        lead = {"test": "test: ", "curve": "curve: ", "new": "new rows: "}.get(self.kind, "")
        if self.kind == "answer":
            return self.name
        if self.kind == "forgetting":
            return f"{self.name}: what it forgot"
        return f"{lead}{self.name} ({self.position}/{self.total})"


class Listener(Protocol):
    """The command line shows these; a program may log them."""

    def plan(self, stages: Sequence[Stage]) -> None:
        """Everything that is ahead, before it begins, and again when more is known about it."""

    def stage(self, stage: Stage) -> None:
        """One of them begins; what began before is finished."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Part of the stage, or of what is done before the first: `done` of `total` calls, steps, epochs, rows."""

    def result(self, name: str, dev: Estimate | None, note: str) -> None:
        """A rung is finished; `dev` is None when it failed."""

    def say(self, sentence: str) -> None:
        """Something that the user should know now: what will happen, a warning, a removal."""

    def note(self, sentence: str) -> None:
        """Something that the report has too, and that nobody need know now: an assumption, a measurement."""


def check_listener(listener: Any) -> None:
    """Raise `OptionError` where a listener cannot be told something."""
    told = [name for name in vars(Listener) if not name.startswith("_")]
    absent = [name for name in told if not callable(getattr(listener, name, None))]
    if absent:
        received = shown(listener) if len(absent) == len(told) else f"one without {', '.join(absent)}"
        raise OptionError(f"listener: received {received}; valid is an object with the methods {', '.join(told)}")


class Quiet:
    """Tells nobody."""

    def plan(self, stages: Sequence[Stage]) -> None: ...

    def stage(self, stage: Stage) -> None: ...

    def progress(self, what: str, done: int, total: int) -> None: ...

    def result(self, name: str, dev: Estimate | None, note: str) -> None: ...

    def say(self, sentence: str) -> None: ...

    def note(self, sentence: str) -> None: ...
