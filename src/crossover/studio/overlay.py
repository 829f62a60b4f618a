"""Corrected labels: an overlay in the study's folder, which changes no file of the user's and no verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from crossover.data.clusters import clusters
from crossover.data.load import canonical_object
from crossover.data.task import Task
from crossover.data.text import is_blank
from crossover.errors import DataError, OptionError, nearest
from crossover.evaluation.aggregate import estimate
from crossover.metrics.base import Judging, Metric, score_of
from crossover.metrics.open import metric_of
from crossover.studio.rows import AnsweredRow, Split, records_of
from crossover.study.folder import StudyFolder, damaged, read_json
from crossover.study.own import PLACE, keep, score_from, writing
from crossover.study.read import read_task
from crossover.study.results import Results
from crossover.types import Estimate, Example, Score

FILE = "corrections.json"


@dataclass(frozen=True)
class Correction:
    """What somebody says of a row's label. `now`: what it should be, also what it is; None: nobody can tell."""

    id: str
    split: str
    source: str
    input: str
    was: str
    now: str | None
    at: str

    @property
    def words(self) -> str:
        if self.now is None:
            return "cannot be told"
        return "right as it is" if self.now == self.was else f"should be {self.now}"


class Overlay:
    """Those of a study."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder, self._path = folder, folder.path / PLACE / FILE

    def read(self) -> dict[str, Correction]:
        """By the row's id. Raises `StudyError` for a damaged file."""
        if not self._path.is_file():
            return {}
        body = read_json(self._path)
        try:
            return {one["id"]: Correction(**one) for one in body}
        except (KeyError, TypeError) as error:
            raise damaged(self._path, f"{type(error).__name__}: {error}") from error

    def put(self, row: AnsweredRow, split: Split, now: str | None) -> Correction:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        made = Correction(row.id, split, row.source, row.input, row.gold, now, at)
        with writing(self._folder):
            keep(self._folder, FILE, [asdict(one) for one in ({**self.read(), row.id: made}).values()])
        return made

    def take_back(self, identity: str) -> None:
        with writing(self._folder):
            left = [asdict(one) for one in self.read().values() if one.id != identity]
            keep(self._folder, FILE, left)

    def lines(self) -> str:
        """All of them, one JSON object a line: a spreadsheet takes none for a formula."""
        return "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in self.read().values())


def label_of(task: Task, given: str) -> str:
    """A typed label as the task would read it. Raises `OptionError` for one that the task does not have."""
    text = given.replace("\r\n", "\n").strip()
    if is_blank(text):
        raise OptionError("the label is empty; valid is what the answer should be")
    if task.kind == "classify" and text not in task.labels:
        raise OptionError(f"'{text[:80]}' is no label of this task; {nearest(text, list(task.labels))}")
    if task.kind == "extract":
        try:
            return canonical_object(text, "the correction")
        except DataError as error:
            raise OptionError(str(error)) from error
    return text


@dataclass(frozen=True)
class Effect:
    """A candidate's estimate by the labels as they are, and as they were corrected."""

    name: str
    before: Estimate
    after: Estimate


def effects(folder: StudyFolder, results: Results, split: Split, corrected: Mapping[str, Correction]) -> list[Effect]:
    """What the corrections change; nothing where a judge grades, who would have to be asked. Raises `CrossoverError`."""
    touched = {identity: one for identity, one in corrected.items() if one.split == split}
    task = read_task(folder)
    metric = metric_of(task, str(folder.path))
    if not touched or isinstance(metric, Judging):
        return []
    found = []
    for name, records in records_of(folder, results, split).values():
        groups = clusters([Example(r["id"], r["input"], r["gold"], r["group"]) for r in records])
        named = groups if len(set(groups)) < len(groups) else None
        before = [score_from(record) for record in records]
        after = [
            _rescored(metric, record, own, touched.get(record["id"])) for record, own in zip(records, before, strict=True)
        ]
        sides = [estimate(side, metric.aggregate, metric.binary, named, task.seed) for side in (before, after)]
        found.append(Effect(name, *sides))
    return found


def _rescored(metric: Metric, record: Mapping[str, Any], own: Score | None, by: Correction | None) -> Score | None:
    """A row that nobody can label is left out; an answer that was none stays none."""
    if by is None or own is None:
        return own
    if by.now is None:
        return None
    return score_of(metric, by.now, record["prediction"]) if own.valid or record["prediction"] else own
