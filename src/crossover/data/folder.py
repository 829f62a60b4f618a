"""Rows from a folder that has a folder of texts for each label: `reviews/pos/1.txt`."""

from __future__ import annotations

import re
from pathlib import Path

from crossover.data.columnnames import is_split
from crossover.data.rows import Row
from crossover.data.textfile import read_text
from crossover.errors import DataError, NoRows

MOST = 200_000  # files
UNLABELLED = re.compile(r"un[-_ ]?(?:sup|supervised|label|labeled|labelled)", re.I)  # of texts that nobody has labelled
RUNS = "runs"  # where studies lie, each in a folder of its own
_TEXT = re.compile(r".*\.(?:txt|text)|[^.]+", re.I)  # "10.txt", or "53068" without an ending


def read_folder(path: Path) -> list[Row]:
    """A row for each text file, columns `text` and `label`: the name of the folder that it lies in.

    Hidden files are left out, and those beside the folders of labels, which is said; so are folders of texts without a
    label ("unsup"), and of studies. An empty file is a row with a blank text. Raises `DataError` where the folder holds
    anything else.
    """
    try:
        seen = [entry for entry in sorted(path.iterdir()) if not entry.name.startswith(".")]
        folders = [entry for entry in seen if entry.is_dir() and not _holds_studies(entry)]
        labels = [folder for folder in folders if not UNLABELLED.fullmatch(folder.name)]
        held = {label: [file for file in label.iterdir() if not file.name.startswith(".")] for label in labels}
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror or problem}") from problem
    valid = "valid is a file, or a folder that has a folder of text files (.txt) for each label"
    if len(labels) < 2:
        raise DataError(f"{path} is a folder; {valid}")
    if all(is_split(label.name) for label in labels):
        names = " and ".join(f"'{label.name}'" for label in labels)
        raise DataError(
            f"{path} is a folder with {names}, which are splits and no labels; valid is one of them, with a folder of text"
            " files (.txt) for each label"
        )
    every = [file for files in held.values() for file in files]
    odd = next((file for file in every if not (_TEXT.fullmatch(file.name) and file.is_file())), None)
    if odd is not None:
        raise DataError(f"{path} is a folder, and '{odd.relative_to(path)}' in it is no text file; {valid}")
    if not (count := len(every)):
        raise NoRows(f"{path} is a folder without text files; {valid}")
    if count > MOST:
        raise DataError(f"{path} holds {count:,} files; valid are up to {MOST:,}, or one file of them all")
    name = path.name or path.resolve().name  # "."
    said = ["each text file is a row, and the folder that it lies in is its label"]
    said += [
        f"the folder '{folder.name}' in {name} holds texts without a label, and is not read"
        for folder in folders
        if folder not in labels
    ]
    if loose := [entry.name for entry in seen if not entry.is_dir()]:
        more = f" and {len(loose) - 1} more" if len(loose) > 1 else ""
        said.append(f"'{loose[0]}'{more} beside the folders of labels in {name} {'are' if more else 'is'} not read")
    pairs = [(label.name, file) for label, files in held.items() for file in sorted(files, key=_order)]
    return [
        Row(number, {"text": _text(file), "label": label}, f"{name}/{label}/{file.name}", remarks=tuple(said))
        for number, (label, file) in enumerate(pairs, start=1)
    ]


def _holds_studies(folder: Path) -> bool:
    return folder.name == RUNS and all(entry.is_dir() for entry in folder.iterdir() if not entry.name.startswith("."))


def _text(file: Path) -> str:
    """What a file holds, "" where it is empty."""
    try:
        return read_text(file)
    except NoRows:
        return ""


def _order(file: Path) -> tuple[int, str]:
    """In the order of their numbers, where names have some."""
    number = re.search(r"\d+", file.stem)
    return (int(number[0]) if number else 0, file.name)
