"""Read a text file whole, or say in one sentence why not: absent, a folder, empty, binary, not UTF-8."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Collection
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

from crossover.errors import CrossoverError, DataError, NoRows, nearest, shown

BOM = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
PACKED = ".gz"
LARGEST = 1 << 30  # bytes that a packed file may be: it is held whole
NULS = 4  # every so many bytes, or more often, a NUL: letters of two bytes, or of four
SHOWN = 20  # files that a message names
_NO_DATA = {  # how a file begins -> what it is in the place of data
    b"version https://git-lfs": "is a pointer of Git LFS, and the file is elsewhere; fetch it (git lfs pull)",
    b"pk\x03\x04": "is a ZIP archive or a spreadsheet (.xlsx); valid is what it holds, saved as CSV in UTF-8, for example",
}
_NO_TEXT = {  # the same of what is read as text
    b"\x1f\x8b": "is packed with gzip; valid is a name that ends in .gz",
    b"bzh91ay&sy": "is packed with bzip2; valid is it unpacked, or packed with gzip (.gz)",
    b"(\xb5/\xfd": "is packed with Zstandard; valid is it unpacked, or packed with gzip (.gz)",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet (.xls) or a document of old; valid is what it holds, saved as CSV in UTF-8",
    b"par1\x15": "is a Parquet file; valid is a name that ends in .parquet",
    b"arrow1\0\0": "is an Arrow file; valid is what it holds, saved as Parquet",
    b"sqlite format 3\0": "is a database of SQLite; valid is a table of it, saved as CSV",
    b"%pdf-": "is a PDF; valid is the text itself, in rows",
    b"{\\rtf": "is a document (RTF); valid is the text itself, in rows",
}
_PAGE = (b"<!doctype html", b"<html")


def as_path(value: Any, what: str, error: type[CrossoverError]) -> Path:
    """A path that a program gave as a path or as text. Raises `error` for anything else; `what` it is, for the message."""
    text = os.fspath(value) if isinstance(value, (str, PathLike)) else b""
    if not isinstance(text, str) or "\0" in text:  # a path may be bytes, to the system
        raise error(f"{what}: received {shown(value)}; valid is a path")
    return Path(text)


def from_home(text: str) -> Path:
    """A path whose "~" is a home; as it stands where there is no such user, so that it is said to be missing."""
    return Path(os.path.expanduser(text))


def folder_named(variable: str, given: str, error: type[CrossoverError]) -> Path:
    """The folder that an environment variable names, which need not be there yet. Raises `error` for a file, and for the
    home of nobody, which would else be made as a folder of that name."""
    path = from_home(given)
    with suppress(OSError):
        if path.parts[:1] and path.parts[0].startswith("~") and not path.exists():
            raise error(f"{variable} is {given}, and there is no user {path.parts[0][1:]} here; valid is a folder")
        if path.exists() and not path.is_dir():
            raise error(f"{variable} is {given}, which is no folder; valid is one, also one that is not there yet")
    return path


def lines_of(text: str) -> list[str]:
    """The lines of a text. Only a line feed, or a carriage return and one, ends a line: U+2028 and its kin, at which
    `str.splitlines` cuts, stand inside texts and JSON strings as they are."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()  # what ends the last line begins no other
    return [line.removesuffix("\r") for line in lines]


def check_reach(path: Path, error: type[CrossoverError]) -> None:
    """Raise `error` for a path that cannot be looked up: a name that is too long, a folder that may not be entered."""
    try:
        path.exists()
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror or problem}") from problem


def check_readable(path: Path, error: type[CrossoverError] = DataError, endings: Collection[str] = ()) -> None:
    """Raise `error` when `path` is absent, a folder, or out of reach; `endings`: those of the files that it may name."""
    try:
        if path.is_dir():
            raise error(f"{path} is a folder; valid is a file")
        if path.exists():
            return
        if not path.parent.is_dir():
            raise error(f"there is no file {path}: its folder does not exist either")
        files = [p for p in path.parent.iterdir() if p.is_file() and not p.name.startswith(".")]
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror or problem}") from problem
    siblings = sorted(p.name for p in files if not endings or p.suffix.lower() in endings)[:SHOWN]
    none = f"its folder has no file that ends in {' or '.join(endings)}" if endings else "the folder has no files"
    found = nearest(path.name, siblings) if siblings else none
    raise error(f"there is no file {path}; {found}")


def read_bytes(path: Path, error: type[CrossoverError] = DataError) -> bytes:
    """The file's bytes, unpacked where its name ends in .gz. Raises `error` when it is absent, a folder, empty (a data
    file: `NoRows`), too large when unpacked, or may not be read."""
    check_readable(path, error)
    try:
        data = _unpacked(path, error) if path.suffix.lower() == PACKED else path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise error(f"{path} is not a readable gzip file: {problem}") from problem
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror or problem}") from problem
    if other := next((what for start, what in _NO_DATA.items() if data[:200].lstrip().lower().startswith(start)), None):
        raise error(f"{path} {other}")
    if error is not DataError and is_page(path):  # of data it may be a text
        raise error(page(path))
    if not data.strip(BOM + b" \t\r\n"):
        raise _empty(path, error)
    return data


def is_page(path: Path) -> bool:
    """Whether a file begins as a web page does; one that cannot be read does not."""
    try:
        with gzip.open(path) if path.suffix.lower() == PACKED else path.open("rb") as file:
            return file.read(200).removeprefix(BOM).lstrip().lower().startswith(_PAGE)
    except (OSError, EOFError, zlib.error):
        return False


def page(path: Path) -> str:
    """What is said of a web page in the place of a file."""
    return f"{path} is a web page; valid is the file itself, perhaps behind a button 'raw' or 'download' there"


def _empty(path: Path, error: type[CrossoverError]) -> CrossoverError:
    return (NoRows if error is DataError else error)(f"{path} is empty")


def _unpacked(path: Path, error: type[CrossoverError]) -> bytes:
    """What a gzip file holds. Raises `error` where that is too much."""
    with gzip.open(path) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise error(f"{path} unpacks to more than {LARGEST >> 20} MiB; valid is less, or the file unpacked")
    return data


def read_text(path: Path, error: type[CrossoverError] = DataError, endings: Collection[str] = ()) -> str:
    """The file's text: UTF-8, with or without a byte order mark, or UTF-16 with one, as Windows' own programs write.

    `endings` as in `check_readable`. Raises `error`, which names the line.
    """
    check_readable(path, error, endings)
    data = read_bytes(path, error)
    if other := next((what for start, what in _NO_TEXT.items() if data[:20].lower().startswith(start)), None):
        raise error(f"{path} {other}")
    if data.startswith(UTF16):
        data = _from_utf16(path, data, error)
    data = data.removeprefix(BOM)
    nul = data.find(b"\0")
    if NULS * data.count(b"\0") > len(data):
        raise error(
            f"{path} is UTF-32, UTF-16 without a byte order mark, or no text; save it as UTF-8 (in a spreadsheet: 'CSV"
            " UTF-8')"
        )
    if nul >= 0:
        raise error(f"{path}, line {_line(data, nul)}: a NUL byte; the file is binary or damaged, valid is UTF-8 text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        at = problem.start
        raise error(
            f"{path}, line {_line(data, at)}: byte 0x{data[at]:02x} is not UTF-8; save the file as UTF-8 (in a spreadsheet:"
            " 'CSV UTF-8'; from Western Windows: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW)"
        ) from problem
    if not text.strip():  # marks and white space of other kinds
        raise _empty(path, error)
    return text


def _line(data: bytes, at: int) -> int:
    """The number of the line on which a byte stands."""
    return len(re.findall(rb"\r\n?|\n", data[:at])) + 1


def _from_utf16(path: Path, data: bytes, error: type[CrossoverError]) -> bytes:
    """A text in UTF-16 in UTF-8. Raises `error`."""
    try:
        return data.decode("utf-16").encode()
    except UnicodeError as problem:
        raise error(
            f"{path} begins as UTF-16 text does and is none, or damaged; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"
        ) from problem
