"""Rows from training data of Rasa (NLU, in YAML): its intents with their examples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from crossover.data.rows import Row
from crossover.data.textfile import read_text
from crossover.data.yamlfile import BoundedLoader
from crossover.errors import DataError, NoRows

VALID = "valid is a data file (CSV, JSONL, ...), or training data of Rasa, with intents and examples under 'nlu'"
_EXAMPLE = re.compile(r"^[ \t]*-[ \t]*(.*)$", re.M)
_MARKED = re.compile(r"\[([^\[\]]+)\](?:\([^()]*\)|\{[^{}]*\})(?:\{[^{}]*\})?")  # "to [Paris](city)"


class _Loader(BoundedLoader):
    """Everything is text as it is written: an intent may be called `yes`."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.yaml_implicit_resolvers = {}


def read_rasa(path: Path) -> list[Row]:
    """The examples of each intent, columns `text` (without the marks of entities) and `intent`.

    What else stands under `nlu` (synonyms, regexes, look-up tables) is no row. Raises `DataError`.
    """
    items = _items(path)
    pairs = [
        (str(item["intent"]), example) for item in items if "intent" in item for example in _examples(item.get("examples"))
    ]
    if not pairs:
        raise NoRows(f"{path} has no example of an intent; {VALID}")
    said = "it is training data of Rasa: each example is a row, without the marks of its entities"
    rows = []
    for number, (intent, example) in enumerate(pairs, start=1):
        fields = {"text": _MARKED.sub(r"\1", example), "intent": intent}
        rows.append(Row(number, fields, f"{path.name}, example {number}", remarks=(said,)))
    return rows


def is_rasa(path: Path) -> bool:
    """Whether a YAML file is training data of Rasa: task files are YAML, too."""
    try:
        return bool(_items(path))
    except DataError:
        return False


def _items(path: Path) -> list[Mapping[str, Any]]:
    """What stands under `nlu`. Raises `DataError`."""
    text = read_text(path)
    try:
        held = yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise DataError(f"{path}: not valid YAML; {VALID}") from problem
    items = held.get("nlu") if isinstance(held, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise DataError(f"{path} is YAML and holds no rows; {VALID}")
    return items


def _examples(written: Any) -> list[str]:
    """The examples of one intent: lines behind a dash, or a list of texts or of objects with one."""
    if isinstance(written, str):
        return [found.strip() for found in _EXAMPLE.findall(written)]
    listed = written if isinstance(written, list) else []
    texts = [one.get("text") if isinstance(one, Mapping) else one for one in listed]
    return [text.strip() for text in texts if isinstance(text, str)]
