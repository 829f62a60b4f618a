"""What is measured of the machine again in each study is measured once in a process, where no test is about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from crossover.evaluation.pace import measure_tuning
from crossover.models.base import Tunable
from crossover.study import outlook
from crossover.types import Recipe

_paces: dict[tuple[str, str], float] = {}


@contextmanager
def pace_of_tuning_once() -> Iterator[None]:
    """Steps of tuning by a recipe take as long in each study of a model."""

    def once(model: Tunable, recipe: Recipe, rows: Sequence[Any]) -> float:
        key = (model.fingerprint, repr(recipe))
        if key not in _paces:
            _paces[key] = measure_tuning(model, recipe, rows)
        return _paces[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outlook, "measure_tuning", once)
        yield
