"""A study's folder on disk: its paths, its lock, and files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.alone import LOCK, alone
from crossover.data.task import Task
from crossover.data.textfile import as_path
from crossover.engine import postgres
from crossover.engine.address import SUFFIX, address, named, read_address
from crossover.engine.database import discard
from crossover.engine.journal import Journal, JournalReader
from crossover.engine.marks import FILE, MAKER
from crossover.engine.sqlite import BESIDE
from crossover.errors import CrossoverError, StudyError
from crossover.types import content_hash

VERSION = 1  # of decision.json
ELSEWHERE = f"study{SUFFIX}"  # the file with the address of a journal that is not in the folder
JOURNAL = (*(f"{FILE}{end}" for end in BESIDE), ELSEWHERE)
SHARED = ".shared-"  # how a file's name begins by which other machines know that the folder is theirs, too, while one works
EVALUATIONS = "evaluations"  # the folder of what was measured after the verdict
REDECIDED = "redecided"  # what the files of later decisions are called, in `history/`
DECISION: dict[str, type | tuple[type, ...]] = {  # its keys, and of what type each is
    **dict.fromkeys(("task", "model", "created", "crossover_version", "metric", "data_sha256"), str),
    **dict.fromkeys(("version", "seed"), int),
    "target": (int, float, type(None)),
    "margin": (int, float),
    "relevance": (str, type(None)),
    **dict.fromkeys(("splits", "crossover", "verdict", "spent"), dict),
    **dict.fromkeys(("candidates", "comparisons"), list),
}
OF_VERDICT = ("kind", "choice", "provisional")
OF_CANDIDATE = ("id", "name", "family", "status", "dev", "test")


@dataclass(frozen=True)
class StudyFolder:
    """`runs/NAME`, with `study.db` (or `study.url`, the address of a journal that is elsewhere), `tunes/`, `candidates/`,
    `decision.json` and `report.html` in it; `history/` has the verdicts that others took the place of, and those that were
    decided again with other prices or limits."""

    path: Path

    @classmethod
    def at(cls, place: StudyFolder | Path | str) -> StudyFolder:
        """The folder that a place names. Raises `StudyError` for what is no path."""
        if place == "":  # which the system takes for the working directory
            raise StudyError("the study's folder: received ''; valid is a path, such as runs/NAME")
        return place if isinstance(place, StudyFolder) else cls(as_path(place, "the study's folder", StudyError))

    @property
    def journal(self) -> Path:
        elsewhere = self.path / ELSEWHERE
        return elsewhere if os.path.isfile(elsewhere) else self.path / FILE

    def open_journal(self, elsewhere: str | None = None) -> Journal:
        """The journal, to write it: that of a new study in the database whose address is `elsewhere`, if there is one.

        An address that leads nowhere is not kept. Raises `StudyError`, also where the study has its journal elsewhere
        already, and `MissingExtra`.
        """
        begun = os.path.isfile(self.journal)
        if elsewhere is not None:
            self._keep_journal_at(elsewhere)
        try:
            return Journal(self.journal, begun=begun and self.journal.suffix == SUFFIX and self._has_more())
        except BaseException:
            if elsewhere is not None and not begun:
                with suppress(OSError):
                    self.journal.unlink()
            raise

    def _has_more(self) -> bool:
        """Whether anything is here but what says where the journal is."""
        return any(path.name not in (*JOURNAL, LOCK) and not path.name.startswith(".") for path in self.path.iterdir())

    def _keep_journal_at(self, text: str) -> None:
        asked, there = named(text, self.path.resolve().name), self.journal
        if not os.path.isfile(there):
            write_text(self.path / ELSEWHERE, f"{asked}\n")
            return
        held = read_address(there) if there.suffix == SUFFIX else None
        if held is None or held.url != asked.url or (address(text).study or held.study) != held.study:
            other = f"not in {text}: name another folder with --out"
            raise StudyError(f"{self.path} has its journal in {held or there.name}, {other}")

    @property
    def decision(self) -> Path:
        return self.path / "decision.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def history(self) -> Path:
        return self.path / "history"

    @property
    def redecisions(self) -> list[Path]:
        """The files of decisions that were made again on what was measured here, in their order."""
        found = (path for path in self.history.glob(f"{REDECIDED}-*.json") if path.stem.rpartition("-")[2].isdecimal())
        return sorted(found, key=lambda path: int(path.stem.rpartition("-")[2]))

    @property
    def evaluations(self) -> list[Path]:
        """The files of what was measured on rows that came later, in their order."""
        found = (path for path in (self.path / EVALUATIONS).glob("*.json") if path.stem.isdecimal())
        return sorted(found, key=lambda path: int(path.stem))

    @property
    def errors(self) -> Path:
        return self.path / "errors.log"

    def log(self, text: str) -> None:
        """Add to errors.log. Raises `StudyError`."""
        try:
            with self.errors.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise StudyError(f"{self.errors} cannot be written: {error.strerror or error}") from error

    def candidate(self, identity: str) -> Path:
        return self.path / "candidates" / identity / "candidate.json"

    @contextmanager
    def locked(self, instead: str = "name another folder with --out") -> Iterator[None]:
        """Make the folder and hold it alone; the operating system frees it when the process dies, however it dies.

        `instead`: what else one may do. Raises `StudyError` when the folder cannot be made or written, or another process
        works in it.
        """

        def busy(who: str) -> str:
            return f"{self.path} is in use by another crossover process{who}: wait for it, or {instead}"

        with alone(self.path, StudyError, busy, lambda reason: f"{self.path} cannot be written ({reason}): {instead}"):
            for left in self.path.glob(f"{SHARED}*"):  # by a process that was killed, and whose workers are gone with it
                left.unlink(missing_ok=True)
            yield

    @contextmanager
    def kept_if_spent(self) -> Iterator[None]:
        """Take away a folder that was made here, and what it was made in, when it ends in an error before anything is
        spent."""
        made = [path for path in (self.path, *self.path.parents) if not os.path.exists(path)]  # false where it is too long
        try:
            yield
        except CrossoverError:
            if made and not self._spent():
                with suppress(OSError, CrossoverError):  # something of somebody else lies there, or it was never made
                    if os.path.isfile(self.journal):
                        discard(self.journal)
                    for path in (*(self.path / name for name in (*JOURNAL, LOCK)), *self.path.glob(f"{SHARED}*")):
                        path.unlink(missing_ok=True)
                    for path in made:
                        path.rmdir()
            raise

    def _spent(self) -> bool:
        """Whether anything is this folder's that took time: a journaled call, epoch or tune, or weights; of a study that
        another began elsewhere only what lies here."""
        if not os.path.isfile(self.journal):
            return False
        try:
            with closing(JournalReader(self.journal)) as journal:
                if self.journal.suffix == SUFFIX and journal.fact(MAKER) != postgres.PROCESS:
                    return self._has_more()
                return bool(journal.spent()[0] or journal.tuned() or journal.tunes())
        except StudyError:
            return True

    @property
    def begun(self) -> bool:
        """Whether a study lies here that has no verdict yet."""
        return os.path.isfile(self.journal) and not os.path.isfile(self.decision)

    def existing(self) -> StudyFolder:
        """Itself, if a finished study lies here. Raises `StudyError` otherwise."""
        decided, begun = os.path.isfile(self.decision), os.path.isfile(self.journal)  # false also where a path is too long
        if decided and begun:
            return self
        if begun:
            raise StudyError(f"{self.path} holds a study without a verdict: run it again and it continues")
        if decided:
            raise StudyError(f"{self.path} has a decision.json and no {self.journal.name}: copy the run's whole folder")
        raise StudyError(f"{self.path} holds no study (no decision.json): name the folder of a run, such as runs/NAME")

    def read_decision(self) -> dict[str, Any]:
        """The content of decision.json. Raises `StudyError` when it is absent, damaged or of another version."""
        body = read_json(self.existing().decision)
        missing = next((key for key in DECISION if not isinstance(body, dict) or key not in body), None)
        if missing is not None:
            raise damaged(self.decision, f"it lacks '{missing}'")
        if body["version"] != VERSION:
            valid = f"valid is {VERSION}: start a new study folder"
            raise StudyError(f"{self.decision} is of version {body['version']!r}; {valid}")
        other = next((key for key, kind in DECISION.items() if not isinstance(body[key], kind)), None)
        if other is not None:
            raise damaged(self.decision, f"'{other}' is a {type(body[other]).__name__}")
        rows: list[tuple[str, tuple[str, ...], Any]] = [("its verdict", OF_VERDICT, body["verdict"])]
        rows += [(f"candidate {n}", OF_CANDIDATE, row) for n, row in enumerate(body["candidates"], start=1)]
        for what, needed, row in rows:
            if lacking := [key for key in needed if not isinstance(row, dict) or key not in row]:
                raise damaged(self.decision, f"{what} lacks '{lacking[0]}'")
        return dict(body)


def check_new(out: Path) -> None:
    """Raise `StudyError` where a new folder cannot be made because something is there: `out` may be an empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"{out} exists and is not an empty folder: name a new one")


def write_text(path: Path, text: str) -> None:
    """Write a file whole: a reader sees the old text or the new, never half. Raises `StudyError`."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):  # it may be there or not
            temporary.unlink()
        raise StudyError(f"{path} cannot be written: {error.strerror or error}") from error


def write_json(path: Path, body: Any) -> None:
    write_text(path, json.dumps(body, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """A file that a run wrote. Raises `StudyError` when it is absent or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise damaged(path, f"not valid JSON: {error}") from error


def damaged(path: Path, what: str) -> StudyError:
    """The error for a file that a run wrote and that is not as it was: a further run mends all but redecisions."""
    mended = "run the study again, which writes it anew and asks no model"
    if path.name.startswith(f"{REDECIDED}-"):
        mended = "delete it, and decide again with 'crossover redecide', which asks no model"
    return StudyError(f"{path} is damaged ({what}): {mended}")


def default_folder(task: Task, other_model: bool = False) -> Path:
    """`runs/NAME`, or `runs/NAME-MODEL` with another model than the task file's."""
    return Path("runs") / (f"{task.name}-{_squashed(task.model)}" if other_model else task.name)


def _squashed(model: str) -> str:
    """A model as a part of a folder's name: with a hash where it loses a character, so that two models share no name."""
    kept = re.sub(r"[^A-Za-z0-9._]+", "-", model).strip("-.")
    if kept == model:
        return kept
    written = model.encode(errors="backslashreplace").decode()  # a command line may hold what is no UTF-8
    return "-".join(filter(None, (kept, content_hash(written)[:6])))
