"""The studies of a folder, by name: what is not in its listing does not exist, whatever a name says."""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crossover.engine.address import SUFFIX
from crossover.errors import CrossoverError, StudyError
from crossover.report.verdict import headline
from crossover.study.folder import EVALUATIONS, StudyFolder
from crossover.study.read import read_results
from crossover.study.results import Results

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
KEPT = 32  # studies whose results are remembered
OWN = ".studio"  # uploads, and what runs print

State = Literal["decided", "unfinished", "damaged", "empty"]


class Missing(StudyError):
    """There is no such study, candidate or row."""


@dataclass(frozen=True)
class Shown:
    """A study in the list. `results` is None where there is nothing to show yet; `why` says so, or what is damaged.
    `headline`: the verdict in a sentence."""

    name: str
    folder: StudyFolder
    state: State
    results: Results | None
    why: str = ""
    headline: str = ""


class Shelf:
    """`root`: a folder of studies, or one study."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: OrderedDict[str, tuple[Any, Results]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def own(self) -> Path:
        """Where the studio keeps what belongs to no study yet."""
        return self.root / OWN

    def folders(self) -> dict[str, StudyFolder]:
        """Name -> folder, as they are now."""
        if _is_study(self.root):
            return {self.root.resolve().name: StudyFolder(self.root)}
        try:
            names = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir())
        except OSError:
            return {}
        return {n: StudyFolder(self.root / n) for n in names if _writable(n) and _is_study(self.root / n)}

    def get(self, name: str) -> StudyFolder:
        """Raises `Missing`."""
        found = self.folders().get(name)
        if found is None:
            raise Missing("there is no such study here")
        return found

    def place(self, name: str) -> Path:
        """Where a study of a name lies that is to be made. Raises `StudyError` for what is no plain name."""
        if not NAME.fullmatch(name):
            raise StudyError("valid as a name are letters, digits, '.', '-' and '_', beginning with a letter or digit")
        if _is_study(self.root):
            raise StudyError(f"{self.root} is one study; for new ones start the studio over a folder of studies")
        return self.root / name

    def results(self, folder: StudyFolder) -> Results:
        """What a reader is shown, remembered until something changes. Raises `StudyError`."""
        key, stamp = str(folder.path), _stamp(folder)
        told = folder.journal.suffix != SUFFIX or not folder.begun  # else no file here changes while the study goes on
        with self._lock:
            known = self._known.get(key)
            if told and known is not None and known[0] == stamp:
                self._known.move_to_end(key)
                return known[1]
        found = read_results(folder)
        with self._lock:
            self._known[key] = stamp, found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found

    def shown(self, name: str, folder: StudyFolder) -> Shown:
        """A study, or why it cannot be shown."""
        state: State = "empty" if folder.begun else "damaged"
        try:
            results = self.results(folder)
            said = headline(results)
            found: State = "unfinished" if results.decision["verdict"]["kind"] == "unfinished" else "decided"
            return Shown(name, folder, found, results, headline=said)
        except CrossoverError as error:
            return Shown(name, folder, state, None, str(error))
        except Exception as error:  # noqa: BLE001  whatever was done to a study, the others are shown
            return Shown(name, folder, "damaged", None, f"it is damaged ({type(error).__name__}: {error})")

    def listed(self) -> list[Shown]:
        """All studies, the latest first."""
        found = [self.shown(name, folder) for name, folder in self.folders().items()]
        return sorted(found, key=lambda one: str(one.results.decision["created"]) if one.results else "", reverse=True)


def _is_study(path: Path) -> bool:
    return os.path.isfile(path / "decision.json") or StudyFolder(path).begun


def _writable(name: str) -> bool:
    """Whether a name can stand in an address; those with a dot before are nobody's studies."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not name.startswith(".")


def _stamp(folder: StudyFolder) -> tuple[Any, ...]:
    def of(path: Path) -> tuple[int, int] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    log = folder.journal.with_name(f"{folder.journal.name}-wal")
    return tuple(map(of, (folder.decision, folder.journal, log, folder.history, folder.path / EVALUATIONS)))
