"""Which columns of a file are the input and the output: told by its layout, by their names, else by what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from crossover.data.chat import is_talk
from crossover.data.columnnames import (
    CONTEXTS,
    GOLD,
    INPUTS,
    OUTPUTS,
    RATINGS,
    WEAK_OUTPUTS,
    by_name,
    first_hand,
    is_beside,
    is_group,
    is_reference,
    is_split,
    may_be_asked,
    of_class,
)
from crossover.data.layouts import LIKE_PAIRS, PAIRS
from crossover.data.load import check_columns
from crossover.data.looks import flags, nested, numeric, of_few, places, wordy
from crossover.data.objects import roles_in
from crossover.data.rows import Row
from crossover.data.template import columns_of, plain
from crossover.data.together import LISTED, shown, together
from crossover.errors import DataError

WORSE = re.compile(r"reject|dispreferred|non_preferred|worse|worst|loser", re.I)  # an answer that is not to be given
NAMED = "by its name"
NUMBERED = ("1", "2")  # how the names of two columns of a kind end
NAMES = 6  # columns that are named in a sentence
MAY_BE_EMPTY = ("input", "context")  # in all rows, and still be what the layout says
# what the answer to a question with choices is called, before anything else that may be beside it
CHOSEN = (*GOLD, "label", "labels", "answer", "answers", "answerkey", "answer_key", "correct", "target")
_UNNAMED = re.compile(r"column_\d+")


def roles_of(columns: dict[str, list[str]], rows: Sequence[Row], path: Path) -> tuple[str, str, str, str]:
    """The task's `input` and `output`, and why. Raises `DataError`."""
    of = rows[0].layout
    names = dict.fromkeys(name for row in rows for name in row.fields if name in columns or name.lower() in MAY_BE_EMPTY)
    if not of and (found := roles_in(rows)):
        why = "by the layout (objects of what is asked and answered)"
        return found[0], found[1], f"{'the columns ' * found[0].startswith('{')}{shown(found[0])}, {why}", why
    known = None if of == "pair" else together(names)
    if known and known.headed and not _has_output(columns, columns_of(known.input)):
        known = None
    if (
        known
        and not known.output
        and not known.posed
        and not _of_two(columns, names, columns_of(known.input), known.headed)
    ):
        known = None
    aims = [name for name in columns_of(known.input) if name.strip().lower() == "target"] if known else []
    if known and any(_same(rows, name, known.output) for name in aims):
        known = None
    used = columns_of(known.input) if known else []
    if known is not None and any(name in columns for name in used) and (not known.output or known.output in columns):
        why = f"by the layout ({known.layout})"
        rest = {name: values for name, values in columns.items() if name not in used}
        chosen = by_name(rest, CHOSEN) if known.posed or any(name.lower() in LISTED for name in used) else None
        if known.output:
            output, why_output = known.output, f"{why}{known.hint}"
        else:
            output, why_output = (chosen, NAMED) if chosen else _output(rest, path, used)
        return known.input, output, f"the column{'s' * (len(used) > 1)} {shown(known.input)}, {why}", why_output
    if of == "chat" and list(columns) == ["input"]:
        raise DataError(
            f"{path}: no conversation ends with an answer, and no other column has content; valid is a last turn of the "
            "assistant's, or a column 'output'"
        )
    if of == "chat" and "output" in columns and "input" in columns:
        why = f"by the layout (chat){_rival(name for name in columns if name != 'output')}"
        return "input", "output", "the column 'input', the conversation before the answer", why
    pairs = [pair for pair in (*PAIRS, *LIKE_PAIRS) if of == "pair" and all(name in columns for name in pair)]
    better, worse = next(iter(pairs), ("", ""))
    columns = {name: values for name, values in columns.items() if name != worse}
    output, why_output = (better, "the better one of each pair") if better else _output(columns, path)
    others = {name: values for name, values in columns.items() if name != output}
    if not others:
        raise DataError(
            f"{path}: beside '{output}' there is no column for the input; valid are two, an input and an output"
        )
    if several := _several_texts(others):
        lines = "\n".join(f"{{{name}}}" for name in several)
        return lines, output, f"the columns {quoted(several)}, all texts", why_output
    if several := _features(others):
        lines = "\n".join(f"{name}: {{{name}}}" for name in several)
        return lines, output, f"the columns {quoted(several)}, as none holds texts", why_output
    source, why_input = _input(others, path)
    if why_output != NAMED and any(is_talk(row.fields.get(source)) for row in rows):
        raise DataError(
            f"{path}: the column '{source}' holds conversations, and no column is named like an output; valid is a column "
            "'messages' of turns with role (user or assistant) and content, whose last answer is then the output, or an "
            "output column called 'label'"
        )
    column = source.replace("{", "{{").replace("}", "}}")  # else they would read as a template's
    return column, output, f"the column '{source}', {why_input}", why_output


def told(rows: Sequence[Row], roles: tuple[str, str]) -> tuple[str, str, str, str]:
    """Roles that somebody gave. Raises `DataError` for a column that there is not."""
    source, output = roles
    check_columns(rows, [*columns_of(source), output], "the file")
    return source, output, f"'{source}', as was said", "as was said"


def columns_in(rows: Sequence[Row]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Column -> its values as text, without the blank ones, and column -> why it cannot be text; ids are left out, and
    columns of nothing but empty lists or objects."""
    names = dict.fromkeys(name for row in rows for name in row.fields if name.lower() != "id")
    columns, unread = {}, {}
    for name in names:
        try:
            values = [plain(row.fields.get(name)) for row in rows]
        except ValueError as problem:
            unread[name] = str(problem)
            continue
        written = [value for value in values if value.strip()]
        if not set(written) <= {"[]", "{}"}:
            columns[name] = written
    return columns, unread


def names_of(columns: dict[str, list[str]], rows: Sequence[Row], output: str, used: Sequence[str]) -> str | None:
    """The column that has a name for each number of the output; None where there is none."""
    if not numeric(columns.get(output, [])):
        return None
    for name in columns:
        values = columns[name]
        if name in used or is_beside(name) or numeric(values) or not of_few(values) or names_splits(values):
            continue
        found = {(plain(row.fields.get(output)).strip(), plain(row.fields.get(name)).strip()) for row in rows}
        numbers, names = (set(side) for side in zip(*found, strict=True))
        if len(found) == len(numbers) == len(names) and "" not in names:
            return name
    return None


def _output(columns: dict[str, list[str]], path: Path, used: Sequence[str] = ()) -> tuple[str, str]:
    """The output column, and why. `used`: those that are the input already."""
    if len(columns) < (1 if used else 2):
        names = ", ".join((*used, *columns)) or "none"
        raise DataError(f"{path}: columns with content, besides 'id': {names}; valid are two, an input and an output")
    longer = by_name(columns, OUTPUTS)  # "target_text": beside labels alone, "answer_text" is what they are of
    asks = by_name((name for name in columns if name != longer), INPUTS)
    named = by_name(columns, OUTPUTS, whole=True) or (longer if asks else None)
    if named:
        return named, NAMED
    others = [name for name in columns if name.lower() not in (*INPUTS, *CONTEXTS) and not is_group(name)]
    others = [name for name in others if not WORSE.search(name)]
    telling = [name for name in others if not is_beside(name) and not is_talk(columns[name][0])]
    telling = [name for name in telling if not (places(columns[name]) or names_splits(columns[name]))]
    asked = [name for name in others if may_be_asked(name) and 1 < len(set(columns[name])) < len(columns[name])]
    if asked and not used and len(telling) == 1 and not (by_name(columns, INPUTS) or of_few(columns[telling[0]])):
        telling = []  # it is the text
    weak = by_name(columns, WEAK_OUTPUTS)
    if weak and _wins(weak, {name: columns[name] for name in telling}):
        return weak, NAMED
    others = telling or asked or [name for name in others if not _names(name, columns[name])] or others
    others = first_hand(others)
    few = [name for name in others if of_few(columns[name])]
    if few:
        if all(map(_UNNAMED.fullmatch, few)):
            few.reverse()  # of a table without names, the last column is the class
        few = [name for name in few if not of_class(name)] or few
        return min(few, key=lambda name: len(set(columns[name]))), "as it has the fewest distinct values"
    if longer:
        return longer, NAMED
    if not others and any(map(WORSE.search, columns)):
        raise DataError(f"{path}: no column is named like an output; valid is an output column called 'label', for example")
    last = (others or list(columns))[-1]
    if not telling and last not in asked and is_beside(last) and not wordy(columns[last]):
        raise DataError(
            f"{path}: no column looks like an output: '{last}' tells of a row (an id, a source, a date); valid is an output"
            " column called 'label', for example, or a task file that names one"
        )
    return last, "as it is the last one"


def _wins(weak: str, columns: Mapping[str, list[str]]) -> bool:
    """Whether a column with the name of a weak output is it: its values are labels, or no other's are."""
    labels = [name for name, values in columns.items() if of_few(values) and (not numeric(values) or flags(values))]
    if by_name([weak], RATINGS) and of_few(columns.get(weak, [])):
        labels = [name for name in labels if not flags(columns[name])]  # whether it was bought, or is a reply
    return weak in labels or not labels


def _names(name: str, values: Sequence[str]) -> bool:
    """Whether a column only says which row, file or split is meant."""
    return names_splits(values) or places(values) or is_reference(name)


def _has_output(columns: Mapping[str, list[str]], used: Sequence[str]) -> bool:
    """Whether a column beside those that are used is surely the output."""
    rest = [name for name in columns if name not in used and not is_group(name) and not is_beside(name)]
    return by_name(rest, (*OUTPUTS, *WEAK_OUTPUTS)) is not None or any(of_few(columns[name]) for name in rest)


def _of_two(columns: Mapping[str, list[str]], names: Iterable[str], used: Sequence[str], headed: bool) -> bool:
    """Whether columns whose names end in 1 and 2 are two texts: not the first of several, and no answers to questions.
    `headed`: their names say so little that they have to be wordy."""
    first = used[0].lower().strip()
    if len(used) != len(NUMBERED) or not first.endswith(NUMBERED[0]):
        return True
    held = [columns.get(name, []) for name in used]
    third = f"{first.removesuffix(NUMBERED[0])}3"
    return third not in [name.lower().strip() for name in names] and (
        not any(map(numeric, held)) and not (headed and all(map(of_few, held)))
    )


def _same(rows: Sequence[Row], one: str, other: str) -> bool:
    """Whether two columns say the same in other words: numbers of classes, and their names."""
    pairs = {(plain(row.fields.get(one)).strip(), plain(row.fields.get(other)).strip()) for row in rows}
    return all(len(pairs) == len(set(side)) for side in zip(*pairs, strict=True))


def _rival(columns: Iterable[str]) -> str:
    """What to do where a conversation with an answer has a label beside it, which may be the output as well."""
    if (rival := by_name(columns, (*OUTPUTS, *WEAK_OUTPUTS))) is None:
        return ""
    return f"; the column '{rival}' is not used: to learn that instead, of the whole conversation, rename it 'output'"


def _input(columns: dict[str, list[str]], path: Path) -> tuple[str, str]:
    """The input column, and why. Raises `DataError` where all that is left names rows or files."""
    named = by_name(columns, INPUTS)
    if named:
        return named, NAMED
    plainly = [name for name in columns if not is_beside(name) and not nested(columns[name])]
    names = [name for name in columns if is_reference(name) and not wordy(columns[name])]
    if names and all(name in names or numeric(columns[name]) for name in columns):
        raise DataError(
            f"{path}: no column holds the texts: {quoted(names)} only name{'s' * (len(names) == 1)} them; valid is a column"
            " with the texts themselves, or a task file that names what the input is"
        )
    if not any(wordy(columns[name]) for name in plainly):  # a "source" that is translated
        plainly += [name for name in columns if wordy(columns[name])]
    longest = max(plainly or columns, key=lambda name: fmean(map(len, columns[name])))
    return longest, "as it has the longest text"


def _several_texts(columns: Mapping[str, list[str]]) -> list[str]:
    """The columns that are texts, where none has a name (a file without a header) and several are."""
    if not all(_UNNAMED.fullmatch(name) for name in columns):
        return []
    found = [name for name, values in columns.items() if wordy(values)]
    return found if len(found) > 1 else []


def _features(columns: Mapping[str, list[str]]) -> list[str]:
    """All columns of a table in which none holds texts: numbers, and values that come again and again."""
    kept = [name for name in columns if not is_beside(name) and not re.search(r"[{}]", name)]
    if len(kept) < 2 or by_name(columns, INPUTS) or not all(numeric(columns[n]) or of_few(columns[n]) for n in kept):
        return []
    return [] if any(wordy(columns[name]) for name in kept) else kept


def names_splits(values: Sequence[str]) -> bool:
    """Whether the values are the names of splits."""
    return len(found := {value.strip().lower() for value in values}) > 1 and all(map(is_split, found))


def quoted(names: Iterable[str]) -> str:
    """Some names, and how many more."""
    shown = [f"'{name}'" for name in names]
    more = f" and {len(shown) - NAMES} more" if len(shown) > NAMES else ""
    return f"{', '.join(shown[:NAMES])}{more}"
