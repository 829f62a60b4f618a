"""A first task file for a data file, written by looking at it: what `crossover init` does."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from crossover.data.chat import is_talk
from crossover.data.columnnames import INPUTS, OUTPUTS, by_name, is_beside, is_group
from crossover.data.draft import draft
from crossover.data.infer import Prepared, prepare
from crossover.data.layouts import PAIRS
from crossover.data.load import check_columns, load_rows
from crossover.data.objects import roles_in
from crossover.data.onehot import LABEL, one_hot, several_hot, with_label
from crossover.data.prodigy import ANSWER, gold, judged
from crossover.data.rows import Row
from crossover.data.splits import LITTLE, Splits
from crossover.data.task import Files, Task
from crossover.data.template import columns_of, plain
from crossover.data.textfile import PACKED
from crossover.data.together import shown, together
from crossover.data.yamlfile import Dumper
from crossover.errors import DataError

WORSE = re.compile(r"reject|dispreferred|non_preferred|worse|worst|loser", re.I)  # an answer that is not to be given
SAID = ("blank", "read_otherwise", "merged_labels", "gold_in_input", "leak_exact")  # findings that change what was read
FOLDS = 5
VERY_FEW, MORE_FOLDS = 200, 10  # where rows are fewer, tuning is quick, and each row that it learns from counts
LISTED = 6  # columns that are named as not used
NAMED = "by its name"
SPLIT_WORDS = {"train": ("train", "training"), "dev": ("dev", "val", "valid", "validation"), "test": ("test",)}


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


def sketch(path: Path, folder: Path | None = None, roles: tuple[str, str] | None = None) -> Sketch:
    """A task file for a data file, by looking at it.

    `folder`: where the task file will lie (default: beside the data). The file's columns are told by name, else by
    content, where `roles` do not say which are the input (or its template) and the output; files of the same name with
    "dev", "val" or "test" in the place of "train" become the splits. Raises `DataError` for a file that cannot be read or
    that has no two columns to choose from.
    """
    rows = load_rows(path)
    sole = judged(rows)
    rows = gold({"all": rows}, roles[1] if roles else ANSWER if sole else "")["all"]
    one = [] if by_name(dict.fromkeys(name for row in rows for name in row.fields), OUTPUTS) else one_hot(rows)
    rows = with_label(rows, one) if one and (roles is None or roles[1] == LABEL) else rows
    columns, unread = _columns(rows)
    if sole:
        columns.pop("label", None)
    source, output, why_input, why_output = _told(rows, roles) if roles else _roles(columns, rows, path)
    used = columns_of(source)
    group = next((name for name in columns if name not in (*used, output) and is_group(name)), None)
    files = _splits(path)
    home = path.parent if folder is None else folder
    references = {split: _relative(file, home) for split, file in files.items()}
    beside = {split: file.name for split, file in files.items()}  # read from there: `home` need not exist yet
    task = Task(name=_name(path), data=_data(beside), input=source, output=output, folder=path.parent)
    prepared, fewer = in_folds(task, prepare(task))
    prepared = replace(prepared, task=prepared.task.model_copy(update={"data": _data(references)}))
    assumed = [f"input: {why_input}", f"output: the column '{output}', {why_output}"]
    if len(references) > 1:
        assumed.append(f"data: {', '.join(f'{split} is {name}' for split, name in references.items())}, by their names")
    nested = [name for name in used if any(isinstance(row.fields.get(name), (list, dict)) for row in rows)]
    assumed += [f"input: the column '{name}' holds lists or objects, which stand in it as JSON" for name in nested]
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
        *(name for pair in PAIRS for name in pair if rows[0].layout == "pair"),
    }
    if unused := [f"'{name}'" for name in columns if name not in known]:
        more = f" and {len(unused) - LISTED} more" if len(unused) > LISTED else ""
        assumed.append(f"not used: the column{'s' * (len(unused) > 1)} {', '.join(unused[:LISTED])}{more}")
    assumed += [f"not used: the column '{name}', which cannot be read as text: {why}" for name, why in unread.items()]
    found = [one.said for one in prepared.findings if one.code in SAID and one.level != "error"]
    said = (*assumed, *prepared.task.assumptions, *found)
    return Sketch(prepared, group, said, draft(prepared.task, prepared.splits.all))


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


def _told(rows: Sequence[Row], roles: tuple[str, str]) -> tuple[str, str, str, str]:
    """Roles that somebody gave. Raises `DataError` for a column that there is not."""
    source, output = roles
    check_columns(rows, [*columns_of(source), output], "the file")
    return source, output, f"'{source}', as was said", "as was said"


def _roles(columns: dict[str, list[str]], rows: Sequence[Row], path: Path) -> tuple[str, str, str, str]:
    """The task's `input` and `output`, and why. Raises `DataError`."""
    of = rows[0].layout
    names = dict.fromkeys(name for row in rows for name in row.fields)  # a context that is empty everywhere is one, too
    if not of and (found := roles_in(rows)):
        why = "by the layout (objects of what is asked and answered)"
        return found[0], found[1], f"{'the columns ' * found[0].startswith('{')}{shown(found[0])}, {why}", why
    known = None if of == "pair" else together(names)
    if known and known.headed and not _has_output(columns, columns_of(known.input)):
        known = None
    used = columns_of(known.input) if known else []
    if known is not None and any(name in columns for name in used) and (not known.output or known.output in columns):
        why = f"by the layout ({known.layout})"
        rest = {name: values for name, values in columns.items() if name not in used}
        output, why_output = (known.output, f"{why}{known.hint}") if known.output else _output(rest, path, used)
        return known.input, output, f"the columns {shown(known.input)}, {why}", why_output
    if of == "chat" and list(columns) == ["input"]:
        raise DataError(
            f"{path}: no conversation ends with an answer, and no other column has content; valid is a last turn of the "
            "assistant's, or a column 'output'"
        )
    if of == "chat" and "output" in columns and "input" in columns:
        why = f"by the layout (chat){_rival(name for name in columns if name != 'output')}"
        return "input", "output", "the column 'input', the conversation before the answer", why
    better, worse = next((pair for pair in PAIRS if of == "pair" and pair[0] in columns), ("", ""))
    columns = {name: values for name, values in columns.items() if name != worse}
    output, why_output = (better, "the better one of each pair") if better else _output(columns, path)
    others = {name: values for name, values in columns.items() if name != output}
    if not others:
        raise DataError(
            f"{path}: beside '{output}' there is no column for the input; valid are two, an input and an output"
        )
    source, why_input = _input(others)
    if why_output != NAMED and any(is_talk(row.fields.get(source)) for row in rows):
        raise DataError(
            f"{path}: the column '{source}' holds conversations, and no column is named like an output; valid is a column "
            "'messages' of turns with role (user or assistant) and content, whose last answer is then the output, or an "
            "output column called 'label'"
        )
    column = source.replace("{", "{{").replace("}", "}}")  # else they would read as a template's
    return column, output, f"the column '{source}', {why_input}", why_output


def _columns(rows: Sequence[Row]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Column -> its values as text, without the blank ones, and column -> why it cannot be text; ids are left out."""
    names = dict.fromkeys(name for row in rows for name in row.fields if name.lower() != "id")
    columns, unread = {}, {}
    for name in names:
        try:
            values = [plain(row.fields.get(name)) for row in rows]
        except ValueError as problem:
            unread[name] = str(problem)
            continue
        if written := [value for value in values if value.strip()]:
            columns[name] = written
    return columns, unread


def _output(columns: dict[str, list[str]], path: Path, used: Sequence[str] = ()) -> tuple[str, str]:
    """The output column, and why. `used`: those that are the input already."""
    if len(columns) < (1 if used else 2):
        names = ", ".join((*used, *columns)) or "none"
        raise DataError(f"{path}: columns with content, besides 'id': {names}; valid are two, an input and an output")
    named = by_name(columns, OUTPUTS)
    if named:
        return named, NAMED
    others = [name for name in columns if name.lower() not in INPUTS and not is_group(name) and not WORSE.search(name)]
    others = [name for name in others if not is_beside(name) and not is_talk(columns[name][0])] or others
    few = [name for name in others if _repeats(columns[name])]
    if few:
        return min(few, key=lambda name: len(set(columns[name]))), "as it has the fewest distinct values"
    if not others and any(map(WORSE.search, columns)):
        raise DataError(f"{path}: no column is named like an output; valid is an output column called 'label', for example")
    return (others or list(columns))[-1], "as it is the last one"


def _has_output(columns: Mapping[str, list[str]], used: Sequence[str]) -> bool:
    """Whether a column beside those that are used is surely the output."""
    rest = [name for name in columns if name not in used and not is_group(name) and not is_beside(name)]
    return by_name(rest, OUTPUTS) is not None or any(_repeats(columns[name]) for name in rest)


def _rival(columns: Iterable[str]) -> str:
    """What to do where a conversation with an answer has a label beside it, which may be the output as well."""
    if (rival := by_name(columns, OUTPUTS)) is None:
        return ""
    return f"; the column '{rival}' is not used: to learn that instead, of the whole conversation, rename it 'output'"


def _input(columns: dict[str, list[str]]) -> tuple[str, str]:
    named = by_name(columns, INPUTS)
    if named:
        return named, NAMED
    return max(columns, key=lambda name: fmean(map(len, columns[name]))), "as it has the longest text"


def _repeats(values: list[str]) -> bool:
    return 1 < len(Counter(values)) <= len(values) / 3


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
                    if sibling.stem.lower() in wanted and sibling.suffix == path.suffix and sibling.is_file():
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
