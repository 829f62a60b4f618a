"""Prompts of the registry in a study: which version a label means when it begins, what is measured of it, what it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from crossover.data.task import StrategySpec, Task
from crossover.data.yamlfile import KeyPath
from crossover.errors import OptionError, PromptError
from crossover.prompts.place import home
from crossover.prompts.record import Figure, Version
from crossover.prompts.store import Registry
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from crossover.types import Candidate

STRATEGY, OPTION = "registered", "prompt"


def pinned(task: Task, place: Callable[[KeyPath], str]) -> Task:
    """The task with the version of each registered prompt in the place of its label: a study that goes on later, when the
    label has moved, has the same. Raises `OptionError`, saying by `place` where it stands.
    """
    found, said = [], []
    for number, spec in enumerate(task.strategies):
        options = _options(spec)
        if options is None:
            found.append(spec)
            continue
        try:
            meant = options.get(OPTION)
            version = Registry(home(task.folder)).get(str(meant))
        except PromptError as error:
            raise OptionError(f"{place(('strategies', number))}: {error}") from error
        exact = _exact(version)
        if meant != exact:
            said.append(f"{meant} of the prompt registry is version {version.identity}")
        own = {**options, OPTION: exact}
        whole = own if spec.name == STRATEGY else {**spec.options, STRATEGY: own}
        found.append(StrategySpec(name=spec.name, options=whole))
    if not said:
        return task
    return task.model_copy(update={"strategies": found, "assumptions": (*task.assumptions, *dict.fromkeys(said))})


def keep_scores(folder: StudyFolder, task: Task) -> list[str]:
    """Enter into the registry what a finished study measured of each candidate with one of its prompts, and say so.

    Raises `PromptError` where the registry cannot be written.
    """
    named = {str(options[OPTION]) for spec in task.strategies if (options := _options(spec)) is not None}
    if not named:
        return []
    registry, decision, said = Registry(home(task.folder)), folder.read_decision(), []
    for version in map(registry.get, sorted(named)):
        for row in decision["candidates"]:
            if row["family"] == "control" or row["same_as"] or not row["dev"]:
                continue
            candidate, _ = read_candidate(folder, row["id"])
            if candidate.prompt == version.prompt:
                registry.score(figure(version, candidate, row, decision))
                said.append(f"the score of {row['name']} is kept with {_exact(version)} in {registry.folder}")
    return said


def add_candidate(
    registry: Registry,
    called: str,
    folder: StudyFolder,
    name: str | None = None,
    note: str = "",
    by: str = "",
    label: str = "",
) -> Version:
    """Keep a candidate's prompt under the name `called`, with what the study measured of the candidate.

    `name`: the candidate's, else the verdict's choice. Raises `StudyError` where there is none, and `PromptError`.
    """
    candidate, row = read_candidate(folder, name)
    if row["family"] == "control":
        raise PromptError(f"'{row['name']}' of {folder.path} is a control, which has no prompt; valid is another candidate")
    decision = folder.read_decision()
    source = f"the study {decision['task']} of {str(decision['created'])[:10]}, candidate {row['name']} ({candidate.id})"
    version = registry.add(called, candidate.prompt, candidate.decoding, note, source, by, label)
    registry.score(figure(version, candidate, row, decision))
    return version


def figure(version: Version, candidate: Candidate, row: Mapping[str, Any], decision: Mapping[str, Any]) -> Figure:
    """What a study says of a candidate, by its row of decision.json: on test, or on dev where it did not come so far."""
    split = "test" if row["test"] else "dev"
    measured = row[split]
    return Figure(
        name=version.name,
        number=version.number,
        at=str(decision["created"]),
        version=version.identity,
        task=str(decision["task"]),
        model=candidate.model,
        strategy=str(row["name"]),
        candidate=candidate.id,
        weights=candidate.weights is not None,
        data=str(decision["data_sha256"]),
        metric=str(row["metric"] or decision["metric"]),
        split=split,
        folds=decision.get("folds") or 0 if row["test"] else 0,
        n=measured["n"],
        value=measured["value"],
        low=measured["low"],
        high=measured["high"],
    )


def _options(spec: StrategySpec) -> Mapping[str, Any] | None:
    """The options of a rung's registered prompt; None where it has none."""
    if STRATEGY not in re.split(r"[+*]", spec.name):
        return None
    options = spec.options if spec.name == STRATEGY else spec.options.get(STRATEGY)
    return options if isinstance(options, Mapping) else {OPTION: ""}


def _exact(version: Version) -> str:
    return f"{version.name}@{version.identity}"
