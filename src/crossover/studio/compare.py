"""Candidates that were made here, on the dev rows of their study: paired with what they were edited from, and the choice.

The test split is never asked, nor are its answers looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from crossover.data.clusters import clusters
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import CrossoverError
from crossover.evaluation.open import open_bench
from crossover.evaluation.paired import Comparison, compare, holm
from crossover.evaluation.relevance import Lexical
from crossover.metrics.base import Metric
from crossover.metrics.open import metric_of
from crossover.models.base import Model
from crossover.studio.opened import Ready
from crossover.study.folder import StudyFolder
from crossover.study.models import open_measured
from crossover.study.own import PLACE, Own, OwnCandidates, dev_records, dev_rows, score_from
from crossover.study.read import read_task
from crossover.study.results import Results
from crossover.study.scoring import scoring
from crossover.types import Candidate, Estimate, Example, Score

CALLS = "calls.db"  # a journal of the studio's own: no call twice, and none that the study would count as its own


@dataclass(frozen=True)
class Against:
    """A pair on dev: `name` is whom a candidate is compared with. `p` is adjusted for all pairs of the page (Holm)."""

    name: str
    found: Comparison
    p: float


@dataclass(frozen=True)
class Line:
    """A candidate on dev; `own` where it was made here. `under_way`: rows answered and in all, while it is measured."""

    id: str
    name: str
    family: str
    dev: Estimate | None
    own: Own | None = None
    chosen: bool = False
    against: tuple[Against, ...] = ()
    under_way: tuple[int, int] | None = None


def measure(folder: StudyFolder, ready: Ready, own: Own, progress: Any) -> Own:
    """A candidate that was made here, measured on dev within the task's limits. Raises `CrossoverError`."""
    task, examples = ready.task, dev_rows(folder)
    rule = scoring(task, str(folder.path), examples)
    reader = JournalReader(folder.journal)
    try:
        rule.hold(reader, folder)
    finally:
        reader.close()

    @cache
    def model_of(spec: str) -> Model:
        return ready.asked if spec == own.candidate.model else open_measured(folder, Candidate(spec), task.folder)

    place = folder.path / PLACE
    place.mkdir(exist_ok=True)
    journal = Journal(place / CALLS)
    try:
        bench = open_bench(task, (), examples, place, journal, model_of, Lexical(), progress, (), rule.metric)
        return own.measured(bench.evaluator.run(own.candidate, "dev", examples))
    finally:
        journal.close()


def table(folder: StudyFolder, results: Results, under_way: dict[str, tuple[int, int]]) -> list[Line]:
    """All candidates on dev: the study's first, then those that were made here, each with its pairs.

    Raises `CrossoverError`.
    """
    verdict = results.decision["verdict"]
    choice = verdict["choice"] or verdict.get("provisional")
    lines = [
        Line(c.id, c.name, c.family, c.dev, chosen=c.id == choice)
        for c in results.candidates
        if c.dev and c.same_as is None
    ]
    made = OwnCandidates(folder).every()
    if not made:
        return lines
    task = read_task(folder)
    metric, examples = metric_of(task, str(folder.path)), dev_rows(folder)
    scores = {identity: _scores(records) for identity, records in dev_records(folder).items()}
    scores |= {own.id: {mark.id: mark.score for mark in own.marks} for own in made}
    names = {line.id: line.name for line in lines} | {own.id: own.name for own in made}
    pairs = [
        (own.id, other)
        for own in made
        for other in dict.fromkeys((own.parent, choice))
        if own.marks and other in scores and other != own.id
    ]
    found = [_pair(scores[a], scores[b], examples, metric, task.seed) for a, b in pairs]
    adjusted = holm([one.p for one in found])
    against: dict[str, list[Against]] = {}
    for (a, b), one, p in zip(pairs, found, adjusted, strict=True):
        against.setdefault(a, []).append(Against(names.get(b, b), one, p))
    return lines + [
        Line(own.id, own.name, own.family, own.estimate, own, False, tuple(against.get(own.id, ())), under_way.get(own.id))
        for own in made
    ]


def _scores(records: Sequence[dict[str, Any]]) -> dict[str, Score | None]:
    return {record["id"]: score_from(record) for record in records}


def _pair(
    a: dict[str, Score | None], b: dict[str, Score | None], examples: Sequence[Example], metric: Metric, seed: int
) -> Comparison:
    """On the rows that both answered."""
    groups = clusters(examples)
    first, second = ([side.get(example.id) for example in examples] for side in (a, b))
    return compare(first, second, metric.aggregate, metric.binary, groups if len(set(groups)) < len(groups) else None, seed)


class Comparing:
    """Measures candidates on dev, each in a thread of its own; the model's lane sees to the order."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, str], tuple[int, int]] = {}
        self._lock = threading.Lock()

    def begin(self, folder: StudyFolder, ready: Ready, own: Own) -> None:
        """Raises nothing: what goes wrong stands with the candidate."""
        key = (str(folder.path), own.id)
        with self._lock:
            if key in self._under_way:
                return
            self._under_way[key] = (0, 0)
        threading.Thread(target=self._measure, args=(key, folder, ready, own), daemon=True).start()

    def under_way(self, folder: StudyFolder) -> dict[str, tuple[int, int]]:
        """By candidate, how many of how many dev rows are answered."""
        with self._lock:
            return {identity: how for (path, identity), how in self._under_way.items() if path == str(folder.path)}

    def _measure(self, key: tuple[str, str], folder: StudyFolder, ready: Ready, own: Own) -> None:
        def progress(what: str, done: int, total: int) -> None:
            with self._lock:
                self._under_way[key] = (done, total)

        try:
            found = measure(folder, ready, own, progress)
        except CrossoverError as error:
            found = replace(own, error=str(error))
        except Exception as error:  # noqa: BLE001  a plug-in may raise anything; the page says it
            found = replace(own, error=f"it failed: {type(error).__name__}: {error}")
        try:
            if OwnCandidates(folder).get(own.id) is not None:  # else it was taken away meanwhile
                OwnCandidates(folder).put(found)
        finally:
            with self._lock:
                self._under_way.pop(key, None)
