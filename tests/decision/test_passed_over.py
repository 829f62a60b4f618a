"""A candidate that was tested though dev preferred another of its family, and did far better there."""

from __future__ import annotations

import pytest

from crossover import registry
from crossover.decision.recommend import recommend
from crossover.decision.shortfall import shortfall
from crossover.decision.wording import Wording
from crossover.types import Estimate
from tests.decision.builders import contender, pattern, run

MAJORITY, FEW = contender("majority", "control"), contender("few_shot", "prompt", cost=10)


@pytest.mark.parametrize("rows", [25, 100, 400, 2000])
@pytest.mark.parametrize("share", [0.44, 0.9])
def test_beside_one_that_does_the_task_nobody_is_told_to_need_no_language_model(rows: int, share: float) -> None:
    bare = contender("zero_shot", "prompt", rung="baseline")
    right = {MAJORITY: 0.24, FEW: 0.15, bare: share}
    runs = {one.id: run(one.name, pattern(rows, int(part * rows))) for one, part in right.items()}
    accuracy, floor = registry.create("metrics", "accuracy"), Estimate(rows, 0.24, 0.2, 0.28)
    sides = {one.family: one for one in (MAJORITY, FEW)}
    wording = Wording("accuracy", 1000)
    verdict, *_ = recommend(sides, runs, accuracy, 0.01, None, 0, wording, floor, 0.03, [bare])
    assert verdict.confidence == "open"
    told = " ".join(verdict.reasons)
    assert f"zero_shot reaches {100 * int(share * rows) / rows:.1f} %" in told
    assert "do not need a language model" not in told


@pytest.mark.parametrize(
    ("best", "floor", "margin", "short"),
    [
        (0.6, 0.625, 0.01, True),
        (0.6, 0.625, 0.4, True),
        (0.95, 0.99, 0.01, True),
        (0.985, 0.99, 0.01, False),
        (1.0, 1.0, 0.01, False),
        (0.7, 0.625, 0.01, False),
    ],
)
def test_whether_the_task_is_done_hangs_on_the_floor_and_not_on_how_large_a_margin_is(
    best: float, floor: float, margin: float, short: bool
) -> None:
    found = shortfall(Estimate(100, best, best - 0.05, best + 0.05), Estimate(100, floor, floor, floor), None, margin)
    assert (found is not None) is short
