"""A new folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from crossover.errors import StudyError
from crossover.study.folder import check_new


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `out` when the block ends; where the block fails, nothing is left.

    Raises `StudyError` when `out` exists and is not an empty folder, or cannot be written.
    """
    check_new(out)
    place = out.absolute()
    part = place.with_name(f".{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        yield part
        if place.exists():
            place.rmdir()
        os.replace(part, place)
    except (OSError, SafetensorError) as error:
        raise StudyError(f"{out} cannot be written: {_reason(error)}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def files_in(folder: Path) -> list[str]:
    """Every file in a folder, relative to it, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _reason(error: Exception) -> str:
    if isinstance(error, shutil.Error):  # of copying a folder: (source, destination, reason) for each file
        return str(error.args[0][0][2])
    return getattr(error, "strerror", None) or str(error)
