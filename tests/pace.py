"""How fast tuning is, measured once for a model and recipe: the studies of the tests are many, and decide nothing by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crossover.study import outlook

MEASURE = outlook.measure_tuning
KNOWN: dict[Any, float] = {}


def remembered(model: Any, recipe: Any, rows: Any) -> float:
    key = (model.identity, recipe)
    if key not in KNOWN:
        KNOWN[key] = MEASURE(model, recipe, rows)
    return KNOWN[key]


@pytest.fixture(scope="session", autouse=True)
def _one_pace() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outlook, "measure_tuning", remembered)
        yield
