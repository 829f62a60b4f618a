"""A study's results without the user's rows: what may leave the machine when nobody said that rows may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from crossover.engine.journal import JournalReader
from crossover.errors import CrossoverError
from crossover.study.folder import StudyFolder
from crossover.study.freeze import frozen_splits
from crossover.study.read import read_task
from crossover.study.results import OVER_FOLDS, CandidateReport, Results

TELLING = 16  # characters: a shorter text may stand anywhere by chance


def rowless(results: Results, rows: Sequence[str]) -> Results:
    """The results without inputs, answers and groups. `rows`: texts of the user's, which no searched prompt may quote."""
    labels = set(results.task["labels"])
    confusion = results.confusion
    return replace(
        results,
        decision=_decision(results.decision, results.task["output"]),
        candidates=tuple(_candidate(one, rows) for one in results.candidates),
        findings=(),  # they name groups and show outputs
        assumptions=tuple(one for one in results.assumptions if quoted(one, rows) is None),
        confusion=confusion if confusion and labels.issuperset(confusion.labels) else None,  # else replies as they came
        disagreements=(),
    )


def row_texts(folder: StudyFolder) -> list[str]:
    """Inputs and longer answers of the study's rows, as far as they can be read: of the journal, and of its data files."""
    task = read_task(folder)
    journal, found = JournalReader(folder.journal), set[str]()
    try:
        for row in folder.read_decision()["candidates"]:
            for split in ("dev", "test", OVER_FOLDS):
                records = (journal.run(row["id"], split) or {"records": []})["records"]
                found.update(record[side] for record in records for side in ("input", "gold"))
    finally:
        journal.close()
    with suppress(CrossoverError):  # data that has gone, or was in memory
        splits = frozen_splits(folder, task)
        found.update(side for one in (*splits.train, *splits.dev, *splits.test) for side in (one.input, one.output))
    return sorted(text for text in found - set(task.labels) if len(text.strip()) >= TELLING)


def quoted(text: str, rows: Iterable[str]) -> str | None:
    """The first of the rows that stands in a text; None where none does."""
    return next((row for row in rows if row.strip() in text), None)


def _candidate(report: CandidateReport, rows: Sequence[str]) -> CandidateReport:
    tried = tuple(one for one in report.tried if quoted(one.instruction, rows) is None)
    note = report.note if quoted(report.note, rows) is None else ""
    model = report.model.partition(":")[0] if report.family == "control" and report.model else report.model
    return replace(report, prompt=(), followed=(), tried=tried, note=note, model=model)  # what `constant:` says is a row's


def _fixed(row: dict[str, Any]) -> bool:
    return row["family"] == "control" and bool(row.get("model"))


def _decision(decision: dict[str, Any], output: str) -> dict[str, Any]:
    """Without slices by the user's columns, whose values are data: those by label stay."""
    rows = [{**row, "model": row["model"].partition(":")[0]} if _fixed(row) else row for row in decision["candidates"]]
    decision = {**decision, "candidates": rows}
    slices, verdict = decision.get("slices"), decision["verdict"]
    others = [row for row in slices["rows"] if row["column"] != output] if slices else []
    if not slices or not others:
        return decision
    columns = tuple(f"Where {column} is " for column in {row["column"] for row in others})
    warnings = [sentence for sentence in verdict["warnings"] if not sentence.startswith(columns)]
    own = [row for row in slices["rows"] if row["column"] == output]
    return {
        **decision,
        "slices": {**slices, "rows": own, "said": []} if own else None,
        "verdict": {**verdict, "warnings": warnings},
    }
