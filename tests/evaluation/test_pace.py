"""The pace of tuning: each step is awaited, and the first ones, in which a card prepares, do not count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from crossover import tuning
from crossover.errors import TuningError
from crossover.evaluation import pace
from crossover.models.hf import Hf
from crossover.types import LoraRecipe
from tests.tuning.small import TRAIN

RECIPE = LoraRecipe(batch_size=4)


def measured(pocket: Hf, seconds: Sequence[float], monkeypatch: pytest.MonkeyPatch) -> tuple[float, dict[str, Any]]:
    """What is measured of a tune whose steps take these seconds, and how the tune was called."""
    clock, given = [0.0], {}

    def fit(
        model: Hf, *, rows: Any, dev_rows: Any, recipe: LoraRecipe, folder: Path, on_step: Callable[..., None], **more: Any
    ) -> None:
        given.update(more, rows=rows)
        for step, taken in enumerate(seconds, 1):
            clock[0] += taken
            on_step(step, len(seconds), 1.0)

    monkeypatch.setattr(tuning, "fit", fit)
    monkeypatch.setattr(pace.time, "perf_counter", lambda: clock[0])
    return pace.measure_tuning(pocket, RECIPE, TRAIN), given


def test_the_first_two_steps_do_not_count(pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    found, given = measured(pocket, [9.0, 0.5, 2.0, 4.0], monkeypatch)
    assert found == pytest.approx(2.0 / 4), "nor where they are the quickest"
    assert given["look"] == 0.0, "each step is awaited"
    assert len(given["rows"]) == 4 * 4


def test_two_steps_are_too_few(pocket: Hf, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TuningError, match="too long to measure"):
        measured(pocket, [1.0, 1.0], monkeypatch)


def test_a_real_tune_is_measured(pocket: Hf) -> None:
    assert pace.measure_tuning(pocket, RECIPE, TRAIN) > 0
