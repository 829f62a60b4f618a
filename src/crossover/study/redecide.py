"""A finished study decided again, with other prices, limits, margin, tolerance or target, without a model.

Nothing that was measured, or decided first, is touched. Each new decision is a file of its own in `history/`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossover.data.economics import Economics, PriceList
from crossover.data.settings import SET, called
from crossover.data.task import INNER, Task, with_settings
from crossover.decision.deciding import Decided
from crossover.decision.flip import flips
from crossover.engine.journal import JournalReader
from crossover.errors import OptionError, nearest
from crossover.metrics.open import metric_of
from crossover.study.decided import cost_detail, crossover_json, decided_json, slices_of, status_of
from crossover.study.evidence import WARNINGS, read_evidence
from crossover.study.folder import REDECIDED, StudyFolder, damaged, read_json, write_json
from crossover.study.history import changes
from crossover.study.labels import read_learning
from crossover.study.read import read_task
from crossover.types import to_json

FREE = ("target", "margin", "tolerance")
LIMITS = (*Economics.model_fields, "latency_p95_ms", "data_stays_here")
KEYS = (*FREE, *(f"limits.{name}" for name in LIMITS), *(f"prices.{name}" for name in PriceList.model_fields))
PRICE_OF_A_MODEL = re.compile(r"models\.[\w-]+\.prices\.\w+")


def redecide(place: StudyFolder | Path | str, settings: Sequence[str], by: str = SET) -> Path:
    """Decide with settings such as "limits.requests_per_month=50000", and return the new decision's file.

    The same settings again give the same file. `by`: what a message names, where no command line gave them. Raises
    `StudyError` where no finished study lies, `OptionError` for a setting that would need measuring, `TaskError` for one
    that is not valid.
    """
    folder = StudyFolder.at(place).existing()
    if not settings:
        valid = "--set KEY=VALUE" if by == SET else "a key of the task file"
        raise OptionError(f"redecide: nothing is set; valid is {valid}, such as limits.requests_per_month=50000")
    for setting in settings:
        _check(setting, _called(setting, by))
    before = folder.read_decision()
    task = read_task(folder)
    named = {setting.split(".")[1] for setting in settings if PRICE_OF_A_MODEL.match(setting.strip())}
    if unknown := sorted(named - set(task.models)):
        valid = (
            nearest(unknown[0], list(task.models)) if task.models else "it has one, whose prices are prices.input and so on"
        )
        raise OptionError(f"redecide: the study has no model '{unknown[0]}'; {valid}")
    if task.models and any(setting.strip().startswith("prices.") and "currency" not in setting for setting in settings):
        first = next(iter(task.models))
        raise OptionError(f"redecide: the study has several models, each with its own prices: models.{first}.prices.input")
    changed = with_settings(task, settings, by)
    differs = changes(task.model_dump(mode="json"), changed.model_dump(mode="json"))
    if not differs and all(setting.rstrip().endswith("=") for setting in settings):
        named_so = f" {by} ".join(settings) if by == SET else ", ".join(settings)
        raise OptionError(f"{_called(named_so, by)}: that was not set, so nothing is taken away")
    with closing(JournalReader(folder.journal)) as journal:
        evidence = read_evidence(journal, metric_of(task, "redecide"), task.metric or "accuracy", task.seed)
        warned: Mapping[str, list[str]] = journal.fact(WARNINGS)
    decided = evidence.decide(changed)
    untested = [
        f"{name} would be a finalist with these settings and was not tested: run the study with them to test it"
        for name in decided.untested
    ]
    learning = read_learning(before["crossover"], changed.target, task.seed)
    slices = slices_of(decided, evidence, changed)
    after = [*(slices.warnings if slices else ()), *warned["after"]]
    made = decided_json(decided, flips(evidence, changed), changed, [*untested, *warned["before"]], after, learning)
    made["slices"] = slices.to_json() if slices else None
    bills = {one.id: one.bill for one in evidence.measured}
    decision = _patched(before, made, decided, {id: to_json(_costs(decided, id, bills)) for id in bills}, changed)
    decision["redecided"] = {
        "settings": list(settings),
        "changed": differs,
        "of": before["created"],
        "at": None,
    }
    with folder.locked():
        return _kept(folder, decision)


def _called(setting: str, by: str) -> str:
    return f"redecide, {called(setting, by)}" if by == SET else called(setting, by)


def _check(setting: str, where: str) -> None:
    key = setting.partition("=")[0].strip()
    if key in KEYS or (PRICE_OF_A_MODEL.fullmatch(key) and key.rpartition(".")[2] in PriceList.model_fields):
        return
    outer, _, inner = key.partition(".")
    known = outer in Task.model_fields and (outer not in INNER or not inner or inner in INNER[outer].model_fields)
    why = "it needs measuring, so the study has to be run with it" if known else "there is no such key"
    shown = ("target", "margin", "tolerance", "limits.requests_per_month", "limits.latency_p95_ms", "prices.input")
    raise OptionError(f"{where}: {why}; valid are prices, limits and demands, such as {', '.join(shown)}")


def _costs(decided: Decided, id: str, bills: Mapping[str, Any]) -> Any:
    contender = next(c for c in decided.contenders if c.id == id)
    return cost_detail(contender, decided.spreads.get(id), bills[id])


def _patched(
    before: Mapping[str, Any], made: Mapping[str, Any], decided: Decided, details: Mapping[str, Any], task: Task
) -> dict[str, Any]:
    """The first decision with all that the new one makes otherwise."""
    contenders = {c.id: c for c in decided.contenders}
    rows = []
    for row in before["candidates"]:
        contender = contenders.get(row["id"])
        if contender is None:  # it failed
            rows.append(row)
            continue
        cost = {"fixed": float(contender.cost.fixed), "per_1k_requests": float(contender.cost.per_1k)}
        cost |= {"currency": made["currency"], **details[row["id"]]}
        status = status_of(contender, decided.champions, row["test"] is not None)
        rows.append(row | {"cost": cost, "status": status})
    baseline = [pair for pair in before["comparisons"] if pair["family"] == "baseline"]
    return {
        **before,
        **{name: made[name] for name in ("target", "margin", "tolerance", "verdict", "flips", "slices")},
        "candidates": rows,
        "comparisons": [*made["comparisons"], *baseline],
        "crossover": {**before["crossover"], **crossover_json(made)},
    }


def _kept(folder: StudyFolder, decision: dict[str, Any]) -> Path:
    """The file with this decision: one that says the same is not written twice."""
    files = folder.redecisions
    fresh = json.loads(json.dumps(decision))
    for path in files:
        known = read_json(path)
        if not isinstance(known, dict) or not isinstance(known.get("redecided"), dict):
            raise damaged(path, "it lacks 'redecided'")  # nobody could read the folder with the new one either
        if known | {"redecided": {**known["redecided"], "at": None}} == fresh:
            return path
    decision["redecided"]["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    last = int(files[-1].stem.rpartition("-")[2]) if files else 0  # more than there are, where some were deleted
    path = folder.history / f"{REDECIDED}-{last + 1}.json"
    write_json(path, decision)
    return path
