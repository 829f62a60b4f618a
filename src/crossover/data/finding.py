"""What a check of the data found: how bad it is, a stable code, a sentence, and the rows that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crossover.errors import DataError

NAMED = 2  # rows that a finding's sentence names
NAMED_LABELS = 20  # labels that it names


@dataclass(frozen=True)
class Finding:
    """One thing found: how bad, a stable code, a sentence, and the rows ("train.csv, line 12") it is about."""

    level: Literal["error", "warning", "info"]
    code: str
    message: str
    rows: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The sentence, with the first rows that it is about."""
        return located(self.message, self.rows)


def by_level(findings: Sequence[Finding]) -> list[Finding]:
    """Errors first, then warnings."""
    order = ("error", "warning", "info")
    return sorted(findings, key=lambda finding: order.index(finding.level))


def located(message: str, rows: Sequence[str]) -> str:
    """A finding's sentence with the first rows that it is about: "... (a.csv, line 3; a.csv, line 9, and 4 more)"."""
    more = f", and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"{message} ({'; '.join(rows[:NAMED])}{more})" if rows else message


def first_of(names: Sequence[str]) -> str:
    """The first of some labels, and how many more there are: thousands would be a page."""
    return ", ".join(names[:NAMED_LABELS]) + (f" and {len(names) - NAMED_LABELS} more" if len(names) > NAMED_LABELS else "")


def raise_on_errors(findings: Sequence[Finding]) -> None:
    """Raise `DataError` with the first finding of level error, and how many more there are."""
    errors = [finding for finding in findings if finding.level == "error"]
    if errors:
        more = {1: "", 2: "; there is 1 more error"}.get(len(errors), f"; there are {len(errors) - 1} more errors")
        raise DataError(f"{errors[0].said}{more}")


def count_rows(count: int) -> str:
    """A number of rows in words."""
    return "1 row" if count == 1 else f"{count} rows"


def count_inputs(count: int) -> str:
    """A number of inputs in words."""
    return "1 input" if count == 1 else f"{count} inputs"
