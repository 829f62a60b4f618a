"""What was measured in a study after its verdict, on rows that came later: read back, in short."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.errors import StudyError
from crossover.study.folder import StudyFolder, read_json
from crossover.types import Estimate


@dataclass(frozen=True)
class Evaluated:
    """An evaluation: its file, relative to the study's folder, when, the rows' name, and what each candidate reached."""

    file: str
    at: str
    data: str
    estimates: tuple[tuple[str, Estimate], ...]


def read_evaluated(folder: StudyFolder) -> tuple[Evaluated, ...]:
    """All of a study's, in their order. Raises `StudyError` for a damaged file."""
    found = []
    for path in folder.evaluations:
        body = read_json(path)
        try:
            estimates = tuple((row["name"], Estimate(**row["estimate"])) for row in body["candidates"])
            found.append(Evaluated(path.relative_to(folder.path).as_posix(), body["at"], body["data"]["name"], estimates))
        except (KeyError, TypeError) as error:
            raise StudyError(
                f"{path} is damaged ({type(error).__name__}: {error}): delete it, and evaluate again, which pays for no"
                " call twice"
            ) from error
    return tuple(found)
