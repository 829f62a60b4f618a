"""What a served candidate's log shows, as a Python object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.report.notebook import verdict_html
from crossover.report.watched import headline, sentences


@dataclass(frozen=True)
class Watch:
    """`body`: all that was found, as `crossover watch --json` prints it. Shares are in [0, 1]."""

    body: dict[str, Any]

    @property
    def drift(self) -> bool:
        """Whether a change is shown: of all logs without one, of at most 5 %, however often one looks."""
        return bool(self.body["drift"])

    @property
    def alarm(self) -> bool:
        """Whether drift is shown, or the verdict no longer holds."""
        return self.drift or not self.body["verdict"]["holds"]

    @property
    def said(self) -> tuple[str, ...]:
        """All in sentences."""
        return tuple(sentences(self.body))

    def __str__(self) -> str:
        return headline(self.body)

    def _repr_html_(self) -> str:
        return verdict_html(headline(self.body), self.said, self.body["verdict"]["reasons"])
