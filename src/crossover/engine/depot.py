"""A folder or URL that several machines see, through which the files of tunes travel by their SHA-256: whatever fsspec
reaches, such as s3://, gs://, sftp:// or file://.

What is written there is there whole or not at all, what is read is held against its hash by whoever reads it, and nothing
of a study stays there. Keys come from the environment of each machine, as fsspec's file systems take them.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crossover.data.textfile import folder_named
from crossover.errors import OptionError, StudyError, shown, without_keys

DEPOT = "CROSSOVER_WEIGHTS"
VALID = "valid is a folder, or a URL that fsspec reaches, such as s3://BUCKET/FOLDER"
WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl")  # these show a file once all of it is there
DRAFT = ".arriving"
FULL = (errno.ENOSPC, errno.EDQUOT)
LONGEST = 200  # characters of what a file system says
AGAIN = "mend that, then run the same command again, it continues"


@dataclass(frozen=True)
class Depot:
    """`url`: a folder of this run's alone. Methods raise `StudyError`."""

    url: str

    @classmethod
    def asked(cls) -> Depot | None:
        """In what `CROSSOVER_WEIGHTS` names; None where it names nothing. Raises `OptionError` where it is not writable."""
        if not (given := os.environ.get(DEPOT, "")):
            return None
        place, _, path = given.partition("://")
        if path and (urlsplit(given).password or "::" in given):
            raise OptionError(f"{DEPOT} has a password or several addresses in it; {VALID}, keys being in the environment")
        root = given if path else folder_named(DEPOT, place, OptionError).absolute().as_posix()
        found = cls(f"{root.rstrip('/')}/crossover-{uuid.uuid4().hex}")
        try:
            found._write(lambda system, path: system.pipe_file(path, found._sign), found._id)
        except StudyError as error:
            said = str(error).removesuffix(f": {AGAIN}")
            raise OptionError(f"{DEPOT} is {shown(given)}: {said}; {VALID}") from error
        return found

    def check(self) -> None:
        """Raise `StudyError` where this machine does not see what the study's own has written."""
        with self._reached("read") as (system, root):
            if system.cat_file(f"{root}/{self._id}") != self._sign:
                raise OSError("it has something else there")

    def put(self, name: str, path: Path) -> None:
        """Bring a file, under a name that says what is in it, where it is not there."""
        self._write(lambda system, place: system.put_file(str(path), place), name)

    def get(self, name: str, draft: Path) -> None:
        """Fetch a file; whoever asks looks at its hash."""
        with self._reached("read") as (system, root):
            try:
                system.get_file(f"{root}/{name}", str(draft))
            except OSError as error:
                if error.errno in FULL:  # of this machine's disk, and not of the place
                    raise StudyError(f"{draft.parent} cannot be written ({error.strerror}): {AGAIN}") from error
                raise

    def drop(self, name: str) -> None:
        """Take a file away, if that can be done."""
        with suppress(StudyError), self._reached("written") as (system, root):
            system.rm_file(f"{root}/{name}")

    def clear(self) -> None:
        """Take all of it away, if that can be done."""
        with suppress(StudyError), self._reached("written") as (system, root):
            system.rm(root, recursive=True)

    @property
    def _id(self) -> str:
        return self.url.rpartition("-")[2]

    @property
    def _sign(self) -> bytes:
        return self._id.encode()

    def _write(self, write: Any, name: str) -> None:
        with self._reached("written") as (system, root):
            place = f"{root}/{name}"
            if system.exists(place):
                return
            if self.url.partition("://")[0] in WHOLE:
                write(system, place)
                return
            draft = f"{place}.{uuid.uuid4().hex}{DRAFT}"
            system.makedirs(root, exist_ok=True)
            try:
                write(system, draft)
                system.mv(draft, place)
            finally:
                with suppress(OSError):
                    if system.exists(draft):
                        system.rm_file(draft)

    @contextmanager
    def _reached(self, what: str) -> Iterator[tuple[Any, str]]:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations

        try:
            system, root = url_to_fs(self.url)  # it keeps what it has made
            system.invalidate_cache()
            yield system, str(root)
        except StudyError:
            raise
        except ImportError as error:
            protocol = self.url.partition("://")[0]
            package = str(known_implementations.get(protocol, {}).get("class", "")).partition(".")[0]
            hint = f"pip install {package}" if package not in ("", "fsspec") else str(error)
            raise StudyError(f"what reads {protocol}:// is not installed: {hint}") from error
        except Exception as error:  # each file system has errors of its own
            said = without_keys(" ".join(str(error).split()))[:LONGEST]
            kind = type(error).__name__
            raise StudyError(f"{self.url} cannot be {what} ({kind}: {said}): {AGAIN}") from error
