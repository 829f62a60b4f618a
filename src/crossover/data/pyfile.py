"""A Python file of the user's, which is run to take a name out of it. Nothing is put on the path."""

from __future__ import annotations

import ast
import hashlib
import sys
import traceback
import types
from pathlib import Path

from crossover.errors import CrossoverError


def run_file(path: Path, error: type[CrossoverError], purpose: str) -> tuple[types.ModuleType, str]:
    """The module that a file makes, and the file's SHA-256. `purpose`: what it is run for, in the module's name.

    Raises an `error` with file and line where it cannot be read, is no Python, or fails.
    """
    source = _read(path, error)
    module = types.ModuleType(f"crossover_{purpose}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look up their module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except KeyboardInterrupt:
        raise
    except BaseException as failed:
        raise error(f"{place_of(failed, path)}: {reason_of(failed)}") from failed
    return module, hashlib.sha256(source).hexdigest()


def place_of(failed: BaseException, path: Path) -> str:
    """The last line of the user's file that was on the way to an error."""
    lines = [f"{path}, line {f.lineno}" for f in traceback.extract_tb(failed.__traceback__) if f.filename == str(path)]
    return lines[-1] if lines else str(path)


def reason_of(failed: BaseException) -> str:
    """An error on one line."""
    return " ".join(f"{type(failed).__name__}: {failed}".rstrip(": ").split())


def _read(path: Path, error: type[CrossoverError]) -> bytes:
    try:
        source = path.read_bytes()
        ast.parse(source, str(path))
    except OSError as failed:
        raise error(f"{path} cannot be read: {failed.strerror or failed}") from failed
    except SyntaxError as failed:
        raise error(f"{path}, line {failed.lineno}: {failed.msg}") from failed
    except ValueError as failed:
        raise error(f"{path} is no Python file: {failed}") from failed
    return source
