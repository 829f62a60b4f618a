"""Files of tunes between the study's folder and a machine that does not have it: by name and SHA-256, piece by piece, or
through a place that both see (`depot.py`).

Whatever is new is sent after each step of a tune that wrote something, so what a machine's end costs is what came since its
last checkpoint. Where the study's folder is shared, nothing is carried.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from crossover.engine.depot import Depot
from crossover.engine.link import Link
from crossover.errors import CrossoverError, StudyError

TUNES = "tunes"
PIECE = 4 * 2**20  # bytes that travel at once
ARRIVING = ".arriving-"  # how the name of a file begins that is not whole yet
LOOK = 0.1  # seconds between two looks at whether a file is through
LATE = "trace.json"  # says what the others are, so it comes behind them


class Carrier(Protocol):
    def bring(self, key: str) -> None:
        """The files of a tune, finished or not, are here."""

    def send(self, key: str) -> None:
        """The files of a tune are in the study's folder as they are here."""


class Here:
    """The study's folder is here."""

    def bring(self, key: str) -> None: ...

    def send(self, key: str) -> None: ...


@dataclass
class Away:
    """`folder`: in the place of the study's. `depot`: through which large files travel, else all do by the link."""

    link: Link
    folder: Path
    depot: Depot | None = None
    _same: dict[Path, tuple[int, ...]] = field(default_factory=dict)  # files as they were when both had them

    def bring(self, key: str) -> None:
        home = self.folder / TUNES / key
        for name, size, sha256 in self.link.ask("tune_files", key):
            path = home / name
            if path.is_file() and (self._same.get(path) == _state(path) or _hash(path) == sha256):
                self._same[path] = _state(path)
                continue
            draft = _draft(path).with_name(f"{ARRIVING}{os.getpid()}-{path.name}")  # others of this machine bring it, too
            if self.depot is not None and size > PIECE:
                self._through("tune_offer", key, name, sha256)
                self.depot.get(_parcel(key, sha256), draft)
            else:
                with _written(draft), draft.open("wb") as file:
                    for offset in range(0, size, PIECE):
                        file.write(self.link.ask("tune_read", key, name, offset))
            _arrived(draft, path, sha256)
            self._same[path] = _state(path)

    def send(self, key: str) -> None:
        home = self.folder / TUNES / key
        names = sorted(_names(home), key=lambda name: (name.endswith(LATE), name))
        fresh = [name for name in names if self._same.get(home / name) != _state(home / name)]
        for name in fresh:
            state = _state(home / name)
            if self.depot is not None and state[1] > PIECE:
                self.depot.put(_parcel(key, sha256 := _hash(home / name)), home / name)
                self._through("tune_take", key, name, sha256)
            else:
                self._sent(key, name, home / name)
            self._same[home / name] = state
        if fresh:
            self.link.ask("tune_only", key, names)

    def _sent(self, key: str, name: str, path: Path) -> None:
        with path.open("rb") as file:
            offset = 0
            while (piece := file.read(PIECE)) or not offset:
                self.link.ask("tune_write", key, name, offset, piece)
                offset += len(piece)
                if not piece:
                    break
        self.link.ask("tune_whole", key, name, _hash(path))

    def _through(self, what: str, *given: Any) -> None:
        """Wait until the owner has moved a file between its folder and the depot."""
        while not self.link.ask(what, *given):
            time.sleep(LOOK)


@dataclass
class Shelf:
    """The tunes in a study's folder, for those who do not have it. `depot`: as theirs."""

    folder: Path
    depot: Depot | None = None
    _known: dict[Path, tuple[tuple[int, ...], str]] = field(default_factory=dict)
    _moving: dict[tuple[str, ...], _Move] = field(default_factory=dict)

    @property
    def operations(self) -> dict[str, Callable[..., Any]]:
        """By name, each of which is told who asks first."""
        own: list[Callable[..., Any]] = [self.tune_files, self.tune_read, self.tune_write, self.tune_whole, self.tune_only]
        return {one.__name__: one for one in (*own, self.tune_offer, self.tune_take)}

    def tune_files(self, owner: str, key: str) -> list[tuple[str, int, str]]:
        """Name, bytes and SHA-256 of each."""
        home = self._home(key)
        names = sorted(_names(home), key=lambda name: (name.endswith(LATE), name))
        return [(name, (home / name).stat().st_size, self._sha256(home / name)) for name in names]

    def tune_read(self, owner: str, key: str, name: str, offset: int) -> bytes:
        with self._path(key, name).open("rb") as file:
            file.seek(offset)
            return file.read(PIECE)

    def tune_write(self, owner: str, key: str, name: str, offset: int, piece: bytes) -> None:
        draft = _draft(self._path(key, name))
        with _written(draft), draft.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(piece)

    def tune_whole(self, owner: str, key: str, name: str, sha256: str) -> None:
        path = self._path(key, name)
        _arrived(_draft(path), path, sha256)

    def tune_offer(self, owner: str, key: str, name: str, sha256: str) -> bool:
        """Whether a file is in the depot, where it is put meanwhile: others need not wait."""
        path, depot = self._path(key, name), self._depot
        return self._moved(("out", key, sha256), lambda: depot.put(_parcel(key, sha256), path))

    def tune_take(self, owner: str, key: str, name: str, sha256: str) -> bool:
        """Whether a file that somebody put into the depot is here, where it is fetched meanwhile."""
        path, depot, parcel = self._path(key, name), self._depot, _parcel(key, sha256)
        draft = path.with_name(f"{ARRIVING}{sha256[:12]}-{path.name}")

        def fetch() -> None:
            with _written(draft):
                draft.parent.mkdir(parents=True, exist_ok=True)
            depot.get(parcel, draft)
            depot.drop(parcel)  # it is here, so nobody needs it there

        if not self._moved(("in", key, name, sha256), fetch):
            return False
        _arrived(draft, path, sha256)  # here, where nobody is heard who was taken for dead meanwhile
        return True

    @property
    def _depot(self) -> Depot:
        if self.depot is None:
            raise StudyError("this study has no place through which files travel")
        return self.depot

    def _moved(self, what: tuple[str, ...], do: Callable[[], None]) -> bool:
        """Whether it is done, beside whatever else is. Raises what it raised."""
        move = self._moving.get(what) or self._moving.setdefault(what, _Move(do))
        if move.running:
            return False
        del self._moving[what]
        if move.error is not None:
            raise move.error
        return True

    def tune_only(self, owner: str, key: str, names: Sequence[str]) -> None:
        """What else lay there is gone where it came from."""
        home = self._home(key)
        for name in set(_names(home)) - set(names):
            (home / name).unlink(missing_ok=True)
        for draft in home.rglob(f"{ARRIVING}*"):  # of those who died over it
            draft.unlink(missing_ok=True)
        for folder in [path for path in home.iterdir() if path.is_dir() and not any(path.rglob("*.*"))]:
            shutil.rmtree(folder, ignore_errors=True)

    def _home(self, key: str) -> Path:
        if not re.fullmatch(r"\w+", key):
            raise StudyError(f"a tune has no key like {key[:40]!r}")
        return self.folder / TUNES / key

    def _path(self, key: str, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise StudyError(f"a tune has no file {name[:80]!r}")
        return self._home(key) / pure

    def _sha256(self, path: Path) -> str:
        state, known = _state(path), self._known.get(path)
        if known is None or known[0] != state:
            self._known[path] = known = state, _hash(path)
        return known[1]


class _Move:
    """Something that takes a while, beside everything else."""

    def __init__(self, do: Callable[[], None]) -> None:
        self._do = do
        self.error: CrossoverError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._do()
        except CrossoverError as error:
            self.error = error
        except OSError as error:
            self.error = StudyError(f"a file of a tune cannot be moved ({error})")


def _parcel(key: str, sha256: str) -> str:
    """What a file is called where all see it. Of each tune there is one at work, so nobody takes away another's."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise StudyError(f"{sha256[:80]!r} is no SHA-256")
    return f"{key}-{sha256}"


def _names(home: Path) -> list[str]:
    """The files of a tune that are whole, from its folder on."""
    found = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink()) if home.is_dir() else ()
    return [name.as_posix() for name in (path.relative_to(home) for path in found) if not any(map(_half, name.parts))]


def _half(name: str) -> bool:
    return name.startswith(".") or name.endswith((".new", ".part"))


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = f"{path.parent} cannot be written ({error.strerror or error})"
        raise StudyError(f"{reason}: free some space, then run the same command again, it continues") from error


def _draft(path: Path) -> Path:
    with _written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{ARRIVING}{path.name}")


def _arrived(draft: Path, path: Path, sha256: str) -> None:
    """A file takes its place, if it is the one. Raises `StudyError`."""
    if (found := _hash(draft)) != sha256:
        draft.unlink()
        raise StudyError(
            f"{path.name} of a tune arrived with the SHA-256 {found[:12]} instead of {sha256[:12]}: run it again"
        )
    os.replace(draft, path)
