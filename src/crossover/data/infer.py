"""Complete a task by looking at its data, and say what was assumed; `prepare` does all that comes before a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from crossover.data.checks import check
from crossover.data.finding import Finding, by_level, count_rows
from crossover.data.gold import labels_within, parts_of, telling_column
from crossover.data.infer_kind import infer_kind
from crossover.data.leaks import Told, untold
from crossover.data.load import canonical_object, load_formed, text_of
from crossover.data.named import check_gold
from crossover.data.rows import Row
from crossover.data.splits import Splits, make_splits
from crossover.data.task import Task
from crossover.data.template import columns_of, lookup
from crossover.data.text import is_blank
from crossover.data.words import length
from crossover.types import Kind

SHORT_ANSWER = 5  # words, the median


@dataclass(frozen=True)
class Prepared:
    """A completed task, its frozen splits, and what the checks found."""

    task: Task
    splits: Splits
    findings: list[Finding]


def prepare(task: Task, told: Told = untold) -> Prepared:
    """Read, split, complete and check, and tell `told` what is done. Raises `DataError` for data that cannot be read, and
    `TaskError` for an input that shows the output; findings are not raised."""
    check_gold(task.input, task.output)
    told("reading the rows", 0, 1)
    task, tables = load_formed(task)
    task, odd = _read_otherwise(adopt_system(task, tables), [row for rows in tables.values() for row in rows])
    told("looking at the rows", 0, 1)
    splits = make_splits(task, tables)
    completed = complete(task, splits)
    # labels taken from train are not a list that the user made: a new label in test is then no error, but a warning
    asked = completed.model_copy(update={"labels": task.labels})
    return Prepared(completed, splits, by_level([*odd, *_told(completed, tables), *check(asked, splits, told)]))


def _told(task: Task, tables: Mapping[str, Sequence[Row]]) -> list[Finding]:
    """A column in the input that says the label in other words: its number, its name."""
    if task.kind != "classify":
        return []
    rows = [row for rows in tables.values() for row in rows if not is_blank(text_of(row, task.output))]
    columns = columns_of(task.input)
    held = [{column: text_of(row, column) for column in columns} for row in rows]
    for shown, row in zip(held, rows, strict=True):
        for name in columns:
            shown |= parts_of(name, lookup(row.fields, name))
    names = [*columns, *dict.fromkeys(name for shown in held for name in shown if name not in columns)]
    golds = [text_of(row, task.output) for row in rows]
    column = telling_column(names, held, golds)
    if column is None:
        fields = [labels_within(name, [lookup(row.fields, name) for row in rows], golds) for name in columns]
        doubt = "each object in the input says a label ('{}'): is the answer shown?"
        return [Finding("warning", "gold_in_input", doubt.format(field)) for field in fields if field]
    message = (
        f"the column '{column}' in the input says the output: each of its values goes with one label, and each label with"
        " one value, so every prompt would hold its answer; valid is an input without it"
    )
    return [Finding("error", "gold_in_input", message)]


def _read_otherwise(task: Task, rows: Sequence[Row]) -> tuple[Task, list[Finding]]:
    """What was read otherwise than it is written: of all rows it is an assumption, of some a finding."""
    odd: dict[str, list[str]] = {}
    for row in rows:
        for remark in row.remarks:
            odd.setdefault(remark, []).append(row.source)
    for remark in [remark for remark, found in odd.items() if len(found) == len(rows)]:
        task = _assume(task, f"data: {remark}")
        del odd[remark]
    return task, [
        Finding("warning", "read_otherwise", f"{count_rows(len(found))}: {remark}", tuple(found))
        for remark, found in odd.items()
    ]


def adopt_system(task: Task, tables: Mapping[str, Sequence[Row]]) -> Task:
    """The system message that all chat rows with an input share, as the instruction of a task that has none."""
    every = [row for rows in tables.values() for row in rows]
    if task.instruction or all(row.system is None for row in every):
        return task
    systems = {row.system for row in every if any(not is_blank(text_of(row, name)) for name in columns_of(task.input))}
    if len(systems) != 1 or (system := systems.pop()) is None:
        return task
    return _assume(task, "instruction: the system message that every row has", instruction=system)


def complete(task: Task, splits: Splits) -> Task:
    """The task with kind, labels and metric filled in, and a sentence in `assumptions` for each and for the defaults.

    Raises `DataError` for a JSON output that is not an object where the kind is extract.
    """
    if task.kind is None:
        kind: Kind = "classify" if task.labels else infer_kind(splits.all)
        because = {
            "classify": "the task lists labels" if task.labels else "few short outputs come again and again",
            "extract": "every output is a JSON object",
            "generate": "the outputs are free text",
        }
        task = _assume(task, f"kind: {kind}, because {because[kind]}", kind=kind)
    if task.kind == "extract":
        for example in splits.all:
            canonical_object(example.output, example.source)
    if task.kind == "classify" and not task.labels:
        labels = sorted({example.output for example in (splits.all if splits.folds else splits.train)})
        names = ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")
        sentence = f"labels: the {len(labels)} of the {'' if splits.folds else 'training '}rows ({names})"
        task = _assume(task, sentence, labels=dict.fromkeys(labels, ""))
    if task.metric is None:
        metric, because_of = _metric(task.kind, splits)
        task = _assume(task, f"metric: {metric}, {because_of}", metric=metric)
    if splits.folds:
        sizes = [len(fold.test) for fold in splits.folds]
        tested = f"{min(sizes)}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
        task = _assume(
            task,
            f"folds: {len(splits.folds)} cut with seed {task.seed} ({tested} rows test in each); what"
            f" ships is made of all rows (train {len(splits.train)}, dev {len(splits.dev)})",
        )
    elif splits.cut:
        parts = ", ".join(f"{name} {len(examples)}" for name, examples in splits.items())
        what = "cut from the one table" if "train" in splits.cut else f"{' and '.join(splits.cut)} cut from train"
        task = _assume(task, f"splits: {what} with seed {task.seed} ({parts} rows)")
    absent = [key for key in ("model", "margin", "tolerance", "seed") if key not in task.model_fields_set]
    defaults = [f"{key} {getattr(task, key)}" for key in absent]
    return _assume(task, f"defaults: {', '.join(defaults)}") if defaults else task


def _metric(kind: Kind | None, splits: Splits) -> tuple[str, str]:
    if kind == "classify":
        return "accuracy", "as the task is to classify"
    if kind == "extract":
        return "field_f1", "as the outputs are JSON objects"
    words = median(length(example.output) for example in splits.all)
    if words <= SHORT_ANSWER:
        return "exact_match", "as the outputs are short"
    return "rouge_l", f"as the outputs are long (median {round(words, 1):g} words)"


def _assume(task: Task, sentence: str, **changes: object) -> Task:
    if sentence in task.assumptions:
        return task
    return task.model_copy(update={**changes, "assumptions": (*task.assumptions, sentence)})
