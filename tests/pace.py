"""Fewer looks at the clock: the studies of the tests are many, and decide nothing by it.

How fast tuning is, is measured once for a model and recipe; a candidate's latency and a machine's speed by fewer calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crossover.evaluation import probe
from crossover.study import dry, forecast, outlook, stages

MEASURE = outlook.measure_tuning
KNOWN: dict[Any, float] = {}
WHOLE = probe.LOOKS, probe.PROBES
PROBES = 6  # the fewest calls that bound the middle one
LOOKS = 2


def remembered(model: Any, recipe: Any, rows: Any) -> float:
    key = (model.identity, recipe)
    if key not in KNOWN:
        KNOWN[key] = MEASURE(model, recipe, rows)
    return KNOWN[key]


@pytest.fixture(scope="session", autouse=True)
def _one_pace() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outlook, "measure_tuning", remembered)
        patch.setattr(probe, "LOOKS", LOOKS)
        for module in (stages, forecast):
            patch.setattr(module, "SPEED_CALLS", 2 * (LOOKS + 1))
        for module in (probe, forecast, dry):
            patch.setattr(module, "PROBES", PROBES)
        yield


@pytest.fixture
def all_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many looks at the clock as a user's study takes, and a process of its own."""
    monkeypatch.setattr(probe, "LOOKS", WHOLE[0])
    for module in (stages, forecast):
        monkeypatch.setattr(module, "SPEED_CALLS", probe.SPEED_CALLS)
    for module in (probe, forecast, dry):
        monkeypatch.setattr(module, "PROBES", WHOLE[1])
