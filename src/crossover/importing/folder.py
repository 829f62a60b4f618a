"""What was imported, as a folder: `import.json`, every item, the rows, and a task file for each prompt."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from crossover.data.infer import prepare
from crossover.data.jsonfile import parse
from crossover.data.sketch import Sketch, in_folds
from crossover.data.task import Task
from crossover.data.template import plain
from crossover.data.textfile import read_text
from crossover.errors import CrossoverError, DataError, OptionError
from crossover.importing.analysis import differences, figures, metrics
from crossover.importing.base import Log, Reading, Wording
from crossover.importing.source import shallow

FILE = "import.json"
ROWS = "rows.jsonl"
DEFAULT = Wording("")
UNKNOWN = "data: rows.csv  # your labelled examples\noutput: answer  # their column with the right answer\n"


@shallow()
def body_of(readings: Sequence[Reading], only: str | None = None) -> dict[str, Any]:
    """All that is said of the files, as JSON: logs with their figures, differences, prompts, remarks.

    `only`: the one metric of interest. Raises `OptionError` where no log has it.
    """
    logs = [log for reading in readings for log in reading.logs]
    known = sorted({metric for log in logs for metric in metrics(log)})
    if only is not None and only not in known:
        raise OptionError(f"--metric {only}: no log has it; valid: {', '.join(known) or 'nothing, as there is no log'}")
    return {
        "version": 1,
        "tools": list(dict.fromkeys(reading.tool for reading in readings)),
        "logs": [_log(log, only) for log in logs],
        "differences": [dataclasses.asdict(difference) for difference in differences(logs, only)],
        "prompts": [dataclasses.asdict(wording) for reading in readings for wording in reading.wordings],
        "rows": sum(len(reading.rows) for reading in readings),
        "remarks": [sentence for reading in readings for sentence in reading.remarks],
    }


def _log(log: Log, only: str | None) -> dict[str, Any]:
    """A log with a figure for each metric; `totals` are the tool's numbers that belong to none."""
    found = [figure for figure in figures(log) if only in (None, figure.metric)]
    used = [figure.printed for figure in found]
    return {
        "tool": log.tool,
        "task": log.task,
        "system": log.system,
        "file": log.place,
        "items": len({item.id for item in log.items}),
        "figures": [dataclasses.asdict(figure) for figure in found],
        "totals": [dataclasses.asdict(printed) for printed in log.printed if printed not in used and only is None],
    }


def write(out: Path, readings: Sequence[Reading], body: dict[str, Any]) -> list[str]:
    """Write a new folder, whole or not at all, and say in a sentence each what it has, or lacks and why.

    Raises `DataError` where it cannot be written or something is there already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} exists and is not an empty folder: name a new one")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            with shallow():
                said = _fill(part, out.name, readings, body)
            part.chmod(0o777 & ~_umask())
            os.replace(part, out)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as problem:
        raise DataError(f"{out} cannot be written: {problem.strerror or problem}") from problem
    return said


def read_body(folder: Path) -> dict[str, Any]:
    """What `write` wrote. Raises `DataError` for a file that is not as it was."""
    body = parse(read_text(folder / FILE), str(folder / FILE))
    if not isinstance(body, dict) or body.get("version") != 1 or not isinstance(body.get("logs"), list):
        raise DataError(f"{folder / FILE} is no import of this version; import the files again")
    return body


def _fill(folder: Path, name: str, readings: Sequence[Reading], body: dict[str, Any]) -> list[str]:
    said = [f"{FILE}: the numbers above"]
    items = [
        {"log": f"{log.tool}, {log.task}, {log.system}", **dataclasses.asdict(item)}
        for reading in readings
        for log in reading.logs
        for item in log.items
    ]
    if items:
        _lines(folder / "items.jsonl", items)
        said.append(f"items.jsonl: {len(items)} answers with their scores")
    if definitions := [thing for reading in readings for thing in reading.definitions]:
        _lines(folder / "definitions.jsonl", definitions)
        said.append(f"definitions.jsonl: {len(definitions)} evals and runs, with their graders, as they were")
    whole = [wording for reading in readings for wording in reading.wordings if wording.messages]
    for position, wording in enumerate(whole, start=1):
        file = "prompt.json" if position == 1 else f"prompt-{position}.json"
        _written(
            folder / file, json.dumps(list(map(dataclasses.asdict, wording.messages)), indent=1, ensure_ascii=False) + "\n"
        )
        said.append(f"{file}: '{wording.name}', for  strategies: [{{given: {{prompt: {file}}}}}]")
    having = [reading for reading in readings if reading.rows]
    wordings = [wording for reading in readings if not reading.rows for wording in reading.wordings]
    places = _places(having)
    for reading, place in zip(having, places, strict=True):
        (folder / place).mkdir(exist_ok=True)
        _lines(folder / place / ROWS, reading.rows)
        said.append(f"{place}{ROWS}: {len(reading.rows)} rows")
        named = place.rstrip("/") or name
        said += [place + sentence for sentence in _tasks(folder / place, named, reading, [*reading.wordings, *wordings])]
    if not having:
        said += _sketches(folder, name, wordings)
    _written(folder / FILE, json.dumps(body, indent=1, ensure_ascii=False) + "\n")
    return said


def _sketches(folder: Path, name: str, wordings: Sequence[Wording]) -> list[str]:
    """A task file for each prompt where there are no rows: the user names their own."""
    said = []
    for position, wording in enumerate(wordings, start=1):
        file = "task.yaml" if position == 1 else f"task-{position}.yaml"
        fields = {"name": name, "instruction": wording.instruction, "input": wording.template or "input"}
        written = yaml.safe_dump({k: v for k, v in fields.items() if v}, sort_keys=False, allow_unicode=True, width=120)
        _written(folder / file, f"{written}{UNKNOWN}")
        said.append(f"{file}: the prompt '{wording.name}'; name your labelled examples in it, and their columns")
    return said


def _places(readings: Sequence[Reading]) -> list[str]:
    """The folder of each reading's task: the import's own where there is but one, else one with the task's name."""
    if len(readings) == 1:
        return [""]
    names = [re.sub(r"[^\w.-]+", "-", reading.name or reading.tool).strip("-.")[:80] or "task" for reading in readings]
    seen: set[str] = set()
    places = []
    for name in names:
        unique = next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(names) + 2))) if n.lower() not in seen)
        seen.add(unique.lower())
        places.append(f"{unique}/")
    return places


def _tasks(folder: Path, name: str, reading: Reading, wordings: Sequence[Wording]) -> list[str]:
    """A task file for each prompt, and what is to be said of it."""
    said: list[str] = []
    for position, wording in enumerate(wordings or [DEFAULT], start=1):
        file = "task.yaml" if position == 1 else f"task-{position}.yaml"
        try:
            _written(folder / file, _task(folder, name, reading, wording))
        except CrossoverError as problem:
            return [*said, f"{file} is not written: {str(problem).replace(str(folder), name)}"]
        said.append(f"{file}: for  crossover run" + (f", with the prompt '{wording.name}'" if wording.name else ""))
    return said


def _task(folder: Path, name: str, reading: Reading, wording: Wording) -> str:
    """A task file's text. Raises `CrossoverError` where the files do not say enough for one."""
    template = wording.template or reading.template
    if not template or not reading.output:
        raise DataError(
            f"the files do not say which column is the {'output' if template else 'input'}; crossover init {ROWS}"
        )
    for row in reading.rows:
        try:
            plain(row.get(reading.output))
        except ValueError as problem:
            raise DataError(f"the column '{reading.output}' has {problem}") from problem
    fields = {
        "name": name,
        "instruction": wording.instruction,
        "data": ROWS,
        "input": template,
        "output": reading.output,
        "folder": folder,
    }
    tries = [{"metric": reading.metric}, {}] if reading.metric else [{}]
    for metric in tries:
        try:
            task = Task(**fields, **metric)
            prepared, _ = in_folds(task, prepare(task))
        except CrossoverError:
            if metric:  # ours does not suit this kind of task: the usual one stands
                continue
            raise
        return Sketch(prepared, None, (), "").text()
    raise AssertionError("unreachable")


def _lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    _written(path, "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows))


def _written(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="backslashreplace")  # half a character, as JSON may hold one


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
