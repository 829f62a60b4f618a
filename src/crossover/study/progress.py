"""How far a study is that runs now: `progress.json` in its folder, there as long as it runs, for whoever looks on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from crossover.alone import LOCK
from crossover.errors import StudyError
from crossover.study.folder import StudyFolder, read_json
from crossover.study.listener import Listener, Stage
from crossover.study.remaining import Remaining
from crossover.types import Estimate, to_json

FILE = "progress.json"
EVERY = 1.0  # seconds between two notes
SAID = 30  # sentences that are kept


@dataclass(frozen=True)
class Progress:
    """`share` is done, `seconds` are left (None: not known yet). `stage` in words, and `part` of it: what, done, total.
    `best` on dev so far; `said`: the latest sentences, the last one last. `pid`: the process that runs it."""

    pid: int
    stage: str
    part: tuple[str, int, int] | None
    share: float
    seconds: float | None
    best: tuple[str, Estimate] | None
    said: tuple[str, ...]


def read_progress(folder: StudyFolder) -> Progress | None:
    """How far a study is; None where no process runs it now, also where one was killed."""
    try:
        body = read_json(folder.path / FILE)
        if not _lives(body, folder):
            return None
        best = body["best"]
        return Progress(
            pid=int(body["pid"]),
            stage=str(body["stage"]),
            part=tuple(body["part"]) if body["part"] else None,
            share=float(body["share"]),
            seconds=body["seconds"],
            best=(str(best[0]), Estimate(**best[1])) if best else None,
            said=tuple(map(str, body["said"])),
        )
    except (StudyError, KeyError, TypeError, ValueError, IndexError, OverflowError):  # none, or not one of ours
        return None


def _lives(body: Any, folder: StudyFolder) -> bool:
    """Whether the process that wrote it still works in the folder: a number alone may be another's by now."""
    try:
        process = psutil.Process(int(body["pid"]))
        if abs(process.create_time() - float(body["began"])) > 1:
            return False
        lock = str((folder.path / LOCK).resolve())
        return any(file.path == lock for file in process.open_files())
    except psutil.Error:
        return False


@contextmanager
def noted(folder: StudyFolder, listener: Listener) -> Iterator[Listener]:
    """A listener that is told everything and notes it for others, until the study ends, however it does."""
    noting = Noting(listener, folder)
    try:
        yield noting
    finally:
        noting.end()


@dataclass
class Noting:
    """Tells another listener, and the file at most once a second. What cannot be written is not: the study matters more."""

    told: Listener
    folder: StudyFolder
    _left: Remaining = field(default_factory=Remaining)
    _stage: str = ""
    _part: tuple[str, int, int] | None = None
    _best: tuple[str, Estimate] | None = None
    _said: list[str] = field(default_factory=list)
    _written: float = 0.0
    _testing: bool = False

    def __post_init__(self) -> None:
        self._began = psutil.Process().create_time()

    def plan(self, stages: Sequence[Stage]) -> None:
        self._left.plan(stages)
        self._note()
        self.told.plan(stages)

    def stage(self, stage: Stage) -> None:
        self._left.stage(stage)
        self._stage, self._part, self._testing = stage.words, None, stage.kind in ("fold", "test")
        self._note()
        self.told.stage(stage)

    def progress(self, what: str, done: int, total: int) -> None:
        self._left.progress(done, total)
        self._part = (what, done, total)
        self._note(now=False)
        self.told.progress(what, done, total)

    def result(self, name: str, dev: Estimate | None, note: str) -> None:
        if dev is not None and not self._testing and (self._best is None or dev.value > self._best[1].value):
            self._best = (name, dev)
        if dev is None:
            self._keep(f"{name} failed: {note}")
        self._note()
        self.told.result(name, dev, note)

    def say(self, sentence: str) -> None:
        self._keep(sentence)
        self._note()
        self.told.say(sentence)

    def note(self, sentence: str) -> None:
        self.told.note(sentence)

    def end(self) -> None:
        with suppress(OSError):
            (self.folder.path / FILE).unlink(missing_ok=True)

    def _keep(self, sentence: str) -> None:
        self._said = [*self._said, sentence][-SAID:]

    def _note(self, now: bool = True) -> None:
        at = time.monotonic()
        if not now and at - self._written < EVERY:
            return
        self._written = at
        body = {
            "pid": os.getpid(),
            "began": self._began,
            "stage": self._stage,
            "part": self._part,
            "share": self._left.share(),
            "seconds": self._left.seconds(),
            "best": to_json(self._best),
            "said": self._said,
        }
        path = self.folder.path / FILE
        draft = path.with_name(f".{FILE}.part")
        with suppress(OSError):  # no fsync: after a crash of the machine it means nothing
            draft.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
            os.replace(draft, path)
