"""One small tree of errors. Every message is one sentence: what was received, where, and what is valid.

CrossoverError              anything a user can mend; the command line prints it and exits with status 2
├── TaskError               the task file: a key, a type, a value
├── DataError               a data file: a row, a column, an encoding
├── ModelError              a model that cannot be found, loaded or asked
├── OptionError             an option or plug-in name that does not exist, or has the wrong type
├── MissingExtra            an optional dependency is absent; the message prints the install command
├── StudyError              the study's folder: in use, unwritable, of another task, not finished
├── MetricError             a metric that fails: a user's own file raises, or gives no score
├── TuningError             a tune that went wrong: a loss that is not a number, no row that fits
└── BudgetExceeded          a limit of calls, tokens, money or minutes is reached; what is finished stays and is decided on
"""

from __future__ import annotations

import re
import reprlib
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = 80
_UNLIKE_A_WORD = r"(?=[\w*.+/-]*[\d*])(?=[\w*.+/-]*[A-Za-z*])[\w*.+/-]{5,}[\w*+/-]"  # as a key, or masked
_PREFIXED = re.compile(
    r"\b(?:sk|gsk)-[\w*.-]{5,}[\w*-]|\b(?:sk|pk|rk|gsk|xai|nvapi|fw|tgp|hf)[-_](?=[\w*.-]*[\d*])[\w*.-]{7,}[\w*-]|\bAIza[\w-]{20,}"
)
_SAID = r"\b(?:api[-_ ]?)?(?:key|bearer|token|secret|password)\b(?:\s+(?:provided|given|is|was))?[\s:=\"'`]+"
_ANNOUNCED = re.compile(f"({_SAID}){_UNLIKE_A_WORD}", re.IGNORECASE)


class CrossoverError(Exception):
    """Anything a user can mend."""


class TaskError(CrossoverError):
    """The task file is wrong."""


class DataError(CrossoverError):
    """A data file is wrong."""


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


class TuningError(CrossoverError):
    """A tune went wrong."""


class BudgetExceeded(CrossoverError):
    """A limit of calls, tokens, money or minutes is reached."""


def shown(value: Any) -> str:
    """A received value as who writes a task file knows it, cut to a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        value = list(value)
    plain = isinstance(value, (str, int, float, list, dict))
    text = _SHORT.repr(value) if plain else f"'{' '.join(str(value).split())}'"  # a data frame is many lines
    return text if len(text) <= 80 else f"{text[:77]}..."


def without_keys(text: str) -> str:
    """A text, such as a service's own words, with "…" for what looks like a key: by how it begins, or by a word before it
    that says so, where it is no word itself."""
    return _ANNOUNCED.sub(r"\1…", _PREFIXED.sub("…", text))


def nearest(name: str, valid: list[str] | tuple[str, ...]) -> str:
    """`"; did you mean 'x'?"`, or nothing, followed by the valid names: the tail of an unknown-name message."""
    import difflib

    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    guess = f"did you mean '{close[0]}'? " if close else ""
    return f"{guess}valid: {', '.join(sorted(valid))}"
