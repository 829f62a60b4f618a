"""Which general rows an epoch gets: the share asked for, each before any comes twice, another draw each epoch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from crossover.errors import TuningError
from crossover.models.hf import Hf
from crossover.tuning.batches import TokenRow, replayed_rows
from crossover.types import LoraRecipe
from tests.tuning.small import tune

GENERAL = [TokenRow((number,), 0) for number in range(50)]


@pytest.mark.parametrize(("share", "task_rows", "wanted"), [(0.25, 300, 100), (0.5, 30, 30), (0.9, 10, 90), (0.0, 10, 0)])
def test_the_share_is_of_all_rows_of_the_epoch(share: float, task_rows: int, wanted: int) -> None:
    found = replayed_rows(GENERAL, task_rows, share, seed=0, epoch=1)
    assert len(found) == wanted
    counts = Counter(found)
    assert max(counts.values(), default=0) - min((counts[row] for row in GENERAL), default=0) <= 1


def test_the_draw_depends_on_seed_and_epoch_alone() -> None:
    first = replayed_rows(GENERAL, 60, 0.25, 0, 1)
    assert replayed_rows(GENERAL, 60, 0.25, 0, 1) == first
    assert replayed_rows(GENERAL, 60, 0.25, 0, 2) != first
    assert replayed_rows(GENERAL, 60, 0.25, 1, 1) != first


def test_what_cannot_be_replayed_is_refused(pocket: Hf, tmp_path: Path) -> None:
    with pytest.raises(TuningError, match=r"replay is 1\.0, valid is a share from 0 to below 1"):
        tune(pocket, tmp_path / "a", LoraRecipe(replay=1.0))
    with pytest.raises(TuningError, match="there are no general rows"):
        tune(pocket, tmp_path / "b", LoraRecipe(replay=0.5))
