"""A finished study -> a service, by its name: gathers what may leave, and sends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossover.data.address import without_keys
from crossover.data.task import Task
from crossover.engine.conversation import against, conversation
from crossover.engine.journal import JournalReader
from crossover.errors import OptionError, nearest
from crossover.publish.base import Material, Published, Service, send
from crossover.publish.mlflow import MLflow
from crossover.publish.placeless import places, without_places
from crossover.publish.promptlayer import PromptLayer
from crossover.publish.rowless import quoted, row_texts, rowless
from crossover.report.verdict import headline
from crossover.study.folder import StudyFolder
from crossover.study.own import MADE
from crossover.study.read import read_candidate, read_results, read_task, tested_run
from crossover.study.results import Results
from crossover.types import Candidate, content_hash

SERVICES: dict[str, type[MLflow] | type[PromptLayer]] = {"mlflow": MLflow, "promptlayer": PromptLayer}
CONTROL = "is none, as a control has no language model"
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def publish(
    folder: StudyFolder,
    to: str,
    candidate: str | None = None,
    label: str | None = None,
    url: str | None = None,
    name: str | None = None,
    rows: bool = False,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Published:
    """Publish a finished study with the prompt of the verdict's choice, or of the `candidate`; publishing again updates.

    `to`: "mlflow" or "promptlayer"; `label`: what the prompt is released as; `url`: the service's address, else that of the
    environment; `name`: what it is called there, else the task's name; `rows`: whether rows of the data may be sent too.
    `dry_run`: only say what would be sent; nothing is asked over the network. `tell` is given each sentence when true.

    Raises `OptionError` for what cannot be published as wanted, `MissingExtra`, and `StudyError` where there is no finished
    study, or the service fails: with what is published by then.
    """
    if to not in SERVICES:
        raise OptionError(f"there is no service '{to}' to publish to; {nearest(to, list(SERVICES))}")
    if label is not None and not LABEL.fullmatch(label):
        raise OptionError(f"received the label '{label}'; valid are letters, digits, - and _, such as production")
    if name is not None and not NAME.fullmatch(name):
        raise OptionError(f"received the name '{name}'; valid are letters, digits, - _ . (not a dot or dash first)")
    service: Service = SERVICES[to](url)
    return send(service, gather(folder, candidate, label or "", name, rows, service), dry_run, tell)


def gather(folder: StudyFolder, named: str | None, label: str, name: str | None, rows: bool, service: Service) -> Material:
    """What of a study is sent to a service. Raises `OptionError` where rows may not leave, `StudyError`."""
    candidate, row = read_candidate(folder, named)
    if row["status"] == MADE:
        raise OptionError(f"'{row['name']}' was {MADE}, and a study publishes what it measured itself; valid is another")
    task = read_task(folder)
    if rows and task.limits.data_stays_here and not service.here:
        raise OptionError(
            f"limits.data_stays_here is true, so no rows of the data go to {service.shown}; valid is publishing without"
            " rows, or a server on this machine"
        )
    results = elsewhere(read_results(folder), task.name)
    here = places(task, results)
    results = without_places(results, here)
    texts = [] if rows else row_texts(folder)
    if not rows:
        results = rowless(results, texts)
    candidates = _candidates(folder, results)
    shown = {one: replace(found, model=here.get(found.model, found.model)) for one, found in candidates.items()}
    controls = [one.name for one in results.candidates if one.family == "control"]
    kept = {one: CONTROL if one in controls else _kept_back(found, rows, texts) for one, found in candidates.items()}
    messages = {one: tuple(conversation(found.prompt)) for one, found in candidates.items() if not kept[one]}
    chosen = next(one for one in results.candidates if one.name == row["name"])
    decision = results.decision
    return Material(
        folder=folder.path,
        study=content_hash({key: decision[key] for key in ("task", "data_sha256", "created")}),
        name=name or task.name,
        label=label,
        results=results,
        chosen=chosen,
        candidate=replace(candidate, model=here.get(candidate.model, candidate.model)),
        candidates=shown,
        prompt=messages.get(chosen.name),
        kept_back=kept.get(chosen.name, "it is not there"),
        messages=messages,
        task=without_places(_written(task), here),
        records=_records(folder, candidate) if rows else (),
        rows=rows,
        headline=headline(results),
        notes=tuple(_notes(kept, rows)),
    )


def elsewhere(results: Results, name: str) -> Results:
    """The results without paths of this machine: what a reader of the report is told to type begins in runs/NAME."""
    since = tuple(replace(one, data=Path(one.data).name) for one in results.evaluations)
    task = Path(results.task_path).name
    return replace(results, folder=Path("runs") / name, task_path=task, options=(), evaluations=since)


def _candidates(folder: StudyFolder, results: Results) -> dict[str, Candidate]:
    return {one.name: read_candidate(folder, one.name)[0] for one in results.candidates if one.status != "failed"}


def _kept_back(candidate: Candidate, rows: bool, texts: list[str]) -> str:
    """Why the prompt of a candidate stays here, for "its prompt ..."; "" where it does not."""
    why = against(candidate.prompt)
    if why:
        return f"{why}, which is no template of a service"
    whole = "\n".join(message.content for message in conversation(candidate.prompt))
    if without_keys(whole) != whole:
        return "holds a key that the environment has too"
    if rows:
        return ""
    shown = len(candidate.prompt.demonstrations)
    if shown:
        return f"shows {shown} of your rows, which leave this machine with --rows alone"
    row = quoted(f"{candidate.prompt.instruction}\n{candidate.prompt.template}", texts)
    return "quotes a row of yours, which leaves this machine with --rows alone" if row is not None else ""


def _notes(kept: dict[str, str], rows: bool) -> list[str]:
    found = [f"the prompt of '{name}', which {why}" for name, why in kept.items() if why and why != CONTROL]
    return found if rows else [*found, "every row of the data, so the report has no examples in it; --rows sends them"]


def _records(folder: StudyFolder, candidate: Candidate) -> tuple[dict[str, Any], ...]:
    journal = JournalReader(folder.journal)
    try:
        run = tested_run(journal, candidate.id)
    finally:
        journal.close()
    return tuple(run["records"]) if run else ()


def _written(task: Task) -> dict[str, Any]:
    """The task file's keys, as they were when the study was made; no folder of this machine, no key of it."""
    found = task.model_dump(mode="json", exclude_defaults=True)
    return {key: _clean(value) for key, value in found.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return without_keys(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value
