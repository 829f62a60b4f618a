"""The rule, and that a planned study is judged by the very same one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import registry
from crossover.decision.needed import settles
from crossover.decision.recommend import recommend
from crossover.decision.rule import blocked, likely, proven
from crossover.decision.wording import Wording
from crossover.evaluation.power import Shares, _SharedStudies
from crossover.types import Family
from tests.decision.builders import contender, run

ORDER: list[Family] = ["control", "prompt", "weights", "hybrid"]
COSTS = {"control": 0.0, "prompt": 10.0, "weights": 20.0, "hybrid": 40.0}


def decided(wins: set[tuple[int, int]], within: set[tuple[int, int]]) -> list[int]:
    beats, near = (np.zeros((1, 4, 4), dtype=bool) for _ in range(2))
    for i, j in wins:
        beats[0, i, j] = True
    for i, j in within:
        near[0, i, j] = True
    return np.flatnonzero(proven(beats, near, ORDER)[0]).tolist()


def test_a_dearer_trained_champion_must_be_excluded_too() -> None:
    beats_control = {(1, 0), (2, 0), (3, 0)}
    assert decided(beats_control, {(2, 1)}) == [], "the hybrid may be better by more than the margin"
    assert decided(beats_control, {(2, 1), (3, 1)}) == [1]


def test_a_hybrid_wins_where_weights_do_not() -> None:
    assert decided({(1, 0), (2, 0), (3, 0), (3, 1)}, set()) == [3]


def test_of_a_side_all_are_named_that_are_proven_and_of_two_sides_the_cheaper_one() -> None:
    both = {(1, 0), (2, 0), (3, 0), (2, 1), (3, 1)}
    assert decided(both, set()) == [2, 3]
    assert decided(both, {(2, 1), (3, 1)}) == [1], "better, and by no more than the margin"


def test_who_blocks_is_told() -> None:
    wins, within = np.zeros((1, 4, 4), dtype=bool), np.zeros((1, 4, 4), dtype=bool)
    wins[0, 1, 0] = within[0, 2, 1] = True
    assert blocked(wins, within, ORDER, 1)[0].tolist() == [False, False, False, True]


def test_likely_is_the_cheapest_within_the_margin() -> None:
    values = np.array([[0.5, 0.79, 0.8, 0.805], [0.81, 0.79, 0.8, 0.805]])
    assert likely(values, 0.01).tolist() == [2, 0]


@given(st.integers(0, 2**32), st.integers(2, 150), st.sampled_from([0.0, 0.01, 0.05]), st.sampled_from([0.0, 0.03, 0.2]))
@settings(max_examples=25)
def test_a_planned_study_is_judged_as_a_real_one(seed: int, n: int, margin: float, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    difficulty = rng.random((n, 1))
    right = (0.6 * difficulty + 0.4 * rng.random((n, 4))) < rng.uniform(0.2, 0.9, 4)
    champions = {family: contender(family, family, cost=COSTS[family]) for family in ORDER}
    runs = {f"id-{family}": run(family, right[:, i].tolist()) for i, family in enumerate(ORDER)}
    metric = registry.create("metrics", "accuracy")
    verdict, _ = recommend(champions, runs, metric, margin, None, 0, Wording("accuracy", 1000), tolerance=tolerance)
    counts = np.bincount(right @ (1 << np.arange(4)), minlength=16)[None]
    studies = _SharedStudies(counts, Shares(right)._patterns(), n)
    assert verdict.regret is not None
    again = settles(studies, [champions[family] for family in ORDER], margin, tolerance, verdict.regret.quantiles)
    assert bool(again[0]) == (verdict.confidence != "open")
