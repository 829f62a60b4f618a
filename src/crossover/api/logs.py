"""What other tools measured, from Python: what `crossover import` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.data.textfile import as_path
from crossover.errors import DataError, OptionError
from crossover.importing.base import Reading
from crossover.importing.folder import body_of, write
from crossover.importing.open import read
from crossover.report.imported import imported
from crossover.report.notebook import printed_html


@dataclass(frozen=True)
class Logs:
    """`body`: all that was read, as `crossover import --json` prints it. `readings`: with the rows and prompts."""

    body: dict[str, Any]
    readings: tuple[Reading, ...]

    @property
    def logs(self) -> list[dict[str, Any]]:
        """Each log: its tool, task, system, and its figures with 95 % intervals."""
        return list(self.body["logs"])

    @property
    def differences(self) -> list[dict[str, Any]]:
        """Logs of the same items, in pairs: the difference from the first with its interval and test."""
        return list(self.body["differences"])

    def write(self, out: Path | str) -> list[str]:
        """Write the items, the rows and a task file into a new folder, and say in a sentence each what it has. Raises
        `DataError` where it cannot be written or is not empty."""
        return write(as_path(out, "write", DataError), self.readings, self.body)

    def _repr_html_(self) -> str:
        return printed_html(imported(self.body))


def read_logs(files: Path | str | Sequence[Path | str], tool: str | None = None, metric: str | None = None) -> Logs:
    """Read logs, configurations, programs and prompts of Inspect, lm-eval, promptfoo, OpenAI Evals, DSPy or LangChain; or
    a prompt that PromptLayer keeps. `tool`: which wrote them, where that is not seen; `metric`: this one alone.

    The tools need not be installed. Raises `DataError` for a file that is no tool's, `OptionError`.
    """
    several = list(files) if isinstance(files, (list, tuple)) else [files]
    if not several:
        raise OptionError("read_logs: received no file; valid is a path, or a list of paths")
    readings = read([as_path(one, "read_logs", DataError) for one in several], tool)
    return Logs(body_of(readings, metric), tuple(readings))
