"""When not even the best does the task, and what a test split can show at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.decision.resolution import resolution
from crossover.decision.shortfall import shortfall
from crossover.evaluation.power import needed_items, smallest_difference
from crossover.types import Estimate


def estimate(value: float, spread: float = 0.05) -> Estimate:
    return Estimate(200, value, max(value - spread, 0.0), min(value + spread, 1.0))


@pytest.mark.parametrize(
    ("best", "floor", "target", "why"),
    [
        (0.50, 0.50, None, "no more than always giving the most frequent answer (50.0 %)"),
        (0.505, 0.50, None, "no more than always giving the most frequent answer (50.0 %)"),
        (0.40, 0.50, 0.9, "no more than always giving the most frequent answer (50.0 %)"),
        (0.10, 0.0, 0.7, "far below the target of 70.0 %"),
        (0.10, None, 0.7, "far below the target of 70.0 %"),
        (0.52, 0.50, None, None),
        (0.45, 0.10, 0.7, None),  # more than half of the way
        (0.93, 0.93, 0.9, None),  # the most frequent answer is good enough
        (0.10, None, None, None),
        (1.00, 1.00, None, None),  # no model can be better
        (0.995, 0.995, None, None),
        (0.98, 0.98, None, "no more than always giving the most frequent answer (98.0 %)"),
    ],
)
def test_a_best_that_does_not_do_the_task_says_why(
    best: float, floor: float | None, target: float | None, why: str | None
) -> None:
    assert shortfall(estimate(best), None if floor is None else estimate(floor), target, 0.01) == why


@given(st.integers(1, 5000), st.sampled_from([0.05, 0.05 / 3]), st.sampled_from([0.1, 0.3]))
def test_the_smallest_difference_is_found_and_a_smaller_is_not(items: int, alpha: float, discordance: float) -> None:
    least = smallest_difference(items, alpha, discordance)
    if least is None:
        assert needed_items(1.0, discordance, alpha) > items
        return
    assert needed_items(least, discordance, alpha) <= items
    if least > 0.001:
        assert needed_items(least - 0.001, discordance, alpha) > items


def test_what_a_test_split_shows_is_said_with_advice_where_it_is_little() -> None:
    [many] = resolution(1000, ["dev", "test"])
    assert many == "1,000 test rows: two ways are told apart (80 % power) where they differ by about 6 points or more"
    few, advice = resolution(25, ["train", "dev", "test"])
    assert few.startswith("25 test rows: two ways are told apart (80 % power) where they differ by about 4")
    assert "label more (about 500 rows in all)" in advice
    assert "give a test file of 100 rows or more" in resolution(25, ["dev"])[1]
    folded, advice = resolution(130, ["train", "dev"], folds=5)
    assert folded.startswith(
        "130 rows, of which each tests once: two ways are told apart (80 % power) where they differ by"
    )
    assert float(folded.split("about ")[1].split()[0]) > float(resolution(130, [])[0].split("about ")[1].split()[0])
    assert advice.startswith("under 500 rows in all little can be told")
    assert resolution(3, ["test"])[0] == "3 test rows: too few to tell any two ways apart (80 % power)"
