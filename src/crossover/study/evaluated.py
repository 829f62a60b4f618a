"""What was measured in a study after its verdict, on rows that came later: read back, in short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossover.errors import StudyError
from crossover.study.folder import StudyFolder, read_json
from crossover.types import Estimate


@dataclass(frozen=True)
class Reached:
    """What a candidate reached on later rows. `change`: since test, with its interval; `beside`: less the first
    candidate of the evaluation, on the same rows, and `p` adjusted over all such pairs. None where there is none."""

    name: str
    estimate: Estimate
    change: tuple[float, float, float] | None
    beside: tuple[float, float, float] | None
    p: float | None


@dataclass(frozen=True)
class Evaluated:
    """An evaluation: its file, relative to the study's folder, when, the rows' name, how many, how many of them the study
    had met, and what each candidate reached."""

    file: str
    at: str
    data: str
    rows: int
    met: int
    reached: tuple[Reached, ...]


def read_evaluated(folder: StudyFolder) -> tuple[Evaluated, ...]:
    """All of a study's, in their order. Raises `StudyError` for a damaged file."""
    found = []
    for path in folder.evaluations:
        body = read_json(path)
        try:
            data, pairs = body["data"], {pair["a"]: pair for pair in body["comparisons"] if pair["n"]}
            reached = tuple(_reached(row, pairs.get(row["id"])) for row in body["candidates"])
            file = path.relative_to(folder.path).as_posix()
            found.append(Evaluated(file, str(body["at"]), str(data["name"]), int(data["rows"]), int(data["met"]), reached))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StudyError(
                f"{path} is damaged ({type(error).__name__}: {error}): delete it, and evaluate again, which pays for no"
                " call twice"
            ) from error
    return tuple(found)


def _reached(row: Mapping[str, Any], pair: Mapping[str, Any] | None) -> Reached:
    return Reached(
        str(row["name"]),
        Estimate(**row["estimate"]),
        _difference(row["change"]),
        _difference(pair),
        float(pair["p_adjusted"]) if pair else None,
    )


def _difference(found: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    return (float(found["difference"]), float(found["low"]), float(found["high"])) if found else None
