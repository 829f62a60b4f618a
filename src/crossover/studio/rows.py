"""Rows that candidates answer differently, or that all of them answer otherwise than they are labelled."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossover.engine.journal import JournalReader
from crossover.study.folder import StudyFolder
from crossover.study.own import OwnCandidates
from crossover.study.read import tested_run
from crossover.study.results import Results

RIGHT = 0.999  # a score from here on is a right answer
Split = Literal["dev", "test"]
By = Literal["candidates", "label"]


@dataclass(frozen=True)
class Said:
    """An answer, and who gave it."""

    answer: str
    names: tuple[str, ...]
    right: bool


@dataclass(frozen=True)
class AnsweredRow:
    """A labelled row with what was answered. `split_up`: the entropy of the answers, in nats (vote entropy, Dagan and
    Engelson 1995); `against`: the share of candidates that give one and the same wrong answer."""

    id: str
    source: str
    input: str
    gold: str
    said: tuple[Said, ...]
    split_up: float
    against: float


def records_of(folder: StudyFolder, results: Results, split: Split) -> dict[str, tuple[str, Sequence[Mapping[str, Any]]]]:
    """Candidate's id -> its name and its journaled answers; of "test" also those over folds. Raises `StudyError`."""
    found: dict[str, tuple[str, Sequence[Mapping[str, Any]]]] = {}
    journal = JournalReader(folder.journal)
    try:
        for one in results.candidates:
            if one.same_as is None and one.status != "failed":
                run = tested_run(journal, one.id) if split == "test" else journal.run(one.id, "dev")
                if run:
                    found[one.id] = (one.name, run["records"])
    finally:
        journal.close()
    return found


def rows_of(folder: StudyFolder, results: Results, split: Split, by: By) -> list[AnsweredRow]:
    """The rows to look at, first those that say most. `by` "candidates": where these differ; "label": where most of them
    agree on something else than the label. Controls have no say where there is another candidate.

    Raises `StudyError`.
    """
    found = records_of(folder, results, split)
    controls = {c.id for c in results.candidates if c.family == "control"}
    heard = set(found) - controls or set(found)
    answers: dict[str, list[tuple[str, Mapping[str, Any], bool]]] = {}
    for identity, (name, records) in found.items():
        for record in records:
            if record["error"] is None:
                answers.setdefault(record["id"], []).append((name, record, identity in heard))
    if split == "dev":
        inputs = {identity: given[0][1] for identity, given in answers.items()}
        for own in OwnCandidates(folder).every():
            for mark in own.marks:
                if mark.id in inputs and mark.error is None:
                    value = mark.score.value if mark.score else 0.0
                    made = {**inputs[mark.id], "prediction": mark.prediction, "value": value}
                    answers[mark.id].append((own.name, made, True))
    rows = [_row(given) for given in answers.values()]
    if by == "label":
        return sorted((row for row in rows if row.against > 0.5), key=lambda row: -row.against)
    return sorted((row for row in rows if row.split_up > 0), key=lambda row: -row.split_up)


def _row(given: Sequence[tuple[str, Mapping[str, Any], bool]]) -> AnsweredRow:
    first = given[0][1]
    names: dict[str, list[str]] = {}
    right: dict[str, bool] = {}
    for name, record, _ in given:
        names.setdefault(record["prediction"], []).append(name)
        right[record["prediction"]] = (record["value"] or 0.0) >= RIGHT
    votes = Counter(record["prediction"] for _, record, counts in given if counts)
    wrong = max((count for answer, count in votes.items() if not right[answer]), default=0)
    said = tuple(
        Said(answer, tuple(who), right[answer]) for answer, who in sorted(names.items(), key=lambda one: -len(one[1]))
    )
    return AnsweredRow(
        first["id"],
        first["source"],
        first["input"],
        first["gold"],
        said,
        entropy(votes.values()),
        wrong / max(votes.total(), 1),
    )


def entropy(counts: Any) -> float:
    """Of so many votes each, in nats."""
    every = [count for count in counts if count]
    whole = sum(every)
    return -sum(count / whole * math.log(count / whole) for count in every) if len(every) > 1 else 0.0
