"""Rows from a Hugging Face data set, of the hub or in a local folder (extra `datasets`)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crossover.data.classnames import decoders
from crossover.data.floats import rewritten
from crossover.data.hub import Refusal, refusal
from crossover.data.rows import Row, rows_of
from crossover.errors import DataError, MissingExtra

# what a hub calls each of our splits, the most usual first
SPLIT_NAMES = {"train": ("train",), "dev": ("validation", "dev", "valid", "val"), "test": ("test",)}


def is_huggingface(reference: str) -> bool:
    """Whether a data reference names a Hugging Face data set."""
    return reference.startswith("hf:")


def read_splits(reference: str, folder: Path) -> dict[str, list[Row]]:
    """All splits of a data set, by their own names; one without splits is named "all".

    `hf://NAME`, `hf://ORG/NAME` or `hf://ORG/NAME/CONFIG` is read from the hub, `hf:FOLDER` from a folder that
    `save_to_disk` wrote, relative to `folder`. `#SPLIT` at the end takes one split only. Raises `DataError`, and
    `MissingExtra` without the package `datasets`.
    """
    try:
        import datasets
    except ImportError as problem:
        raise MissingExtra("reading a Hugging Face data set", "datasets") from problem

    where, _, split = reference.partition("#")
    hub_name = _hub_name(where) if where.startswith("hf://") else None
    refused = refusal(hub_name[0], "dataset") if hub_name else None
    try:
        with _unreached(datasets, refused):
            if hub_name:
                data = datasets.load_dataset(*hub_name)
            else:
                data = datasets.load_from_disk(str(folder / where.removeprefix("hf:")))
    except Exception as problem:  # the library raises its own, the hub's, the file system's and arrow's
        reason = refused.clause if refused else str(problem).split("\n", 1)[0]
        raise DataError(f"the data set '{where}' cannot be read: {reason}") from problem
    tables: dict[str, Any] = dict(data) if isinstance(data, dict) else {"all": data}
    if split and split not in tables:
        raise DataError(f"the data set '{where}' has no split '{split}'; valid: {', '.join(sorted(tables))}")
    return {name: table_rows(where, name, table) for name, table in tables.items() if name == (split or name)}


def read_split(reference: str, folder: Path, wanted: str) -> list[Row]:
    """The rows for our split `wanted` ("train", "dev" or "test"). Raises as `read_splits` does."""
    splits = read_splits(reference, folder)
    if len(splits) == 1 and ("all" in splits or "#" in reference):
        return next(iter(splits.values()))
    for name in SPLIT_NAMES[wanted]:
        if name in splits:
            return splits[name]
    raise DataError(
        f"the data set '{reference}' has no split for '{wanted}'; its splits: {', '.join(sorted(splits))} "
        f"(name one as '{reference}#{min(splits)}')"
    )


@contextmanager
def _unreached(datasets: Any, refused: Refusal | None) -> Iterator[None]:
    """The libraries without a word of theirs; where the hub refuses, they look at what was fetched before and ask nothing
    again."""
    from huggingface_hub import constants

    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    before = [logger.level for logger in loggers], constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    if refused:
        constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        levels, constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _hub_name(where: str) -> list[str]:
    parts = where.removeprefix("hf://").split("/")
    if not all(parts) or len(parts) > 3:
        raise DataError(f"'{where}' is not the name of a data set; valid: hf://ORG/NAME or hf://ORG/NAME/CONFIG")
    return ["/".join(parts[:2]), *parts[2:]]


def table_rows(where: str, split: str, table: Any) -> list[Row]:
    """The rows of a `datasets` data set, with its name for messages. Raises `DataError` where there is none."""
    name = where if split == "all" else f"{where} {split}"
    records = rewritten(table, table.features.arrow_schema) if table.features else table
    rows = rows_of(records, decoders(table.features.to_dict() if table.features else {}), name)
    if not rows:
        raise DataError(f"the data set '{name}' has no rows")
    return rows
