"""Rows from lines of text: fastText's, a table that is named `.txt`, and a label in front of each text."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from crossover.data.csvfile import divided_by, read_csv
from crossover.data.rows import Row
from crossover.data.textfile import lines_of, read_text
from crossover.errors import DataError

MARK = "__label__"  # fastText's (Joulin et al. 2017)
_LABELLED = re.compile(r"((?:__label__\S+[ \t]+)*__label__\S+)[ \t,]+(.+)", re.S)
_CODED = re.compile(r"(\d{1,2}|[A-Z][A-Z_]*(?::\w+)?)[ \t]+(\S.*)")  # "3 Some words", "LOC:city Where is it?"
ROWS_PER_CODE = 5
MOST_BESIDE = 100  # files that are looked at


def read_txt(path: Path) -> list[Row]:
    """The rows of a text file with `__label__x` before each text (or of one with a code before each), columns `label` and
    `text`; else of a table whose fields tabs, semicolons or bars divide, in every line alike. Raises `DataError`."""
    text = read_text(path)
    lines = [(number, line) for number, line in enumerate(lines_of(text), start=1) if line.strip()]
    if any(line.lstrip().startswith(MARK) for _, line in lines):
        said = "each line is a text behind its label (fastText)"
        return [_row(path, number, _labelled(path, number, line), said) for number, line in lines]
    if divided_by(text) in ("\t", ";", "|"):
        return read_csv(path)
    coded = [_CODED.fullmatch(line.strip()) for _, line in lines]
    codes = Counter(match[1] for match in coded if match)
    if all(coded) and 1 < len(codes) <= len(lines) / ROWS_PER_CODE:
        said = "each line is a text behind its label"
        return [_row(path, n, (match[1], match[2]), said) for (n, _), match in zip(lines, coded, strict=True) if match]
    if beside := _labels_beside(path, _filled(text)):
        raise DataError(
            f"{path}: the lines have no columns, and {beside} has as many lines: where these are the labels, join both into"
            f" one table (paste {path.name} {beside} > rows.tsv)"
        )
    raise DataError(
        f"{path}: the lines have no columns; valid is the same number of tabs, semicolons or bars in each, {MARK}x before"
        " each text, or a file of another kind (.csv, .jsonl, ...)"
    )


def _filled(text: str) -> list[bool]:
    """Of each line whether something stands in it, up to the last one where something does: lines are joined by number."""
    return [bool(line.strip()) for line in lines_of(text.rstrip())]


def _labels_beside(path: Path, filled: list[bool]) -> str | None:
    """The name of a file of labels beside a file of texts, line by line; None where there is none."""
    for other in sorted(path.parent.glob("*.txt"))[:MOST_BESIDE]:
        if other != path and re.search(r"label|tag|class", other.stem, re.I) and not re.search("label", path.stem, re.I):
            try:
                if _filled(read_text(other)) == filled:
                    return other.name
            except DataError:  # whatever it is, it is no file of labels
                continue
    return None


def _labelled(path: Path, number: int, line: str) -> tuple[str | list[str], str]:
    if (match := _LABELLED.fullmatch(line.strip())) is None:
        raise DataError(f"{path}, line {number}: valid is {MARK}x and a text, as in the other lines")
    labels = [label.removeprefix(MARK).rstrip(",") for label in match[1].split()]
    return (labels if len(labels) > 1 else labels[0]), match[2]


def _row(path: Path, number: int, held: tuple[str | list[str], str], said: str) -> Row:
    label, text = held
    return Row(number, {"label": label, "text": text}, f"{path.name}, line {number}", remarks=(said,))
