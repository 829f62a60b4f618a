"""Labelled rows that came after a study, in the layout of its task: read and spelled as the study's own rows were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.data.checks import absent_texts, damaged_texts, merged_labels
from crossover.data.compared import compared
from crossover.data.finding import NAMED_LABELS, Finding, by_level, count_rows, first_of
from crossover.data.labels import Merged, one_spelling
from crossover.data.leaks import leaks
from crossover.data.load import load_tables, text_of, to_examples
from crossover.data.memory import check_given, is_held, take
from crossover.data.quoted import READ_AS, WRITTEN_AS, Form, form_of, held_in
from crossover.data.rows import Row
from crossover.data.task import Task
from crossover.data.template import MISSING, lookup
from crossover.data.text import is_blank
from crossover.errors import DataError, NoRows, nearest
from crossover.types import Example, content_hash


@dataclass(frozen=True)
class Labelled:
    """`name`: of the file, or what stands for rows in memory. `blank` names the rows that were left out; `merged`: labels
    that are written otherwise than in the study. `sha256` covers inputs, outputs and groups, in their order. `form`: how
    the outputs are written here, and `otherwise`: the rows whose output is not written as the study's are."""

    name: str
    examples: tuple[Example, ...]
    blank: tuple[str, ...]
    merged: tuple[Merged, ...]
    sha256: str
    form: Form = "as it stands"
    otherwise: tuple[str, ...] = ()


def read_labelled(task: Task, data: Any) -> Labelled:
    """The rows of `data` for a completed task: a file, a Hugging Face data set (relative to the working directory), or a
    table in memory, with the task's own columns.

    Labels are spelled as the study spells them, outputs that it took out of lists or quotes are taken out here, and no
    others, JSON outputs are canonical, rows with a blank input or output are left out.
    Raises `DataError`.
    """
    check_given(data)
    tables: dict[str, Any] | None = None
    if is_held(data):
        name, tables = take(data)
    else:
        name = str(data)
    if not isinstance(name, str) or isinstance(data, Mapping):
        raise DataError("data: received several splits; valid is one table, or the name of one file")
    placed = task.model_copy(update={"data": name, "tables": tables, "folder": Path()})
    found = load_tables(placed)
    if list(found) != ["all"]:
        splits = ", ".join(found)
        raise DataError(f"the data set '{name}' has the splits {splits}; valid is one of them, as in '{name}#test'")
    examples = to_examples(placed, found["all"], name)
    blank = [example for example in examples if not _whole(example)]
    kept = [example for example in examples if _whole(example)]
    if not kept:
        raise NoRows(f"{name}: every row has a blank '{task.input}' or a blank '{task.output}'")
    merged: list[Merged] = []
    if task.kind == "classify":
        kept, merged = one_spelling(kept, list(task.labels))
    digest = content_hash([(example.input, example.output, example.group) for example in kept])
    left = tuple(example.source for example in blank)
    return Labelled(name, tuple(kept), left, tuple(merged), digest, *_otherwise(task, found["all"]))


def check_labelled(task: Task, new: Labelled, known: Mapping[str, Sequence[Example]]) -> list[Finding]:
    """What is doubtful with new rows. `known`: the study's rows by split. Codes: blank,
    damaged_text, absent_text, output_form, merged_labels, unlisted_label, leak_exact, leak_near, leak_group; all are
    warnings."""
    findings = [*absent_texts(new.examples), *damaged_texts(new.examples), *_formed(task, new, known)]
    findings += [*merged_labels(new.merged), *_unlisted(task, new)]
    findings += [*leaks(new.name, new.examples, known), *_groups(new, known)]
    if new.blank:
        message = f"{new.name}: {count_rows(len(new.blank))} with a blank input or output, left out"
        findings.insert(0, Finding("warning", "blank", message, new.blank))
    return by_level(findings)


def unmet(new: Labelled, known: Mapping[str, Sequence[Example]]) -> list[bool]:
    """Of each new row, whether its input is in no row of the study."""
    met = {compared(example) for examples in known.values() for example in examples}
    return [compared(example) not in met for example in new.examples]


def _whole(example: Example) -> bool:
    return not (is_blank(example.input) or is_blank(example.output))


def _otherwise(task: Task, rows: Sequence[Row]) -> tuple[Form, tuple[str, ...]]:
    """How outputs are written, and the rows whose output is not written as the study's are."""
    written = [(row, lookup(row.fields, task.output)) for row in rows]
    written = [(row, value) for row, value in written if value not in (MISSING, None, "")]
    written = [(row, value) for row, value in written if text_of(row, task.output) not in task.labels]
    study = task.output_form or "as it stands"
    if study != "as it stands":
        said = f"the column '{task.output}' {READ_AS[study]}"
        return study, tuple(row.source for row, _ in written if said not in row.remarks)
    form = form_of([value for _, value in written], task.labels, task.kind)
    if form == "as it stands" and task.kind != "classify":  # not alike: those that are lists beside texts
        return "list of one", tuple(row.source for row, value in written if held_in(value, "list of one") is not None)
    if form == "as it stands" or (form == "list of one" and task.kind == "classify"):  # no label is a list
        return study, ()
    return form, tuple(row.source for row, value in written if held_in(value, form) is not None)


def _formed(task: Task, new: Labelled, known: Mapping[str, Sequence[Example]]) -> list[Finding]:
    """That outputs are in lists or quotes where the study's were not, or the other way around."""
    begins = {example.output[:1] for examples in known.values() for example in examples}
    usual = task.output_form == "as it stands" and ('"' if new.form == "quoted" else "[") in begins
    if usual or not new.otherwise:
        return []
    how = WRITTEN_AS[new.form]
    what = f"not {how}, as the study's are" if new.form == task.output_form else f"{how}, as no output of the study is"
    message = f"{new.name}: {count_rows(len(new.otherwise))} whose output is {what}: it is read as it stands"
    return [Finding("warning", "output_form", message, new.otherwise)]


def _unlisted(task: Task, new: Labelled) -> list[Finding]:
    """Labels that the study did not know: no candidate can give them, so their rows are wrong for all."""
    if task.kind != "classify" or not task.labels:
        return []
    rows: dict[str, list[str]] = {}
    for example in new.examples:
        if example.output not in task.labels:
            rows.setdefault(example.output, []).append(example.source)
    findings = [
        Finding(
            "warning",
            "unlisted_label",
            f"{new.name}: the study does not know the label '{label}' ({count_rows(len(sources))}), so no candidate can"
            f" give it; {nearest(label, list(task.labels))}",
            tuple(sources),
        )
        for label, sources in list(rows.items())[:NAMED_LABELS]
    ]
    if others := list(rows)[NAMED_LABELS:]:
        found = tuple(source for label in others for source in rows[label])
        names = first_of([f"'{label}'" for label in others])
        message = f"{new.name}: the study does not know {len(others)} more labels either: {names}"
        findings.append(Finding("warning", "unlisted_label", message, found))
    return findings


def _groups(new: Labelled, known: Mapping[str, Sequence[Example]]) -> list[Finding]:
    met = {example.group for examples in known.values() for example in examples} - {None}
    again = [example for example in new.examples if example.group in met]
    if not again:
        return []
    count = len({example.group for example in again})
    message = f"{new.name}: {count_rows(len(again))} of {count} group(s) that the study has met: scores will look too good"
    return [Finding("warning", "leak_group", message, tuple(example.source for example in again))]
