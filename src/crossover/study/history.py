"""What a folder held before: how its task has changed since, and the verdicts that later ones took the place of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossover.data.curve import CurveSpec
from crossover.data.task import Task
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import StudyError
from crossover.study.folder import StudyFolder, read_json, write_json

FACT = "history"
LONGEST = 60  # characters of a value
ABSENT = "nothing"
# Where the task file lies, and by how many processes it is tuned, is not what is to be done; a learning curve adds to a
# verdict, and changes none. How outputs are written is told by the rows.
APART = ("folder", "path", "curve", "tuning", "output_form")
GIVEN = "given"
AGAIN = "less what earlier runs have finished, which is not done again"


def keep_given(journal: Journal, task: Task) -> None:
    """Note a task as it was given, before anything was completed in it: so that it can be run again as it was."""
    body = task.model_dump(mode="json", exclude_unset=True)
    if options := body.pop("metric_options", None):
        body["metric"] = {body["metric"]: options}
    journal.set_fact(GIVEN, {"task": body, "folder": str(task.folder.resolve())})


def given(journal: JournalReader) -> tuple[dict[str, Any], Path]:
    """The keys of the task file that a study was run with, and where its paths begin; of a study from before that was
    noted, as they were completed."""
    found = journal.fact(GIVEN)
    if found is None:
        task = journal.fact("task")
        keys = {key: value for key, value in task.items() if key not in APART and value not in (None, {}, [])}
        if options := keys.pop("metric_options", None):
            keys["metric"] = {keys["metric"]: options}
        found = {"task": keys, "folder": task["folder"]}
    return found["task"], Path(found["folder"])


def changed_since(journal: Journal, task: Task) -> list[str]:
    """How a task differs from that of the folder's last run, finished or not; nothing where there was none."""
    begun = journal.fact("so far")
    before = begun["task"] if begun else journal.fact("task")
    return changes(before, task.model_dump(mode="json")) if before else []


def begun_before(journal: Journal) -> bool:
    """Whether an earlier run has finished something of a study."""
    return any(journal.fact(name) is not None for name in ("so far", "task"))


def with_kept_curve(journal: Journal, task: Task) -> Task:
    """The task with the learning curve that was measured of the same task before, unless it says that there is none."""
    before = (journal.fact("task") or {}).get("curve")
    if task.curve is not None or before is None or "curve" in task.model_fields_set or changed_since(journal, task):
        return task
    return task.model_copy(update={"curve": CurveSpec(**before)})


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Each key that differs, with its old and new value: "limits.minutes: 10 → 20"."""
    old, new = _flat(before), _flat(after)
    return [
        f"{key}: {_short(old.get(key))} → {_short(new.get(key))}"
        for key in dict.fromkeys((*old, *new))
        if key.partition(".")[0] not in APART and old.get(key) != new.get(key)
    ]


def keep_verdict(folder: StudyFolder, journal: Journal, decision: Mapping[str, Any], task: Mapping[str, Any]) -> None:
    """Before `decision` is written: put the one that it replaces into `history/`, unless it says the same of the same."""
    if not folder.decision.is_file():
        return
    try:
        earlier = read_json(folder.decision)
        verdict = earlier["verdict"]
        names = {c["id"]: c["name"] for c in earlier["candidates"] if not c.get("same_as")}
        name = names.get(verdict["choice"] or verdict["provisional"])
    except (StudyError, KeyError, TypeError):
        return  # damaged: there is nothing to keep
    changed = changes(journal.fact("task", {}), task)
    same = all(verdict[key] == decision["verdict"][key] for key in ("kind", "choice", "provisional"))
    if same and not changed:
        return
    known = journal.fact(FACT, [])
    path = folder.history / f"{len(known) + 1}.json"
    ended = datetime.fromtimestamp(folder.decision.stat().st_mtime, UTC).isoformat(timespec="seconds")
    write_json(path, earlier)
    entry = {"file": _relative(path, folder), "ended": ended, "kind": verdict["kind"], "name": name, "changed": changed}
    entry["short"] = bool(verdict.get("falls_short"))
    journal.set_fact(FACT, [*known, entry])


def _relative(path: Path, folder: StudyFolder) -> str:
    return path.relative_to(folder.path).as_posix()


def _flat(body: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A nested mapping with dotted keys; what is absent or empty is left out."""
    found: dict[str, Any] = {}
    for key, value in body.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{key}.")
        elif value not in (None, [], ""):
            found[f"{before}{key}"] = value
    return found


def _short(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value):
        return f"{int(value):,}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
