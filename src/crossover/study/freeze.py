"""Holds a study to the data, the splits and the model that it began with, for test is to be met once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from crossover.data.splits import Splits, make_splits
from crossover.data.task import Task
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import StudyError
from crossover.study.folder import StudyFolder
from crossover.study.models import ANSWERED


def freeze(
    journal: Journal,
    folder: StudyFolder,
    model: str,
    splits: Splits,
    changed: Sequence[str],
    identities: Mapping[str, str],
) -> None:
    """Write down what a study begins with, or raise `StudyError` where it is not what it began with.

    `changed`: how its task differs from that of the folder's last run. `identities`: of each model that is compared, or
    judges, by its specification: a folder or a file may hold another one at the same place, and candidates, their speed
    and what was tested are known by the specification.
    """
    frozen = journal.fact("data")
    now = {"sha256": splits.sha256, "n": {name: len(examples) for name, examples in splits.items()}}
    if frozen is None:
        journal.set_fact("data", now)
        journal.set_fact("created", datetime.now(UTC).isoformat(timespec="seconds"))
    elif frozen != now:
        what = f"; changed in the task: {'; '.join(changed)}" if changed else ""
        raise StudyError(
            f"{folder.path} holds a study of other data or splits ({frozen['sha256'][:12]}, now"
            f" {splits.sha256[:12]}{what}): name another folder with --out"
        )
    known = journal.fact("model")
    if known is None:  # a new study, or one that was begun before this was written down
        journal.set_fact("model", model)
    elif known != model:
        raise StudyError(
            f"{folder.path} holds a study of the model '{known}', now '{model}': name another folder with --out"
        )
    answered = journal.fact(ANSWERED, {})
    for spec, identity in identities.items():
        if answered.get(spec, identity) != identity:
            raise StudyError(
                f"{folder.path} holds a study of the model '{spec}' as it was ({answered[spec]}), and it is another one now"
                f" ({identity}): have it as it was (its files, or what its service has), or name another folder with --out"
            )
    if new := {spec: identity for spec, identity in identities.items() if spec not in answered}:
        journal.set_fact(ANSWERED, answered | new)


def frozen_splits(folder: StudyFolder, task: Task) -> Splits:
    """The splits of a finished study, made again from its data. Raises `StudyError` where these are no longer the same."""
    journal = JournalReader(folder.journal)
    try:
        frozen = journal.fact("data")
    finally:
        journal.close()
    for kind in (task.kind, None):  # the study may have inferred the kind only after it made its splits
        splits = make_splits(task.model_copy(update={"kind": kind}))
        if splits.sha256 == frozen["sha256"]:
            return splits
    raise StudyError(
        f"{folder.path} measured other data ({frozen['sha256'][:12]}) than its task's files hold now: put them back as they"
        " were, or run the study again in a new folder"
    )
