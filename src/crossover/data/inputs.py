"""Which column of a table is the input, once the output is known: what is called a text, else what is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from crossover.data.columnnames import ANSWERS, ASKS, is_beside, is_called_after, is_reference, read
from crossover.data.looks import dates, nested, numeric, of_few, places, wordy
from crossover.data.outputs import NAMED, Column, agree, columns_of_table, quoted, recoded, unclear
from crossover.errors import DataError

_UNNAMED = re.compile(r"column_\d+")


def input_of(columns: Mapping[str, list[str]], path: Path, said: Sequence[str]) -> tuple[str, str]:
    """The input, a column or a template, and why. `columns`: without the output, `said`: its values.

    Raises `Unclear` for several texts that are called so, or where none is, and for a table without texts in which a column
    mostly says the output; `DataError` where all that is left names rows or files.
    """
    held = columns_of_table(columns)
    asks = [one for one in held if one.read.role in ASKS]
    asks = _without_notes(_without_copies([one for one in asks if _varies(one.values)] or asks), columns)
    if len(asks) > 1 and all(one.few or numeric(one.values) for one in asks):
        asks = []  # of a questionnaire
    if len(asks) == 1 and asks[0].read.role in ("note", "heading"):  # may also be beside what is read
        asks += [
            one
            for one in held
            if wordy(one.values) and one.read.role in ("", "context", *ANSWERS) and one.read.whose != "second"
        ]
    if len(asks) == 1 and asks[0].read.role == "posed":  # of something, perhaps
        asks += [one for one in held if wordy(one.values) and not one.read.role and one.read.whose != "second"]
    headings = [one for one in asks if one.read.role == "heading"]
    if len(asks) == 2 and len(headings) == 1 and not headings[0].read.whose and all(one.read.role in ASKS for one in asks):
        names = [one.name for one in sorted(asks, key=lambda one: one not in headings)]
        return _lines(names), f"the columns {quoted(names)}, a text and its heading"
    if len(asks) > 1:
        raise unclear(path, "input", asks)
    if asks and asks[0].read.role == "posed" and (given := [one for one in held if _is_given(one)]):
        if len(given) > 1:
            raise unclear(path, "input", [*asks, *given])
        names = [asks[0].name, given[0].name]
        return _lines(names), f"the columns {quoted(names)}, a question and what is read for its answer"
    if asks:
        return column(asks[0].name), f"the column '{asks[0].name}', {NAMED}"
    if several := _several_texts(columns):
        return _lines(several), f"the columns {quoted(several)}, all texts"
    if several := _features(columns):
        if any(agree(columns[name], said) for name in several):
            raise unclear(path, "input", [one for one in held if one.name in several])
        several = [name for name in several if not recoded(columns[name], said)] or several
        lines = "\n".join(f"{name}: {{{name}}}" for name in several)
        return lines, f"the columns {quoted(several)}, as none holds texts"
    names = [name for name in columns if is_reference(name) and not wordy(columns[name])]
    if names and all(name in names or numeric(columns[name]) for name in columns):
        raise DataError(
            f"{path}: no column holds the texts: {quoted(names)} only name{'s' * (len(names) == 1)} them; valid is a column"
            " with the texts themselves, or a task file that names what the input is"
        )
    plain = [one for one in held if not (one.beside or (one.read.role in ANSWERS and (one.few or one.second)))]
    plain = [one for one in plain if len({*one.values}) > 1] or plain
    flat = [one for one in plain if not nested(one.values)]
    pools = [[one for one in flat if wordy(one.values)], [one for one in held if wordy(one.values)]]
    pools += [[one for one in flat if not (one.few or numeric(one.values))], flat, plain, held]
    pool = next(filter(None, pools), [])
    if len(pool) > 1:
        raise unclear(path, "input", pool)
    if not pool:
        raise DataError(f"{path}: beside the output no column holds a text; valid are two columns, an input and an output")
    return column(pool[0].name), f"the column '{pool[0].name}', as it is the only text"


def _varies(values: Sequence[str]) -> bool:
    """Whether a column may be read row by row: not the same in each, no number, address or date."""
    return len({*values}) > 1 and not (numeric(values) or places(values) or dates(values))


def _without_copies(asks: list[Column]) -> list[Column]:
    """Texts without those that are another one, cleaned, or as it was before."""
    plain = [one for one in asks if one.read.whose not in ("copy", "second")]
    return [one for one in asks if one in plain or one.read.head not in [other.read.head for other in plain]]


def _without_notes(asks: list[Column], columns: Iterable[str]) -> list[Column]:
    """Texts without notes on other columns ("domain_description" beside "domain"), where that leaves some."""
    names = list(columns)
    plain = [one for one in asks if one.read.role != "note" or not any(is_called_after(one.name, of) for of in names)]
    return plain or asks


def _is_given(one: Column) -> bool:
    """Whether a column holds what is read for an answer: a text, or a list of them."""
    return one.read.role == "context" and one.read.whose != "second" and (wordy(one.values) or nested(one.values))


def _lines(names: list[str]) -> str:
    return "\n".join(f"{{{name}}}" for name in names)


def column(name: str) -> str:
    """A column as an input: its braces are none of a template's."""
    return name.replace("{", "{{").replace("}", "}}")


def _several_texts(columns: Mapping[str, list[str]]) -> list[str]:
    """The columns that are texts, where none has a name (a file without a header) and several are."""
    if not all(_UNNAMED.fullmatch(name) for name in columns):
        return []
    found = [name for name, values in columns.items() if wordy(values)]
    return found if len(found) > 1 else []


def _features(columns: Mapping[str, list[str]]) -> list[str]:
    """All columns of a table in which none holds texts: numbers, and values that come again and again."""
    kept = [name for name in columns if not (is_beside(name) or read(name).whose == "second" or re.search(r"[{}]", name))]
    if len(kept) < 2 or not all(numeric(columns[name]) or of_few(columns[name]) for name in kept):
        return []
    return [] if any(wordy(columns[name]) for name in kept) else kept
