"""Reads a finished study back from its folder, for the report, the tables and the commands. Needs no model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossover.data.task import Task
from crossover.engine.journal import JournalReader
from crossover.errors import StudyError, nearest, shown
from crossover.study.evaluated import read_evaluated
from crossover.study.folder import StudyFolder, damaged, read_json
from crossover.study.history import FACT
from crossover.study.own import OwnCandidates
from crossover.study.results import (
    OVER_FOLDS,
    CandidateReport,
    Change,
    Confusion,
    Disagreement,
    FieldRow,
    Notice,
    Past,
    Results,
)
from crossover.types import Candidate, candidate_from_json

DISAGREEMENTS = 30


def read_results(place: StudyFolder | Path | str, redecided: Path | None = None) -> Results:
    """Everything a reader is shown; of a study without a verdict what there is so far, under the kind "unfinished".

    `redecided`: the file of a decision that was made again, in the place of the first. Raises `StudyError` when the folder
    holds no study, or one that is damaged.
    """
    folder = StudyFolder.at(place)
    try:
        return _results(folder, redecided)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        path = redecided or (folder.journal if folder.begun else folder.decision)
        raise damaged(path, f"{type(error).__name__}: {error}") from error


def _results(folder: StudyFolder, redecided: Path | None) -> Results:
    journal = JournalReader((folder if folder.begun else folder.existing()).journal)
    try:
        begun, past = journal.fact("so far"), journal.fact(FACT, [])
        if folder.begun and begun is None:
            folder.existing()  # nothing to show: it says what to do
        if folder.begun:
            decision, rows, facts = begun["decision"], begun["rows"], begun
        else:
            decision, rows = folder.read_decision() if redecided is None else read_json(redecided), journal.candidates()
            facts = {name: journal.fact(name, []) for name in ("task", "findings", "assumptions", "options")}
        tested = [c for c in decision["candidates"] if c["test"] and not c.get("same_as")]
        tests = {c["name"]: tested_run(journal, c["id"]) for c in tested}
    finally:
        journal.close()
    task = facts["task"] | {"target": decision["target"]}
    chosen = _shown_candidate(decision)
    records = tests[chosen]["records"] if chosen in tests else []
    return Results(
        decision=decision,
        task=task,
        candidates=tuple(_candidate(c, rows.get(c["name"], {}), decision) for c in decision["candidates"]),
        findings=tuple(Notice(f["level"], f["code"], f["message"], tuple(f["rows"])) for f in facts["findings"]),
        assumptions=tuple(facts["assumptions"]),
        confusion=_confusion(records, chosen) if task["kind"] == "classify" and records else None,
        fields=_fields(records) if task["kind"] == "extract" else (),
        invalid_json=sum(r["valid"] is False for r in records) if task["kind"] == "extract" else 0,
        disagreements=tuple(_disagreements({name: run["records"] for name, run in tests.items()})),
        folder=folder.path,
        task_path=task["path"],
        options=tuple(facts["options"]),
        history=tuple(
            Past(p["file"], p["ended"], p["kind"], p["name"], tuple(p["changed"]), p.get("short", False)) for p in past
        ),
        redecisions=tuple(_past(path, folder) for path in folder.redecisions),
        evaluations=read_evaluated(folder),
        later=tuple(begun["decision"]["verdict"]["ahead"]) if begun and not folder.begun else None,
    )


def tested_run(journal: JournalReader, candidate: str) -> Any:
    """A candidate's journaled test run, or over folds that of its rung on all rows; None where there is neither."""
    return journal.run(candidate, "test") or journal.run(candidate, OVER_FOLDS)


def _past(path: Path, folder: StudyFolder) -> Past:
    """A decision that was made again. Raises `StudyError` for a damaged file."""
    body = read_json(path)
    try:
        verdict, made = body["verdict"], body["redecided"]
        names = {c["id"]: c["name"] for c in body["candidates"] if not c.get("same_as")}
        name = names.get(verdict["choice"] or verdict["provisional"])
        file = path.relative_to(folder.path).as_posix()
        short = bool(verdict.get("falls_short"))
        return Past(file, made["at"], verdict["kind"], name, tuple(made["changed"]), short)
    except (KeyError, TypeError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error


def read_candidate(place: StudyFolder | Path | str, name: str | None = None) -> tuple[Candidate, dict[str, Any]]:
    """A candidate with its row of decision.json, and the study's `folds` in it: by name or id, or else the verdict's choice
    (when undecided, the provisional one). By its name also one that was made in the studio, with a row of the same kind.

    Raises `StudyError` for an unknown name, and where there is none.
    """
    folder = StudyFolder.at(place)
    decision = folder.read_decision()
    usable = [c for c in decision["candidates"] if c["status"] != "failed"]
    if name is not None and not isinstance(name, str):
        raise StudyError(f"the candidate: received {shown(name)}; valid is a name or an id, as text")
    wanted = name or decision["verdict"]["choice"] or decision["verdict"]["provisional"]
    for row in usable:
        if wanted in (row["name"], row["id"]):
            chosen = row["id"] == decision["verdict"]["choice"]
            return _candidate_file(folder, row["id"]), row | {"chosen": chosen, "folds": decision.get("folds")}
    made = OwnCandidates(folder).named(name) if name else None
    if made is not None:
        return made.candidate, made.row(decision["metric"]) | {"chosen": False, "folds": decision.get("folds")}
    if not usable:
        raise StudyError(f"{folder.path} has no candidate: {_why_none(decision)}")
    valid = nearest(wanted or "", [*(c["name"] for c in usable), *(own.name for own in OwnCandidates(folder).every())])
    if wanted is None:
        raise StudyError(f"{folder.path}: the verdict names no candidate; name one with --candidate; {valid}")
    raise StudyError(f"{folder.path} has no candidate '{wanted}'; {valid}")


def _why_none(decision: dict[str, Any]) -> str:
    for row in decision["candidates"]:
        return f"every rung failed, {row['name']} with: {row['note']}"
    return (
        "a limit was reached before anything was measured; raise limits.minutes (or calls, tokens, money) in the task file"
        " and run it again"
    )


def _candidate_file(folder: StudyFolder, identity: str) -> Candidate:
    path = folder.candidate(identity)
    body = read_json(path)
    try:
        if body["weights"]:
            body["weights"]["path"] = str(folder.path / body["weights"]["path"])
        return candidate_from_json(body)
    except (KeyError, TypeError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error


def read_task(folder: StudyFolder) -> Task:
    """The task as the study completed it: kind, labels and metric filled in."""
    journal = JournalReader(folder.existing().journal)
    try:
        body = journal.fact("task")
    finally:
        journal.close()
    del body["path"]
    return Task(**body | {"folder": Path(body["folder"])})


def _shown_candidate(decision: dict[str, Any]) -> str:
    wanted = decision["verdict"]["choice"] or decision["verdict"]["provisional"]
    return next((c["name"] for c in decision["candidates"] if c["id"] == wanted), "")


def _candidate(row: dict[str, Any], details: dict[str, Any], decision: dict[str, Any]) -> CandidateReport:
    return replace(CandidateReport.from_json(row, details), change=_change(row["id"], decision))


def _change(identity: str, decision: dict[str, Any]) -> Change | None:
    for pair in decision["comparisons"]:
        if pair["family"] == "baseline" and pair["a"] == identity:
            return Change(pair["difference"], pair["low"], pair["high"], pair["p_adjusted"])
    return None


def _confusion(records: list[dict[str, Any]], name: str) -> Confusion:
    answered = [r for r in records if r["error"] is None]
    labels = sorted({r["gold"] for r in answered} | {r["prediction"] for r in answered})
    counts = Counter((r["gold"], r["prediction"]) for r in answered)
    return Confusion(tuple(labels), tuple(tuple(counts[g, p] for p in labels) for g in labels), name)


def _fields(records: Iterable[dict[str, Any]]) -> tuple[FieldRow, ...]:
    totals: dict[str, Counter[str]] = {}
    for record in records:
        counts = record["counts"] or _presence(record)
        for field, count in counts.items():
            totals.setdefault(field, Counter()).update(count)
    return tuple(_field(name, c["tp"], c["fp"], c["fn"]) for name, c in sorted(totals.items()))


def _presence(record: dict[str, Any]) -> dict[str, dict[str, int]]:
    """For metrics without counts: a field is right when its value is the gold one."""
    if record["error"] is not None:
        return {}
    gold, answer = (_object(record[side]) for side in ("gold", "prediction"))
    return {
        name: {
            "tp": int(name in gold and gold.get(name) == answer.get(name)),
            "fp": int(name in answer and gold.get(name) != answer.get(name)),
            "fn": int(name in gold and gold.get(name) != answer.get(name)),
        }
        for name in gold | answer
    }


def _object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _field(name: str, tp: int, fp: int, fn: int) -> FieldRow:
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return FieldRow(name, tp, fp, fn, precision, recall, 2 * tp / (2 * tp + fp + fn) if tp else 0.0)


def _disagreements(runs: dict[str, list[dict[str, Any]]]) -> list[Disagreement]:
    """Test items on which candidates differ in being right, those that split them most evenly first."""
    found = []
    by_id = [{record["id"]: record for record in records} for records in runs.values()]
    common = [id for id in (by_id[0] if by_id else ()) if all(id in records for records in by_id)]  # a race may stop
    for items in ([records[id] for records in by_id] for id in common):
        correct = {name: (r["value"] or 0.0) >= 0.999 for name, r in zip(runs, items, strict=True) if r["error"] is None}
        if len(set(correct.values())) < 2:
            continue
        answers = {name: r["prediction"] for name, r in zip(runs, items, strict=True) if r["error"] is None}
        evenness = abs(sum(correct.values()) - len(correct) / 2)
        found.append((evenness, Disagreement(items[0]["input"], items[0]["gold"], items[0]["source"], answers, correct)))
    found.sort(key=lambda pair: pair[0])
    return [disagreement for _, disagreement in found[:DISAGREEMENTS]]
