"""A first task file for a data file, written by looking at it: what `crossover init` does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from crossover.data.columnnames import SPLIT_WORDS, is_answer, is_group
from crossover.data.draft import draft
from crossover.data.infer import Prepared, prepare
from crossover.data.layouts import LIKE_PAIRS, PAIRS
from crossover.data.load import load_rows
from crossover.data.looks import nested as holds_lists
from crossover.data.onehot import LABEL, one_hot, several_hot, with_label
from crossover.data.outputs import names_splits, quoted
from crossover.data.prodigy import ANSWER, gold, judged
from crossover.data.roles import Given, columns_in, names_of, roles_of
from crossover.data.rows import Row
from crossover.data.splits import LITTLE, Splits
from crossover.data.task import Files, Task
from crossover.data.template import MISSING, columns_of, lookup
from crossover.data.textfile import PACKED
from crossover.data.together import OUTCOME
from crossover.data.yamlfile import Dumper
from crossover.errors import DataError

SAID = ("blank", "read_otherwise", "merged_labels", "gold_in_input", "leak_exact")  # findings that change what was read
FOLDS = 5
VERY_FEW, MORE_FOLDS = 200, 10  # where rows are fewer, tuning is quick, and each row that it learns from counts


@dataclass(frozen=True)
class Sketch:
    """A task file in the making. `assumed`: a sentence each; `draft`: an instruction that the columns suggest, or ""."""

    prepared: Prepared
    group: str | None
    assumed: tuple[str, ...]
    draft: str

    def changed(self, **keys: Any) -> Sketch:
        """With other values of `name`, `metric`, `model`, `target` or `limits`; they are checked when the file is read."""
        return replace(self, prepared=replace(self.prepared, task=self.prepared.task.model_copy(update=keys)))

    def text(self, instruction: str | None = None) -> str:
        """The YAML text, with this instruction or else the task's own, or the draft, marked as one."""
        own = instruction or self.prepared.task.instruction
        return _write(self.prepared, self.group, own or self.draft, drafted=not own)


def sketch(path: Path, folder: Path | None = None, roles: Given = (None, None)) -> Sketch:
    """A task file for a data file, by looking at it.

    `folder`: where the task file will lie (default: beside the data). The file's columns are told by name, else by
    content, where `roles` do not say which are the input (or its template) and the output; files of the same name with
    "dev", "val" or "test" in the place of "train" become the splits. Raises `DataError` for a file that cannot be read or
    that has no two columns to choose from, `Unclear` where several could be the input or the output.
    """
    path = _of_training(named(path))
    rows = load_rows(path)
    sole = judged(rows)
    rows = gold({"all": rows}, roles[1] or (ANSWER if sole else ""))["all"]
    one = one_hot(rows)
    if not all(map(OUTCOME.match, one)) and any(is_answer(name) for row in rows for name in row.fields):
        one = []
    rows = with_label(rows, one) if one and roles[1] in (None, LABEL) else rows
    columns, unread = columns_in(rows)
    if sole:
        columns.pop("label", None)
    try:
        source, output, why_input, why_output = roles_of(columns, rows, path, roles)
    except DataError as problem:
        raise type(problem)(f"{problem}{''.join(f'; {one}' for one in _unread(unread))}") from problem
    used = columns_of(source)
    group = next((name for name in columns if name not in (*used, output) and is_group(name)), None)
    if not roles[1] and (name := names_of(columns, rows, output, used)) is not None:
        output, why_output = name, f"the names of the numbers in '{output}'"
    files, unused_files = _labelled(_splits(path), one if one and output == LABEL else [output])
    home = path.parent if folder is None else folder
    references = {split: _relative(file, home) for split, file in files.items()}
    beside = {split: file.name for split, file in files.items()}  # read from there: `home` need not exist yet
    task = Task(name=_name(path), data=_data(beside), input=source, output=output, folder=path.parent)
    prepared, fewer = in_folds(task, prepare(task))
    prepared = replace(prepared, task=prepared.task.model_copy(update={"data": _data(references)}))
    assumed = [f"input: {why_input}", f"output: the column '{output}', {why_output}"]
    if len(references) > 1:
        assumed.append(f"data: {', '.join(f'{split} is {name}' for split, name in references.items())}, by their names")
    assumed += unused_files
    nested = [name for name in used if any(isinstance(row.fields.get(name), (list, dict)) for row in rows)]
    assumed += [f"input: the column '{name}' holds lists or objects, which stand in it as JSON" for name in nested]
    if prepared.task.kind == "generate" and holds_lists([example.output for example in prepared.splits.all]):
        assumed.append(f"output: the column '{output}' holds lists, which are to be written as they stand there")
    if output in (several := several_hot(rows)):
        assumed.append(
            f"output: the {len(several)} columns '{several[0]}' to '{several[-1]}' are 0 or 1, and several may be 1 in a"
            " row: each is a question of its own, or all are one object of fields in a column of yours (kind: extract)"
        )
    if sole and output == ANSWER:
        assumed.append(f"output: all rows have the label '{sole}', and '{ANSWER}' says whether it is right")
    assumed += fewer
    if group:
        assumed.append(f"group: the column '{group}' looks like one; it is in the file as a comment, not used")
    known = {
        *(name.split(".")[0] for name in (*used, output)),
        *used,
        output,
        group,
        *(one if output == LABEL else ()),
        *(name for pair in (*PAIRS, *LIKE_PAIRS) for name in pair if rows[0].layout == "pair"),
    }
    if unused := [name for name in columns if name not in known]:
        assumed.append(f"not used: the column{'s' * (len(unused) > 1)} {quoted(unused)}")
    if parted := next((name for name in unused if names_splits(columns[name])), None):
        assumed.append(
            f"data: the column '{parted}' says which split a row is of, and is not used: save each split as a file of its"
            " own, and name them in the task file, as in data: {train: a.csv, test: b.csv}"
        )
    assumed += _unread(unread)
    found = [one.said for one in prepared.findings if one.code in SAID and one.level != "error"]
    said = (*assumed, *prepared.task.assumptions, *found)
    return Sketch(prepared, group, said, draft(prepared.task, prepared.splits.all))


def _unread(columns: Mapping[str, str]) -> list[str]:
    return [f"not used: the column '{name}', which cannot be read as text: {why}" for name, why in columns.items()]


def in_folds(task: Task, prepared: Prepared) -> tuple[Prepared, list[str]]:
    """With folds, and a sentence on them, where a test split that is cut would say little."""
    splits = prepared.splits
    if splits.folds or not {"dev", "test"} <= set(splits.cut) or len(splits.test) >= LITTLE:
        return prepared, []
    number = MORE_FOLDS if len(splits.all) < VERY_FEW else FOLDS
    try:
        folded = prepare(task.model_copy(update={"folds": number}))
    except DataError:  # too few groups
        return prepared, []
    return folded, [f"folds: {number}, so that every row tests once: a test split of {len(splits.test)} would say little"]


def named(path: Path) -> Path:
    """The path of a file or folder by its name, also where it is where we are (".")."""
    return path if path.name not in ("", "..") else path.resolve()


def _labelled(files: dict[str, Path], output: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """The files of splits that have the output's columns, and a sentence on each of the others: some keep the answers of
    a test, and some a folder of another kind beside them. Raises `DataError` for a file that cannot be read."""
    kept, said = {}, []
    for number, (split, file) in enumerate(files.items()):
        try:
            if number and not _has_any(load_rows(file), output):
                said.append(f"data: {file.name} has no column '{output[0]}' with anything in it, and is not used")
                continue
        except DataError as problem:
            if not os.path.isdir(file):
                raise
            said.append(f"data: {file.name} cannot be read, and is not used: {problem}")
            continue
        kept[split] = file
    return kept, said


def _has_any(rows: Sequence[Row], columns: Sequence[str]) -> bool:
    held = gold({"all": rows}, "")["all"]
    return any(lookup(row.fields, column) not in (MISSING, None, "") for row in held for column in columns)


def _of_training(path: Path) -> Path:
    """The folder of training texts in a folder that has one for each split, with folders of labels in it; any other path,
    also one with a label "train", as it is."""
    found = [path / word for word in SPLIT_WORDS["train"]] if os.path.isdir(path) else []
    return next((folder for folder in found if folder.is_dir() and any(map(Path.is_dir, folder.glob("[!.]*")))), path)


def _splits(path: Path) -> dict[str, Path]:
    """Split -> file: the given file, and its siblings named alike when it is a training file."""
    for word in SPLIT_WORDS["train"]:
        match = re.search(rf"(?<![a-z]){word}(?![a-z])", path.stem, re.IGNORECASE)
        if match:
            before, after = path.stem[: match.start()].lower(), path.stem[match.end() :].lower()
            files = {"train": path}
            for split in ("dev", "test"):
                wanted = {before + other + after for other in SPLIT_WORDS[split]}
                for sibling in sorted(path.parent.iterdir()):
                    alike = sibling.suffix == path.suffix and sibling.is_dir() == path.is_dir()
                    if sibling.stem.lower() in wanted and alike:
                        files.setdefault(split, sibling)
            return files
    return {"train": path}


def _data(files: dict[str, str]) -> str | Files:
    return Files(**files) if len(files) > 1 else files["train"]


def _relative(file: Path, home: Path) -> str:
    return Path(os.path.relpath(file.resolve(), home.resolve())).as_posix()


def _name(path: Path) -> str:
    """A task name from the file's, or from its folder's where the file is only called "train" or the like."""
    stem = path.stem if path.suffix.lower() != PACKED else Path(path.stem).stem
    if stem.lower() in ("train", "training", "data", "all"):
        stem = path.resolve().parent.name or stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")[:100] or "task"


def _write(prepared: Prepared, group: str | None, instruction: str, drafted: bool) -> str:
    task, splits = prepared.task, prepared.splits
    if isinstance(task.data, Files):
        data = "{" + ", ".join(f"{split}: {_scalar(name)}" for split, name in task.data.given().items()) + "}"
    else:
        data = _scalar(task.data)
    counts = ", ".join(f"{name} {len(examples)}" for name, examples in splits.items())
    if splits.folds:
        counts = f"{len(splits.all)}"
    told = "# One clear sentence: what is to be done with an input."
    if drafted:
        told += " This is a draft: say it in your own words." if instruction else " Each input has its own here."
    lines = [
        f"name: {_scalar(task.name)}",
        told,
        f"instruction: {_scalar(instruction)}" if instruction else "# instruction:",
        f"# Rows: {counts}. What is not given here is cut from train, by the seed.",
        f"data: {data}",
        *_folds(splits),
        '# A column, or a template such as "{question}\\n{context}".',
        f"input: {_scalar(task.input)}",
        f"output: {_scalar(task.output)}",
        "# classify, extract or generate.",
        f"kind: {task.kind}",
    ]
    if task.labels:
        lines += ["# A list, or a mapping of label to a one-line description, which helps the prompts.", "labels:"]
        lines += [f"  - {_scalar(label)}" for label in sorted({example.output for example in splits.all})]
    if group:
        lines += ["# Rows of one group never stand in two splits.", f"# group: {_scalar(group)}"]
    lines += [
        f"metric: {task.metric}",
        "# The value of the metric that would be good enough, from 0 to 1.",
        "# target: 0.8" if task.target is None else f"target: {task.target}",
        f"model: {_scalar(task.model)}",
        *([] if task.limits.minutes is None else [f"limits: {{minutes: {task.limits.minutes:g}}}"]),
        "# limits: {money: 5, minutes: 30, latency_p95_ms: 500, data_stays_here: true, requests_per_month: 10000}",
        f"seed: {task.seed}",
    ]
    return "\n".join(lines) + "\n"


def _folds(splits: Splits) -> list[str]:
    if not splits.folds:
        return []
    return [
        "# Each row tests once, in one of so many parts, and what is chosen is made once more, of all rows. Without this",
        "# line a fifth of the rows tests, as it should from about 500 rows on, or with a test file of your own.",
        f"folds: {len(splits.folds)}",
    ]


def _scalar(text: str) -> str:
    """A text as a YAML scalar on one line, in quotes where it needs them."""
    style = '"' if "\n" in text else None
    dumped = yaml.dump([text], Dumper=Dumper, default_style=style, default_flow_style=True, allow_unicode=True, width=2**31)
    return dumped.strip()[1:-1]
