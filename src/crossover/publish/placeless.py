"""A study's results without the folders of this machine: of a model's or file's path the last part is what is read."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossover.data.modelspec import placeless
from crossover.data.task import Task
from crossover.study.results import Results

NAMING = {"model", "models", "data", "metric", "metric_options", "strategies", "forgetting"}  # keys that may name a file
DEEPEST = 100  # parts of a path


def places(task: Task, results: Results) -> dict[str, str]:
    """What names a path of this machine, in the task or as a candidate's model, and what stands for it; longest first."""
    told = {one.model for one in results.candidates if one.model}
    told.update(_texts(task.model_dump(mode="json", include=NAMING)))
    shown = apart(told)
    return {text: shown[text] for text in sorted(told, key=len, reverse=True) if shown[text] != text}


def apart(told: Collection[str]) -> dict[str, str]:
    """By text: without its place, with as many of the last parts as tell it from the others."""
    shown, whole = {text: placeless(text) for text in told}, {text: placeless(text, DEEPEST) for text in told}
    for parts in range(2, DEEPEST):
        others = Counter(name for name, _ in {(shown[text], whole[text]) for text in told})  # a path spelled twice is one
        if max(others.values(), default=1) == 1:
            break
        shown |= {text: placeless(text, parts) for text in told if others[shown[text]] > 1}
    return shown


def without_places(value: Any, places: Mapping[str, str]) -> Any:
    """Texts, mappings, sequences and dataclasses with what stands for each place in its stead; paths stay as they are.
    A place is not found within a longer word: `/model` is neither in "make/model" nor in "/models"."""
    either = "|".join(map(re.escape, places))
    found = re.compile(rf"(?<![\w/.])(?:{either})(?:(?<=/)|(?!\w))")
    return _each(value, lambda text: found.sub(lambda one: places[one[0]], text)) if places else value


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_each(key, change): _each(inner, change) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_each(inner, change) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Path)):
        held = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        return dataclasses.replace(value, **{name: _each(inner, change) for name, inner in held.items()})
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\n" not in value:
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        yield from _texts(inner)
