"""A study's results without the folders of this machine: of a model's or file's path the last part is what is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crossover.data.modelspec import placeless
from crossover.data.task import Task
from crossover.study.results import Results

NAMING = {"model", "models", "data", "metric", "metric_options", "strategies", "forgetting"}  # keys that may name a file


def places(task: Task, results: Results) -> list[str]:
    """What names a path of this machine: in the task, and as a candidate's model; the longest first."""
    told = {one.model for one in results.candidates if one.model}
    told.update(_texts(task.model_dump(mode="json", include=NAMING)))
    return sorted((text for text in told if placeless(text) != text), key=len, reverse=True)


def without_places(value: Any, places: Sequence[str]) -> Any:
    """Texts, mappings, sequences and dataclasses with the last part of each place in its stead; paths stay as they are."""
    if isinstance(value, str):
        for place in places:
            value = value.replace(place, placeless(place))
        return value
    if isinstance(value, dict):
        return {without_places(key, places): without_places(inner, places) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(without_places(inner, places) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Path)):
        held = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        return dataclasses.replace(value, **{name: without_places(inner, places) for name, inner in held.items()})
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\n" not in value:
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        yield from _texts(inner)
