"""Which columns of a file are the input and the output: told by its layout, by their names, else by what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from crossover.data.chat import is_talk
from crossover.data.choices import pointing, signed
from crossover.data.columnnames import ANSWERS, ASKS, is_answer, is_beside, is_group, read
from crossover.data.gold import labels_within
from crossover.data.inputs import column, input_of
from crossover.data.layouts import ASKED, LIKE_PAIRS, PAIRS
from crossover.data.load import check_columns
from crossover.data.looks import numeric, of_few
from crossover.data.objects import opened, roles_in
from crossover.data.outputs import NAMED, WORSE, columns_of_table, names_splits, output_of, recoded, similar, unclear
from crossover.data.rows import Row
from crossover.data.template import columns_of, lookup, plain
from crossover.data.together import LISTED, Together, rated, shown, together
from crossover.errors import DataError

Given = tuple[str | None, str | None]  # an input, or its template, and an output
POINTS = "as it says which choice is right"
MAY_BE_EMPTY = ("input", "context")  # in all rows, and still be what the layout says


def roles_of(
    columns: dict[str, list[str]], rows: Sequence[Row], path: Path, given: Given = (None, None)
) -> tuple[str, str, str, str]:
    """The task's `input` and `output`, and why. `given`: those that somebody said. Raises `DataError`; `Unclear` where
    several columns could be one of them."""
    found = _told(columns, rows, path, *given) if any(given) else _found(columns, rows, path)
    if given[0]:
        return found
    source, output, _, why_output = found
    used, golds = columns_of(source), columns.get(output, [])
    if len(used) == 1 and (listed := _choices_left_out(source, output, columns, rows)):
        source = f"{{{source}}}\n{{{listed}}}"
        return source, output, f"the columns {shown(source)}, a text and its choices", why_output
    if len(used) > 1 and any(labels_within(name, [lookup(row.fields, name) for row in rows], golds) for name in used):
        raise unclear(path, "input", columns_of_table({name: columns.get(name, []) for name in used}))
    return found


def _found(columns: dict[str, list[str]], rows: Sequence[Row], path: Path) -> tuple[str, str, str, str]:
    """The roles that the columns have by their names and by what they hold."""
    of = rows[0].layout
    names = dict.fromkeys(name for row in rows for name in row.fields if name in columns or name.lower() in MAY_BE_EMPTY)
    if not of and (found := roles_in(rows)):
        why = "by the layout (objects of what is asked and answered)"
        return found[0], found[1], f"{'the columns ' * found[0].startswith('{')}{shown(found[0])}, {why}", why
    columns = columns if of else opened(columns, rows)
    if of == "chat" and list(columns) == ["input"]:
        raise DataError(
            f"{path}: no conversation ends with an answer, and no other column has content; valid is a last turn of the "
            "assistant's, or a column 'output'"
        )
    if of == "chat" and "output" in columns and "input" in columns:
        why = f"by the layout (chat){_rival(name for name in columns if name != 'output')}"
        return "input", "output", "the column 'input', the conversation before the answer", why
    if (known := None if of == "pair" else _known(columns, rows, names)) is not None:
        used = columns_of(known.input)
        why = f"by the layout ({known.layout})"
        taken = {*used, *known.columns} - {known.output}
        rest = {name: values for name, values in columns.items() if name not in taken}
        told = None if known.output else pointing(known.input, list(rest), rows)
        output, why_output = (told, POINTS) if told else output_of(rest, path, used, known.output)
        why_output = f"{why}{known.hint}" if output == known.output else why_output
        source = signed(known.input, output, rows)
        return source, output, f"the column{'s' * (len(used) > 1)} {shown(source)}, {why}", why_output
    pairs = [pair for pair in (*PAIRS, *LIKE_PAIRS) if of == "pair" and all(name in columns for name in pair)]
    better, worse = next(iter(pairs), ("", ""))
    columns = {name: values for name, values in columns.items() if name != worse}
    if not better:
        _check_talks(columns, rows, path)
    output, why_output = (better, "the better one of each pair") if better else output_of(columns, path)
    others = {name: values for name, values in columns.items() if name != output}
    if not others:
        raise DataError(
            f"{path}: beside '{output}' there is no column for the input; valid are two, an input and an output"
        )
    asked = next((name for name in (PAIRS.get((better, worse)), *ASKED) if name in others), None) if better else None
    source, why_input = (asked, f"the column '{asked}', {NAMED}") if asked else input_of(others, path, columns[output])
    return source, output, why_input, why_output


def _told(
    columns: Mapping[str, list[str]], rows: Sequence[Row], path: Path, source: str | None, output: str | None
) -> tuple[str, str, str, str]:
    """Roles of which somebody gave one or both. Raises `DataError` for a column that there is not."""
    if source and source in columns and re.search(r"[{}]", source):
        source = column(source)  # as the sentence that asks for it names it
    try:
        used = columns_of(source) if source else []
    except ValueError as problem:
        raise DataError(f"input: received '{source}': {problem}") from problem
    check_columns(rows, [*used, *([output] if output else [])], "the file")
    why = why_output = "as was said"
    if not output:
        output, why_output = output_of({name: held for name, held in columns.items() if name not in used}, path, used)
    why = f"'{source}', {why}"
    if not source:
        names = dict.fromkeys(name for name in columns if name != output)
        if of_few(columns.get(output, [])) and (both := rated([*names], output)):
            return both, output, f"the columns {shown(both)}, an answer with what it answers", why_output
        known = _known({name: columns[name] for name in names}, rows, names)
        whole = known if known and not known.headed and not known.output else None
        source, why = (
            (signed(whole.input, output, rows), f"the columns {shown(whole.input)}, by the layout ({whole.layout})")
            if whole
            else input_of({name: columns[name] for name in names}, path, columns.get(output, []))
        )
    return source, output, why, why_output


def columns_in(rows: Sequence[Row]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Column -> its values as text, without the blank ones, and column -> why it cannot be text; ids are left out, and
    columns of nothing but empty lists or objects."""
    names = dict.fromkeys(name for row in rows for name in row.fields if name.lower() != "id")
    columns, unread = {}, {}
    for name in names:
        try:
            values = [_read(row, name) for row in rows]
        except ValueError as problem:
            unread[name] = str(problem)
            continue
        written = [value for value in values if value.strip()]
        if not set(written) <= {"[]", "{}"}:
            columns[name] = written
    return columns, unread


def _read(row: Row, name: str) -> str:
    try:
        return plain(row.fields.get(name))
    except ValueError as problem:
        raise ValueError(f"{problem} ({row.source})") from problem


def names_of(columns: dict[str, list[str]], rows: Sequence[Row], output: str, used: Sequence[str]) -> str | None:
    """The column that has a name for each number of the output; None where there is none."""
    if not numeric(columns.get(output, [])):
        return None
    for name in columns:
        values = columns[name]
        if name in used or is_beside(name) or numeric(values) or not of_few(values) or names_splits(values):
            continue
        if len(values) == len(rows) and _same(rows, output, name):
            return name
    return None


def _choices_left_out(source: str, output: str, columns: Mapping[str, list[str]], rows: Sequence[Row]) -> str | None:
    """The column beside an input of one that lists the choices of which the output says one, by place, letter or text."""
    listed = [name for name in columns if name.lower() in LISTED and name not in (source, output)]
    shows = (name for name in listed if pointing(f"{{{source}}}\n{{{name}}}", [output], rows))
    return next(shows, None) if re.search(r"[{}]", source) is None else None


def _known(columns: Mapping[str, list[str]], rows: Sequence[Row], names: Mapping[str, None]) -> Together | None:
    """The layout that the names of the columns are, where what they hold agrees with it."""
    if (known := together(names)) is None:
        return None
    used = columns_of(known.input)
    if not any(name in columns for name in used) or (known.output and known.output not in columns):
        return None
    if known.headed and not _has_output(columns, used):
        return None
    if known.headed and not known.posed and of_few(columns.get(used[0], [])):  # a subject like "politics" heads no text
        rest = {name: None for name in names if name != used[0]}
        other = _known(columns, rows, rest)
        if other and other.headed and used[1] in columns_of(other.input):
            return other
    if not (known.output or known.posed) and not _are_texts(columns, used, known.headed):
        return None
    if known.output:  # numbers of classes, and their names; or what somebody else said
        said = columns[known.output]
        same = [name for name in used if _same(rows, name, known.output)]
        others = [columns.get(name, []) for name in (*used, *known.columns) if is_answer(name) and name != known.output]
        alike = [held for held in others if similar(held, said)]
        return None if same or alike else known
    return known


def _check_talks(columns: Mapping[str, list[str]], rows: Sequence[Row], path: Path) -> None:
    """Raise `DataError` for conversations that nobody can read, beside which nothing is called an input or an output."""
    talks = [name for name in columns if any(is_talk(row.fields.get(name)) for row in rows)]
    if talks and not any(read(name).role in (*ASKS, *ANSWERS) for name in columns if name not in talks):
        raise DataError(
            f"{path}: the column '{talks[0]}' holds conversations, and no column is named like an output; valid is a"
            " column 'messages' of turns with role (user or assistant) and content, whose last answer is then the output,"
            " or an output column called 'label'"
        )


def _has_output(columns: Mapping[str, list[str]], used: Sequence[str]) -> bool:
    """Whether a column beside those that are used is surely the output."""
    rest = [name for name in columns if name not in used and not is_group(name) and not is_beside(name)]
    rest = [name for name in rest if not WORSE.search(name)]
    return any(is_answer(name) or of_few(columns[name]) for name in rest)


def _are_texts(columns: Mapping[str, list[str]], used: Sequence[str], headed: bool) -> bool:
    """Whether columns whose names end in 1, 2 and so on are texts, and no answers to questions. `headed`: their names say
    so little that they have to be wordy."""
    if len(used) < 2 or not used[0].lower().strip().endswith("1"):
        return True
    held = [columns.get(name, []) for name in used]
    return not any(map(numeric, held)) and not ((headed or len(used) > 2) and all(map(of_few, held)))


def _same(rows: Sequence[Row], one: str, other: str) -> bool:
    """Whether two columns say the same in other words, row by row, the blank ones too."""
    said, others = ([plain(row.fields.get(name)).strip() for row in rows] for name in (one, other))
    return recoded(said, others)


def _rival(columns: Iterable[str]) -> str:
    """What to do where a conversation with an answer has a label beside it, which may be the output as well."""
    rival = next((name for name in columns if is_answer(name) and read(name).role not in ASKS), None)
    if rival is None:
        return ""
    return f"; the column '{rival}' is not used: to learn that instead, of the whole conversation, rename it 'output'"
