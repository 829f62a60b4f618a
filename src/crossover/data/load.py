"""A data file's rows, and the examples that a task makes of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossover.data.chat import turns_in
from crossover.data.csvfile import read_csv
from crossover.data.folder import read_folder
from crossover.data.huggingface import is_huggingface, read_split, read_splits
from crossover.data.inside import object_inside
from crossover.data.jsonfile import is_object, kind_of, parse, read_json, read_jsonl
from crossover.data.labels import sense
from crossover.data.layouts import as_used, shaped
from crossover.data.looks import offsets
from crossover.data.memory import HELD, is_gone
from crossover.data.onehot import LABEL, one_hot, with_label
from crossover.data.parquetfile import read_parquet
from crossover.data.plaintext import read_txt
from crossover.data.prodigy import gold
from crossover.data.quoted import READ_AS, form_of, held_in
from crossover.data.rasa import is_rasa, read_rasa
from crossover.data.rows import Row
from crossover.data.spans import SPANS, emptied
from crossover.data.task import Files, Task
from crossover.data.template import MISSING, canonical, columns_of, fill, lookup, plain
from crossover.data.text import is_blank, spelled
from crossover.data.textfile import PACKED, check_readable, is_page, page
from crossover.data.thought import holds_mark, without_thought
from crossover.errors import DataError, NoRows, nearest
from crossover.types import Example, content_hash

READERS: dict[str, Callable[[Path], list[Row]]] = {
    ".csv": read_csv,
    ".tsv": lambda path: read_csv(path, "\t"),
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".parquet": read_parquet,
    ".psv": lambda path: read_csv(path, "|"),
    ".txt": read_txt,
    ".yml": read_rasa,
    ".yaml": read_rasa,
}

YAML = (".yml", ".yaml")


def ending_of(path: Path) -> str:
    """The ending of a file's name that tells how it is read, in lower case: of "rows.csv.gz" it is ".csv"."""
    return Path(path.stem if path.suffix.lower() == PACKED else path.name).suffix.lower()


def endings() -> list[str]:
    """The endings of names of data files: `.gz` stands behind one of the others."""
    return [*sorted(READERS), PACKED]


def holds_rows(path: Path) -> bool:
    """Whether a file is one of rows by its name; YAML by what it holds, as task files are YAML, too."""
    return ending_of(path) in READERS and (ending_of(path) not in YAML or is_rasa(path))


def whole_ending(name: str) -> str:
    """The ending of a sent file's name, with `.gz` where it is packed. Raises `DataError` for one that nothing reads."""
    path = Path(name.replace("\\", "/"))
    if (ending := ending_of(path)) not in READERS:
        raise DataError(f"the file's name ends in '{path.suffix[:20]}'; valid: {', '.join(endings())} behind one of these")
    return ending + PACKED * (path.suffix.lower() == PACKED)


def load_rows(path: Path) -> list[Row]:
    """The rows of a CSV, TSV, text, JSONL, JSON or Parquet file, told apart by the name's ending; it may be packed (`.gz`).
    Also of a folder with a folder of texts for each label, and of Rasa's training data.

    Rows of a known layout are read by it: conversations get the columns `input` and `output`. Raises `DataError`, naming
    file and row.
    """
    if is_gone(path):
        raise DataError(
            f"the data were a {path.name.removesuffix(HELD)} in the program that ran the study, and are not kept: save them"
            " to a file, and name it in a task file"
        )
    if is_huggingface(str(path)) or any(os.path.isfile(path / name) for name in ("dataset_info.json", "dataset_dict.json")):
        raise DataError(
            f"{path} is a data set of Hugging Face, and no file; valid is to name it in a task file, as in"
            " data: hf:FOLDER or data: hf://ORG/NAME"
        )
    if os.path.isdir(path):
        return read_folder(path)
    check_readable(path, endings=[*(ending for ending in READERS if ending not in YAML), PACKED])  # task files are no data
    reader = READERS.get(ending_of(path))
    if reader is None:
        ending = f"'{path.suffix}'" if path.suffix else "no ending"
        raise DataError(f"{path}: the name has {ending}; valid: {', '.join(READERS)}, and {PACKED} behind one of these")
    try:
        rows = shaped(reader(path))
    except DataError as problem:
        if is_page(path):
            raise DataError(page(path)) from problem
        raise
    if is_page(path) and not any(len(row.fields) > 1 for row in rows):  # else it is the first text of a table
        raise DataError(page(path))
    if not rows:
        raise NoRows(f"{path} holds no row; valid is a file with at least one")
    return rows


def load_tables(task: Task) -> dict[str, list[Row]]:
    """The rows of a task's data, by split ("train", "dev", "test"); under "all" where there is one table to cut.

    A Hugging Face data set named alone is taken with its own splits where it has train and test. Raises `DataError`.
    """
    return load_formed(task)[1]


def load_formed(task: Task) -> tuple[Task, dict[str, list[Row]]]:
    """The task with the form that its outputs are written in, told by all rows where it is not known, and the rows as
    `load_tables` gives them. Raises `DataError`."""
    tables = _one_label(task, gold(_tables(task), task.output))
    tables = emptied(tables, task.output, objects=task.kind == "extract")
    if task.output_form is None:
        written = (lookup(row.fields, task.output) for rows in tables.values() for row in rows)
        task = task.model_copy(update={"output_form": form_of(written, task.labels, task.kind)})
    used = columns_of(task.input)
    tables = {split: [_unwrapped(task, as_used(row, task.output, used)) for row in rows] for split, rows in tables.items()}
    tables = {split: _named_anew([_remarked(task, row) for row in rows]) for split, rows in tables.items()}
    return task, _opened(task, tables)


def _one_label(task: Task, tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows with a column `label`, where that is the output, there is none, and several columns are one together."""
    every = [row for rows in tables.values() for row in rows]
    if task.output != LABEL or any(LABEL in row.fields for row in every) or not (columns := one_hot(every)):
        return tables
    return {split: with_label(rows, columns) for split, rows in tables.items()}


def _tables(task: Task) -> dict[str, list[Row]]:
    if task.tables is not None:
        return dict(task.tables)
    if isinstance(task.data, Files):
        return {split: _load(task, reference, split) for split, reference in task.data.given().items()}
    if not is_huggingface(task.data):
        return {"all": load_rows(task.folder / task.data)}
    splits = read_splits(task.data, task.folder)
    if len(splits) == 1:
        return {"all": shaped(next(iter(splits.values())))}
    known = {"validation": "dev", "valid": "dev", "val": "dev"}
    tables = {known.get(name, name): shaped(rows) for name, rows in splits.items()}
    if not tables.keys() <= {"train", "dev", "test"} or "train" not in tables:
        raise DataError(
            f"the data set '{task.data}' has the splits {', '.join(sorted(splits))}; name those to use in the task "
            f"file, as in data: {{train: '{task.data}#{min(splits)}', test: ...}}"
        )
    return tables


def to_examples(task: Task, rows: Sequence[Row], name: str) -> list[Example]:
    """Examples from rows: rendered input, output as text (for kind extract: canonical JSON), group, id, slices.

    The id is the column `id` where there is one that tells all rows apart, else a hash of input and output, with an ordinal
    for repeats. Rows
    with a blank input or output become examples too; `make_splits` sets them apart. `name` is the file, for messages.
    Raises `DataError`.
    """
    sought = [*columns_of(task.input), task.output, *([task.group] if task.group else []), *task.slices]
    check_columns(rows, sought, name)
    inputs = [render_input(task, row) for row in rows]
    outputs = [_answer(task, row)[0] for row in rows]
    if task.kind == "extract":
        outputs = [
            canonical_object(text, row.source) if text.strip() else "" for row, text in zip(rows, outputs, strict=True)
        ]
    elif task.kind is None:
        outputs = _if_all_objects(rows, outputs)
    groups = [_group(text_of(row, task.group)) if task.group else None for row in rows]
    ids = _ids(rows, list(zip(inputs, outputs, strict=True)))
    sources = [row.source for row in rows]
    slices = [{column: spelled(text_of(row, column)) for column in task.slices} for row in rows]
    return list(map(Example, ids, inputs, outputs, groups, sources, slices))


def _group(text: str) -> str | None:
    """A group's name however it is typed: 7 is "7.0" in a table where others have none."""
    return None if is_blank(text) else sense(text)


def render_input(task: Task, row: Row) -> str:
    """The input's text of one row; empty when all of its fields are blank.

    A chat row's system message comes first, unless it is the task's instruction. Raises `DataError`.
    """
    text = fill(task.input, {name: text_of(row, name) for name in columns_of(task.input)})
    if row.system and row.system != task.instruction and text:
        return f"{row.system}\n\n{text}"
    return text


def check_columns(rows: Sequence[Row], sought: Sequence[str], name: str) -> None:
    """Raise `DataError` when a column is in no row: it names the nearest one and all there are."""
    for column in sought:
        if all(lookup(row.fields, column) is MISSING for row in rows):
            columns = list(dict.fromkeys(key for row in rows for key in row.fields))
            index = next((row.index for row in rows if row.index), ())
            if column in index:
                raise DataError(
                    f"{name} has no column '{column}', but an index of that name: reset_index() makes it a column"
                )
            beside = "; its index is not read: reset_index() makes it a column" if index else ""
            raise DataError(f"{name} has no column '{column}'; {nearest(column, columns)}{beside}")


def canonical_object(text: str, source: str) -> str:
    """A JSON object as canonical JSON. Raises `DataError` naming the row."""
    value = parse(text, f"{source}: the output")
    if not isinstance(value, dict):
        raise DataError(f"{source}: the output is {kind_of(value)}; for kind extract valid is a JSON object")
    return canonical(value)


def _load(task: Task, reference: str, split: str) -> list[Row]:
    if not is_huggingface(reference):
        return load_rows(task.folder / reference)
    return shaped(read_split(reference, task.folder, split))


def text_of(row: Row, column: str) -> str:
    """A field as text; "" where the row has none. Raises `DataError`."""
    value: Any = lookup(row.fields, column)
    try:
        return "" if value is MISSING else plain(value)
    except ValueError as problem:
        raise DataError(f"{row.source}, column '{column}': {problem}") from problem


def _answer(task: Task, row: Row) -> tuple[str, tuple[str, ...]]:
    """A row's output as text, and what of it was read otherwise than it is written."""
    value = lookup(row.fields, task.output)
    said: tuple[str, ...] = ()
    if offsets(_listed(task, value), bare=task.output in SPANS):
        raise DataError(
            f"{row.source}: the output '{task.output}' holds places in a text; valid is what stands there, as an object of"
            ' fields, such as {"person": ["Ada Lovelace"]} (kind: extract)'
        )
    if isinstance(value, (list, tuple)) and task.kind in (None, "classify"):
        if len(value) > 1:
            raise DataError(
                f"{row.source}: the output '{task.output}' is a list of {len(value)}; valid is one label or text a row:"
                " keep the main one, or make it an object of fields (kind: extract), or text (kind: generate)"
            )
        if task.kind == "classify" and text_of(row, task.output) not in task.labels:  # no label is a list
            row = replace(row, fields={**row.fields, task.output: value[0] if value else ""})
            said = (f"the column '{task.output}' {READ_AS['list of one']}",)
    written = text_of(row, task.output)
    if not holds_mark(written):
        return written, said
    reasoned = f"the reasoning in the column '{task.output}' (<think>...</think>) is no part of the answer, and is left out"
    found = without_thought(written)
    return found.strip(), said if found == written else (*said, reasoned)


def _listed(task: Task, value: Any) -> list[Any]:
    """The list that an output is, or that is written in a column of nothing but places; else none."""
    held = turns_in(value) if task.output in SPANS and not isinstance(value, (list, tuple)) else value
    return list(held) if isinstance(held, (list, tuple)) else []


def _remarked(task: Task, row: Row) -> Row:
    _, said = _answer(task, row)
    return replace(row, remarks=(*row.remarks, *said)) if said else row


def _unwrapped(task: Task, row: Row) -> Row:
    """The row with what its output holds, where that is written as all outputs are."""
    form = task.output_form or "as it stands"
    if (held := held_in(lookup(row.fields, task.output), form)) is None:
        return row
    said = f"the column '{task.output}' {READ_AS[form]}"
    return replace(row, fields={**row.fields, task.output: held}, remarks=(*row.remarks, said))


def _opened(task: Task, tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows with JSON objects for outputs that hold them otherwise; where the kind is not given, only if all outputs
    are objects, since it will be extract."""
    if task.labels or task.kind not in (None, "extract"):
        return tables
    found = {split: [(_answer(task, row)[0], row) for row in rows] for split, rows in tables.items()}
    inside = {text: object_inside(text) for rows in found.values() for text, _ in rows if not is_blank(text)}
    if (task.kind is None and not all(inside.values())) or not any(one and one[1] for one in inside.values()):
        return tables

    def read(text: str, row: Row) -> Row:
        value, form = inside.get(text) or ({}, "")
        if not form:
            return row
        said = f"the output '{task.output}' {form}"
        return replace(row, fields={**row.fields, task.output: value}, remarks=(*row.remarks, said))

    return {split: [read(text, row) for text, row in rows] for split, rows in found.items()}


def _if_all_objects(rows: Sequence[Row], outputs: list[str]) -> list[str]:
    """Canonical JSON when every output is a JSON object, since the kind will be extract; else as they are."""
    written = [text for text in outputs if text.strip()]
    if not written or not all(map(is_object, written)):
        return outputs
    return [canonical_object(text, row.source) if text.strip() else text for row, text in zip(rows, outputs, strict=True)]


def _ids(rows: Sequence[Row], contents: list[tuple[str, str]]) -> list[str]:
    if (own := _own_ids(rows)) and _twice(rows, own) is None:
        return own
    seen: Counter[str] = Counter()
    ids = []
    for content in contents:
        identity = content_hash(content)
        seen[identity] += 1
        ids.append(identity if seen[identity] == 1 else f"{identity}-{seen[identity]}")
    return ids


def _own_ids(rows: Sequence[Row]) -> list[str]:
    """The column `id` of each row; none where no row has it."""
    return [text_of(row, "id").strip() for row in rows] if any("id" in row.fields for row in rows) else []


def _twice(rows: Sequence[Row], ids: Sequence[str]) -> str | None:
    """Why ids do not tell rows apart; None where they do."""
    first: dict[str, str] = {}
    for row, identity in zip(rows, ids, strict=True):
        if not identity:
            return f"that of {row.source} is empty"
        if identity in first:
            return f"'{identity}' is that of {first[identity]} and of {row.source}"
        first[identity] = row.source
    return None


def _named_anew(rows: Sequence[Row]) -> list[Row]:
    """The rows; where their own ids do not tell them apart, each says so."""
    own = _own_ids(rows)
    if not own or (why := _twice(rows, own)) is None:
        return list(rows)
    said = f"the column 'id' does not tell rows apart ({why}): they are told apart by what they hold"
    return [replace(row, remarks=(*row.remarks, said)) for row in rows]
