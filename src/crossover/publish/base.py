"""What is published of a finished study, and the one way in which it is: step by step, so that it can be gone on with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from crossover.data.address import said
from crossover.errors import CrossoverError, StudyError
from crossover.study.results import CandidateReport, Results
from crossover.types import Candidate, Message

UNREACHED = ("ConnectionError", "ConnectTimeout", "ReadTimeout")


@dataclass(frozen=True)
class Material:
    """`study`: its identity, the same wherever its folder lies. `name`: what it is called at the service. `label`: what the
    prompt is released as, "" as nothing.

    `chosen` with its `candidate`: whose prompt is published. `prompt`: that prompt as messages, None where it stays here,
    and `kept_back` says why. `messages`: those of every candidate whose may leave, by name. `task`: its file's keys.
    `records`: the chosen one's test rows, empty where rows stay here. `notes`: what stays here and why, a sentence each.
    """

    folder: Path
    study: str
    name: str
    label: str
    results: Results
    chosen: CandidateReport
    candidate: Candidate
    candidates: Mapping[str, Candidate]
    prompt: tuple[Message, ...] | None
    kept_back: str
    messages: Mapping[str, tuple[Message, ...]]
    task: Mapping[str, Any]
    records: tuple[Mapping[str, Any], ...]
    rows: bool
    headline: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """`what` is sent, as a noun; `send` sends it, finding what an earlier time has sent already, and returns what more is
    to be said of it, or ""."""

    what: str
    send: Callable[[], str]


@dataclass(frozen=True)
class Published:
    """A sentence on each thing that was published, or with a dry run would be, and where it is to be seen."""

    sent: tuple[str, ...]
    notes: tuple[str, ...]
    place: str


def as_sent(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as services take them."""
    return [{"role": message.role, "content": message.content} for message in messages]


class Service(Protocol):
    """A service that keeps studies or prompts; made with its address, "" for its usual one."""

    name: ClassVar[str]
    shown: ClassVar[str]

    def check(self, material: Material) -> None:
        """Raise `OptionError` for what the service cannot take, `MissingExtra`; nothing is sent."""
        ...

    def steps(self, material: Material) -> list[Step]:
        """What is to be sent, in order. Nothing is sent before a step's `send`; what a service answers raises anything."""
        ...

    def place(self) -> str:
        """Where what was sent is to be seen; before that, the service's address."""
        ...

    @property
    def here(self) -> bool:
        """Whether the service is on this machine."""
        ...


def send(
    service: Service, material: Material, dry_run: bool = False, tell: Callable[[str], None] = lambda sentence: None
) -> Published:
    """Send all steps, telling of each when it is done, or say what they are. Raises `StudyError` where one fails: with what
    is there by then."""
    service.check(material)
    steps = service.steps(material)
    if dry_run:
        return Published(tuple(step.what for step in steps), material.notes, service.place())
    done: list[str] = []
    for step in steps:
        try:
            with _quiet(service.name):
                more = step.send()
        except CrossoverError as error:
            raise StudyError(_failed(service, step, done, str(error))) from None
        except Exception as error:  # noqa: BLE001  a client's own, or a server's answer that is none
            raise StudyError(_failed(service, step, done, why(error, service.place()))) from None
        done.append(f"{step.what}{f': {more}' if more else ''}")
        tell(done[-1])
    return Published(tuple(done), material.notes, service.place())


def why(error: BaseException, place: str) -> str:
    """What a client's exception comes down to; `place`: what was asked."""
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__name__ in UNREACHED:  # of `requests`, which both clients use
            return f"{place} does not answer"
        cause = cause.__cause__ or cause.__context__
    return said(f"{error}" or type(error).__name__)


def _failed(service: Service, step: Step, done: Sequence[str], why: str) -> str:
    there = f"published by then: {', '.join(done)}" if done else "nothing was published"
    return f"{service.shown} did not take {step.what}: {why}; {there}; the same command goes on"


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Without a client's log: it may repeat what a server says, keys too, and all of it is said in one sentence here."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)  # children have no level of their own
    try:
        yield
    finally:
        logger.setLevel(level)
