"""A finished study run again as it was, for its learning curve: what it measured before costs no call of a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from crossover.data.infer import prepare
from crossover.data.settings import SET, called, overridden
from crossover.data.task import task_from
from crossover.data.yamlfile import YamlFile
from crossover.engine.journal import JournalReader
from crossover.errors import OptionError
from crossover.study.curve_plan import curve_plan
from crossover.study.folder import StudyFolder
from crossover.study.history import given
from crossover.study.listener import Listener, Quiet
from crossover.study.run import run_task

KEY = "curve"


def measure_curve(
    place: StudyFolder | Path | str,
    sizes: Sequence[int] = (),
    seeds: int | None = None,
    settings: Sequence[str] = (),
    listener: Listener | None = None,
    by: str = SET,
) -> StudyFolder:
    """Measure the learning curves of a finished study, or go on with them, and write its verdict with them.

    `sizes`: numbers of labels, training and dev rows together; `seeds`: draws at each; without either as the study's task
    says, or else as they are by default. `settings`: keys of the task, such as "limits.minutes=60"; `by`: what a message
    names, where no command line gave them. Raises `StudyError`
    where no finished study lies there, `TaskError`, `OptionError` and `DataError` for a curve that cannot be.
    """
    folder = StudyFolder.at(place).existing()
    journal = JournalReader(folder.journal)
    try:
        keys, where = given(journal)
        source, options = journal.fact("task")["path"], journal.fact("options", [])
    finally:
        journal.close()
    wanted = [*settings, *_wanted(keys, sizes, seeds, settings, by)]
    task = task_from(overridden(YamlFile(Path(source), keys), wanted, by), where)
    if task.curve is None:
        raise OptionError(
            f"curve: received none to measure, in {called(KEY, by)}; valid is true, or {{sizes: [10, 20, 40], seeds: 3}}"
        )
    prepared = prepare(task, (listener or Quiet()).progress)
    curve_plan(task.curve, prepared.task, prepared.splits)  # whoever asks for nothing but a curve is told if there is none
    said = [*_without(options), *(word for one in wanted for word in ("--set", one))]
    run_task(task, source, folder, listener, said, prepared=prepared)
    return folder


def _wanted(
    keys: dict[str, object], sizes: Sequence[int], seeds: int | None, settings: Sequence[str], by: str
) -> list[str]:
    named = [setting for setting in settings if setting.partition("=")[0].strip().split(".")[0] == KEY]
    if not sizes and seeds is None:
        return [] if keys.get(KEY) or named else [f"{KEY}=true"]
    if named:
        raise OptionError(f"curve: sizes or seeds are given, and {called(named[0], by)} too; valid is one of the two")
    body = {**({"sizes": list(sizes)} if sizes else {}), **({} if seeds is None else {"seeds": seeds})}
    return [f"{KEY}={json.dumps(body)}"]


def _without(options: Sequence[str]) -> list[str]:
    """The options of the command without an earlier curve's."""
    pairs = [list(options[at : at + 2]) for at in range(0, len(options), 2)]
    return [word for pair in pairs if not pair[-1].startswith((f"{KEY}=", f"{KEY}.")) for word in pair]
