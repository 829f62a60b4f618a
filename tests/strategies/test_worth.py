"""Whether a found prompt is better than its start beyond luck: exact, and adjusted for how many were met."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, wilcoxon

from crossover.strategies._worth import RARE, signed_ranks, surely_best, surely_better
from crossover.types import Candidate, Decoding, Estimate, Example, Prompt, Record, Reply, Run, Score


class Dev:
    def better(self, run: Run, reference: Run) -> bool:
        return run.estimate.value > reference.estimate.value + 1e-9


def ran(values: Sequence[float], group: str | None = None) -> Run:
    records = tuple(
        Record(Example(str(i), f"input {i}", "gold", group), Reply(), "", Score(float(value)))
        for i, value in enumerate(values)
    )
    return Run("c", "dev", "accuracy", records, Estimate(len(values), mean(map(float, values)), 0, 1))


def named(number: int, labels: tuple[str, ...] = ()) -> Candidate:
    return Candidate("m", Prompt(instruction=str(number)), Decoding(labels=labels))


def test_two_newly_right_rows_of_twenty_are_luck_once_in_four() -> None:
    assert signed_ranks([1.0, 1.0] + [0.0] * 18) == pytest.approx(0.25)
    assert not surely_better(named(1), ran([1] * 20), named(0), ran([1] * 18 + [0] * 2))
    assert surely_better(named(1), ran([1] * 20), named(0), ran([1] * 16 + [0] * 4))


@given(st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.25, 0.5, 1.0]), max_size=9))
def test_the_p_is_the_share_of_all_signs(changes: list[float]) -> None:
    moved = [change for change in changes if change]
    ranks = rankdata(np.abs(moved)) if moved else np.array([])
    reached = sum(rank for rank, change in zip(ranks, moved, strict=True) if change > 0)
    sums = [float(np.dot(signs, ranks)) for signs in itertools.product((0, 1), repeat=len(moved))]
    assert signed_ranks(changes) == pytest.approx(sum(value >= reached - 1e-9 for value in sums) / len(sums))


def test_many_different_changes_agree_with_wilcoxons_test_below_and_above_the_exact_limit() -> None:
    rng = np.random.default_rng(1)
    for n in (40, 1000):
        changes = rng.normal(0.05, 1, n)
        expected = wilcoxon(changes, alternative="greater").pvalue
        assert signed_ranks(list(changes)) == pytest.approx(expected, rel=0.01)


def test_rows_of_one_group_are_one_piece_of_evidence() -> None:
    now, before = [1] * 8, [0] * 8
    assert surely_better(named(1), ran(now), named(0), ran(before))
    assert not surely_better(named(1), ran(now, "all"), named(0), ran(before, "all"))


def test_of_several_found_the_best_has_more_to_prove() -> None:
    start, best, others = ran([1] * 16 + [0] * 4), ran([1] * 20), [ran([1] * 15 + [0] * 5)] * 9
    few = [(named(0), start), (named(1), best)]
    many = [*few, *((named(2 + i), run) for i, run in enumerate(others))]
    assert surely_best(few, Dev()) is few[1][0]  # type: ignore[arg-type]
    assert surely_best(many, Dev()) is many[0][0]  # type: ignore[arg-type]


@pytest.mark.parametrize("k", [3, 6, 12])
def test_a_start_is_left_for_the_best_of_k_that_are_no_better_in_at_most_a_tenth(k: int) -> None:
    rng, left, draws = np.random.default_rng(2), 0, 200
    for _ in range(draws):
        difficulty = 0.949 * rng.standard_normal(40)
        right = difficulty + 0.316 * rng.standard_normal((k + 1, 40)) < 0.6745
        tried = [(named(i), ran(row)) for i, row in enumerate(right)]
        left += surely_best(tried, Dev()) is not tried[0][0]  # type: ignore[arg-type]
    assert left / draws <= RARE
