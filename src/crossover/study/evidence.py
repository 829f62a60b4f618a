"""The evidence of a decision in the journal: written when a study is decided, read back to decide again without a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossover.decision.costs import Bill, Making
from crossover.decision.deciding import Evidence, Measured
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import StudyError
from crossover.evaluation.contention import Load
from crossover.evaluation.probe import Probe, Speed
from crossover.metrics.base import Metric
from crossover.study.read import tested_run
from crossover.types import Counts, Estimate, Example, Raced, Record, Reply, Run, Score, SplitName, Usage, to_json

FACT = "evidence"
WARNINGS = "warnings"
MEASURED = ("name", "strategy", "family", "rung", "order", "id", "model")
TAKEN = ("cached", "speed", "making", "local", "control", "tuned")  # of a bill; the rest of it is in the dev run


def keep_evidence(evidence: Evidence, journal: Journal) -> None:
    """The runs are journaled apart."""
    rows = [
        {name: getattr(one, name) for name in MEASURED}
        | {name: to_json(getattr(one.bill, name)) for name in TAKEN}
        | {"probe": to_json(one.probe), "tested": one.test is not None}
        for one in evidence.measured
    ]
    journal.set_fact(FACT, {"measured": rows, "floor": to_json(evidence.floor)})


def read_evidence(journal: JournalReader, metric: Metric, metric_name: str, seed: int) -> Evidence:
    """Raises `StudyError` where an earlier version measured, which kept less."""
    body = journal.fact(FACT)
    if body is None:
        raise StudyError(
            f"{journal.path} was written by a version of Crossover that kept too little to decide again: run the study"
            " again, which asks no model for what is known"
        )
    floor = Estimate(**body["floor"]) if body["floor"] else None
    return Evidence([_measured(row, journal) for row in body["measured"]], metric, metric_name, seed, floor)


def _measured(row: Mapping[str, Any], journal: JournalReader) -> Measured:
    dev = _run(row["id"], "dev", journal.run(row["id"], "dev"))
    usages, making = dev.taken, Making.from_json(row["making"])
    bill = Bill(
        tokens_in=tuple(usage.tokens_in for usage in usages),
        tokens_out=tuple(usage.tokens_out for usage in usages),
        money=tuple(usage.money for usage in usages),
        **{name: row[name] for name in TAKEN} | {"speed": Speed.from_json(row["speed"]), "making": making},
    )
    test = _run(row["id"], "test", tested_run(journal, row["id"])) if row["tested"] else None
    probe = None
    if row["probe"]:
        load = Load(**row["probe"]["load"]) if row["probe"]["load"] else None
        probe = Probe(**row["probe"] | {"load": load, "consistency": Estimate(**row["probe"]["consistency"])})
    return Measured(**{name: row[name] for name in MEASURED}, bill=bill, dev=dev, test=test, probe=probe)


def _run(candidate: str, split: SplitName, body: Mapping[str, Any]) -> Run:
    records = tuple(map(_record, body["records"]))
    raced = Raced(**body["raced"]) if body.get("raced") else None
    over = {name: body[name] for name in ("folds", "design", "leaning") if name in body}
    return Run(candidate, split, body["metric"], records, Estimate(**body["estimate"]), raced=raced, **over)


def _record(body: Mapping[str, Any]) -> Record:
    example = Example(body["id"], body["input"], body["gold"], body["group"], body["source"], body["slices"])
    usage = Usage(body["tokens_in"], body["tokens_out"], 0.0, body["money"])
    counts = {name: Counts(**found) for name, found in body["counts"].items()}
    score = None if body["value"] is None else Score(body["value"], counts, body["valid"])
    return Record(example, Reply(usage=usage, error=body["error"]), body["prediction"], score, body["relevance"])
