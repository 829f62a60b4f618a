"""What the studio keeps in a study's folder: candidates that were made here. The study's own files stay as they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossover.errors import StudyError
from crossover.study.folder import StudyFolder, damaged, read_json, write_json
from crossover.types import Candidate, Counts, Estimate, Run, Score, candidate_from_json, to_json

PLACE = "studio"  # in the study's folder
WRITING = threading.Lock()


@dataclass(frozen=True)
class Mark:
    """What a candidate answered to a dev row, by the row's id. `score` is None where the call failed."""

    id: str
    prediction: str
    error: str | None
    score: Score | None


@dataclass(frozen=True)
class Own:
    """A candidate that was made by editing another's prompt. `parent`: the id of that one, `family` its family.

    `estimate` and `marks`: on dev, once that is measured; `error`: why it could not be.
    """

    id: str
    name: str
    family: str
    parent: str
    candidate: Candidate
    made: str
    estimate: Estimate | None = None
    marks: tuple[Mark, ...] = ()
    error: str | None = None

    def measured(self, run: Run) -> Own:
        marks = tuple(Mark(r.example.id, r.prediction, r.reply.error, r.score) for r in run.records)
        return replace(self, estimate=run.estimate, marks=marks, error=None)


class OwnCandidates:
    """Those of a study."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self._place = folder.path / PLACE / "candidates"

    def every(self) -> list[Own]:
        """In the order in which they were made. Raises `StudyError` for a damaged file."""
        found = [self._read(path) for path in sorted(self._place.glob("*.json"))]
        return sorted(found, key=lambda own: own.made)

    def get(self, identity: str) -> Own | None:
        return next((own for own in self.every() if own.id == identity), None)

    def put(self, own: Own) -> None:
        body = to_json(own)
        if own.candidate.weights:  # where they lie is told from the study's folder on, as it may move
            body["candidate"]["weights"]["path"] = self._inside(own.candidate.weights.path)
        with WRITING:
            write_json(self._place / f"{own.id}.json", body)

    def take_away(self, identity: str) -> None:
        """Raises `StudyError`."""
        if (own := self.get(identity)) is None:
            return
        try:
            (self._place / f"{own.id}.json").unlink(missing_ok=True)
        except OSError as error:
            raise StudyError(f"{self._place / own.id}.json cannot be deleted: {error.strerror or error}") from error

    def _inside(self, path: str) -> str:
        home, place = self._folder.path.resolve(), Path(path)
        inside = path and place.resolve().is_relative_to(home)
        return place.resolve().relative_to(home).as_posix() if inside else path

    def _read(self, path: Path) -> Own:
        body = read_json(path)
        try:
            made = body["candidate"]
            if made["weights"] and made["weights"]["path"]:
                made["weights"]["path"] = str(self._folder.path / made["weights"]["path"])
            known: dict[str, Any] = {n: body[n] for n in ("id", "name", "family", "parent", "made", "error")}
            estimate = Estimate(**body["estimate"]) if body["estimate"] else None
            return Own(**known, candidate=candidate_from_json(made), estimate=estimate, marks=_marks(body["marks"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(path, f"{type(error).__name__}: {error}") from error


def _marks(body: Sequence[Any]) -> tuple[Mark, ...]:
    return tuple(Mark(m["id"], m["prediction"], m["error"], score_from(m["score"])) for m in body)


def score_from(body: Any) -> Score | None:
    """A score as it was written, in a file of ours or as a record of the journal."""
    if body is None or body["value"] is None:
        return None
    return Score(body["value"], {name: Counts(**counts) for name, counts in body["counts"].items()}, body["valid"])
