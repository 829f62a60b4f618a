"""A file of another tool's, opened with care: JSON, JSON lines, YAML, CSV or a zip, with a bound on all that is read."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from crossover.data.jsonfile import kind_of
from crossover.data.textfile import check_readable, read_text
from crossover.data.yamlfile import BoundedLoader
from crossover.errors import DataError

LARGEST = 1 << 30  # bytes of a file, and of all that a zip unpacks to
ENTRY = 1 << 28  # bytes that one entry of a zip may unpack to
LOCAL = struct.Struct("<4s22xHH")  # a zip entry's local header: signature, lengths of the name and of the extra field
UNPACKING = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError)
ZSTANDARD = 93  # the method that Inspect packs with; the standard library unpacks it from Python 3.14 on


@dataclass(frozen=True)
class Source:
    """One file. Its contents are read when they are asked for, once. All raise `DataError` with the file's name."""

    path: Path

    @cached_property
    def packed(self) -> bool:
        """Whether it is a zip."""
        check_readable(self.path)
        try:
            size = self.path.stat().st_size
            if size > LARGEST:
                raise DataError(f"{self.path} has {size / 1e9:.1f} GB; at most {LARGEST / 1e9:.1f} GB are read")
            with self.path.open("rb") as file:
                return file.read(4) == b"PK\x03\x04"
        except OSError as problem:
            raise DataError(f"{self.path} cannot be read: {problem.strerror or problem}") from problem

    @property
    def written(self) -> str:
        """The file as text."""
        if self.packed:
            raise DataError(f"{self.path} is a zip; valid is text")
        return read_text(self.path)

    @cached_property
    def content(self) -> Any:
        """What a JSON, JSON lines (a list), YAML or CSV file (a list of mappings) holds; None for a zip."""
        if self.packed:
            return None
        written = self.written
        ending = self.path.suffix.lower()
        if ending in (".yaml", ".yml"):
            return _yaml(written, str(self.path))
        if ending == ".csv":
            return _csv(written, str(self.path))
        if ending in (".jsonl", ".ndjson"):
            return self._lines(written)
        try:
            return json.loads(written)
        except json.JSONDecodeError as problem:
            if problem.msg == "Extra data" and problem.lineno > 1:
                return self._lines(written)  # JSON lines by another name
            at = f"line {problem.lineno}, column {problem.colno}"
            raise DataError(f"{self.path}: not valid JSON: {problem.msg} at {at}") from problem
        except (RecursionError, ValueError) as problem:
            raise DataError(f"{self.path}: not valid JSON: {_why(problem)}") from problem

    def _lines(self, written: str) -> list[Any]:
        lines = enumerate(written.split("\n"), start=1)
        return [parsed(line, f"{self.path}, line {number}") for number, line in lines if line.strip()]

    def entries(self) -> list[str]:
        """The names in a zip."""
        return [info.filename for info in self._directory]

    def unpacked(self, names: list[str]) -> Iterator[Any]:
        """The JSON of a zip's entries, one after the other; together they unpack to a bound, whatever the zip says."""
        left = LARGEST
        infos = {info.filename: info for info in self._directory}
        for name in names:
            if name not in infos:
                raise DataError(f"{self.path} has no {name}: it was not written to its end")
            data = self._entry(infos[name], min(left, ENTRY))
            left -= len(data)
            try:
                written = data.decode("utf-8")
            except UnicodeDecodeError as problem:
                raise DataError(f"{self.path}, {name}: not UTF-8") from problem
            yield parsed(written, f"{self.path}, {name}")

    @cached_property
    def _directory(self) -> list[zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
            raise DataError(f"{self.path} is a zip that cannot be read: {problem}") from problem

    def _entry(self, info: zipfile.ZipInfo, most: int) -> bytes:
        try:
            if info.compress_type == ZSTANDARD:
                data = _zstandard(self._raw(info), most + 1)
            else:
                with zipfile.ZipFile(self.path) as archive, archive.open(info) as file:
                    data = file.read(most + 1)
        except UNPACKING as problem:
            reason = str(problem) or "it is cut off"
            raise DataError(f"{self.path}, {info.filename}: cannot be unpacked: {reason}") from problem
        if len(data) > most:
            raise DataError(f"{self.path}, {info.filename}: unpacks to more than {most / 1e6:.0f} MB, which is refused")
        return data

    def _raw(self, info: zipfile.ZipInfo) -> bytes:
        with self.path.open("rb") as file:
            file.seek(info.header_offset)
            signature, name, extra = LOCAL.unpack(file.read(LOCAL.size))
            if signature != b"PK\x03\x04":
                raise ValueError("no entry begins where the directory says")
            file.seek(name + extra, io.SEEK_CUR)
            return file.read(info.compress_size)


@contextmanager
def shallow() -> Iterator[None]:
    """Where values of files are walked through. Raises `DataError` for those that are nested too deep."""
    try:
        yield
    except RecursionError as problem:
        raise DataError("the files hold values that are nested too deep") from problem


def parsed(written: str, place: str) -> Any:
    """A JSON value, as tools write it (NaN too). Raises `DataError` starting with `place`."""
    try:
        return json.loads(written)
    except json.JSONDecodeError as problem:
        raise DataError(f"{place}: not valid JSON: {problem.msg} at column {problem.colno}") from problem
    except (RecursionError, ValueError) as problem:
        raise DataError(f"{place}: not valid JSON: {_why(problem)}") from problem


def objects(value: Any, place: str) -> list[dict[str, Any]]:
    """The objects of a list. Raises `DataError` for anything else."""
    if not isinstance(value, list):
        raise DataError(f"{place} holds {kind_of(value)}; valid is a list of objects")
    for position, item in enumerate(value, start=1):
        if not isinstance(item, dict):
            raise DataError(f"{place}, item {position}: received {kind_of(item)}, valid is an object")
    return value


def _zstandard(data: bytes, most: int) -> bytes:
    import pyarrow

    with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as stream:
        return bytes(stream.read(most))


def _yaml(written: str, place: str) -> Any:
    try:
        return yaml.load(written, BoundedLoader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        at = f", line {mark.line + 1}" if mark else ""
        raise DataError(f"{place}{at}: not valid YAML: {problem.problem or problem.context}") from problem
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise DataError(f"{place}: not valid YAML: {_why(problem)}") from problem


def _csv(written: str, place: str) -> list[dict[str, Any]]:
    try:
        return [{k: v for k, v in row.items() if k is not None} for row in csv.DictReader(io.StringIO(written))]
    except csv.Error as problem:
        raise DataError(f"{place}: not valid CSV: {problem}") from problem


def _why(problem: BaseException) -> str:
    return "nested too deep" if isinstance(problem, RecursionError) else str(problem)
