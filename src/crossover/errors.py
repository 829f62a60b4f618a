"""One small tree of errors. Every message is one sentence: what was received, where, and what is valid.

CrossoverError              anything a user can mend; the command line prints it and exits with status 2
├── TaskError               the task file: a key, a type, a value
├── DataError               a data file: a row, a column, an encoding
│   └── NoRows              it has no row yet, which is no fault of a file that others add to
├── ModelError              a model that cannot be found, loaded or asked
├── OptionError             an option or plug-in name that does not exist, or has the wrong type
├── MissingExtra            an optional dependency is absent; the message prints the install command
├── StudyError              the study's folder: in use, unwritable, of another task, not finished
├── MetricError             a metric that fails: a user's own file raises, or gives no score
├── PromptError             the prompt registry: a name, a version, a label, a file in it
├── TuningError             a tune that went wrong: a loss that is not a number, no row that fits
└── BudgetExceeded          a limit of calls, tokens, money or minutes is reached; what is finished stays and is decided on
"""

from __future__ import annotations

import errno
import os
import re
import reprlib
import shlex
from collections.abc import Sequence
from typing import Any

VALID_NAMES = 60  # valid names that a sentence lists: labels may be thousands
_SHORT = reprlib.Repr()
_SHORT.maxstring = 80
_UNLIKE_A_WORD = r"(?=[\w*.+/-]*[\d*])(?=[\w*.+/-]*[A-Za-z*])[\w*.+/-]{5,}[\w*+/-]"  # as a key, or masked
_PREFIXED = re.compile(
    r"\b(?:sk|gsk)-[\w*.-]{5,}[\w*-]|\b(?:sk|pk|rk|gsk|xai|nvapi|fw|tgp|hf)[-_](?=[\w*.-]*[\d*])[\w*.-]{7,}[\w*-]|\bAIza[\w-]{20,}|\bya29\.[\w.-]{6,}"
)
# in ", key 'limits.latency_p95_ms'" it is a key of a file, as our own sentences name one
_SAID = (
    r"(?!(?<=, )key ')\b(?:api[-_ ]?)?(?:key|bearer|token|secret|password)\b(?:\s+(?:provided|given|is|was))?[\s:=\"'`]+"
)
_ANNOUNCED = re.compile(f"({_SAID}){_UNLIKE_A_WORD}", re.IGNORECASE)
_SECRET_FIELD = re.compile(r"key$|token$|secret|password|authorization|credential", re.IGNORECASE)
_SECRET_PART = re.compile(
    r"([?&][\w-]*(?:key|token|secret|password)[\w-]*[=:])[^&\s]+|(//[^/@\s:]*:)[^/@\s]+(?=@)", re.IGNORECASE
)
_SHORTEST = 8  # characters of a key: what is shorter is a word, such as "none"
# environment variables with a key, also one that a library reads itself
_VARIABLE = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
# of files: a name, a right or a disk, which the user can see to
_OF_FILES = ("ENAMETOOLONG", "EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ELOOP", "ENOTDIR", "EISDIR", "EMFILE", "EIO")
_MENDABLE = {getattr(errno, name) for name in _OF_FILES if hasattr(errno, name)}
_keys: set[str] = set()  # that this process has read from its environment


class CrossoverError(Exception):
    """Anything a user can mend."""


class TaskError(CrossoverError):
    """The task file is wrong."""


class DataError(CrossoverError):
    """A data file is wrong."""


class NoRows(DataError):
    """A data file is as it should be, and has no row yet."""


class ModelError(CrossoverError):
    """A model cannot be found, loaded or asked."""


class OptionError(CrossoverError):
    """An option or a plug-in name is wrong."""


class MissingExtra(CrossoverError):
    """An optional dependency is absent."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs an optional part that is not installed: pip install 'crossover[{extra}]'")


class StudyError(CrossoverError):
    """The study's folder cannot be used."""


class MetricError(CrossoverError):
    """A metric cannot be used, or fails on an answer."""


class PromptError(CrossoverError):
    """A prompt of the registry cannot be found, read or written."""


class TuningError(CrossoverError):
    """A tune went wrong."""


class BudgetExceeded(CrossoverError):
    """A limit of calls, tokens, money or minutes is reached."""


def of_a_file(error: OSError) -> str | None:
    """What the system says of a file that cannot be used, in a sentence; None where it is no fault that a user can mend."""
    if error.errno not in _MENDABLE:
        return None
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if isinstance(error.filename, (str, os.PathLike)) else said


def pasted(path: object) -> str:
    """A path as a command that is copied whole has it: quoted, and never an option."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def shown(value: Any) -> str:
    """A received value as who writes a task file knows it, cut to a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    value = _discreet(value)
    plain = isinstance(value, (str, int, float, list, dict))
    text = _SHORT.repr(value) if plain else f"'{' '.join(str(value).split())}'"  # a data frame is many lines
    return text if len(text) <= 80 else f"{text[:77]}..."


def _discreet(value: Any, depth: int = _SHORT.maxlevel) -> Any:
    """A value without what may be a key in it, by the names of its fields and of a model's options. Only as deep and wide
    as it is shown: aliases in a file may make it endless."""
    if isinstance(value, (dict, list, tuple)) and not depth:
        return type(value)()
    if isinstance(value, dict):
        return {k: "…" if _SECRET_FIELD.search(str(k)) else _discreet(v, depth - 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_discreet(one, depth - 1) for one in value[: _SHORT.maxlist + 1]]
    return _SECRET_PART.sub(r"\1\2…", value) if isinstance(value, str) else value


def keep_secret(key: str) -> str:
    """A key, which `without_keys` takes out of any text from now on."""
    if len(key) >= _SHORTEST:
        _keys.add(key)
    return key


def without_keys(text: str) -> str:
    """A text, such as a service's own words, with "…" for the keys that this process has read, and for what looks like
    one: by how it begins, or by a word before it that says so, where it is no word itself."""
    named = [value.strip() for name, value in os.environ.items() if _VARIABLE.search(name)]
    found = {value for value in named if not value.startswith(("/", "./", "~"))}  # paths are none
    for key in sorted(_keys | {key for key in found if len(key) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(key, "…")
    return _ANNOUNCED.sub(r"\1…", _PREFIXED.sub("…", text))


def nearest(name: str, valid: list[str] | tuple[str, ...]) -> str:
    """`"did you mean 'x'? "`, or nothing, followed by the valid names: the tail of an unknown-name message."""
    shown = ", ".join(sorted(valid)[:VALID_NAMES])
    return f"{meant(name, valid)}valid: {shown}" + (
        f" and {len(valid) - VALID_NAMES} more" if len(valid) > VALID_NAMES else ""
    )


def meant(name: str, valid: Sequence[str], behind: str = "") -> str:
    """`"did you mean 'x'? "`, the likest of the valid names and what stands behind it; or nothing."""
    import difflib

    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}{behind}'? " if close else ""
