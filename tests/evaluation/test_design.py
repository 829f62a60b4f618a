"""The design effect: a cross-fitted estimate is worth fewer items, in every interval, test and bound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.evaluation.aggregate import estimate
from crossover.evaluation.design import refit_effect, seen_effect
from crossover.evaluation.paired import compare, interval, mcnemar, mcnemar_of
from crossover.evaluation.power import items_for, together
from crossover.evaluation.regret import regret
from crossover.types import Example, Record, Reply, Run, Score

RNG = np.random.default_rng(0)
BASE = RNG.random(200)
A = [Score(float(x < 0.75)) for x in BASE]
B = [Score(float(x < 0.6 or y < 0.2)) for x, y in zip(BASE, RNG.random(200), strict=True)]
GRADED_A = [Score(float(x)) for x in np.clip(BASE + 0.1 * RNG.standard_normal(200), 0, 1)]
GRADED_B = [Score(float(x)) for x in np.clip(BASE - 0.03 + 0.1 * RNG.standard_normal(200), 0, 1)]


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_of_whole_counts_is_the_exact_test(a: int, b: int) -> None:
    assert mcnemar_of(a, b) == pytest.approx(mcnemar(a, b), rel=1e-9)


@given(st.floats(0, 40), st.floats(0, 40))
def test_mcnemar_of_any_counts_is_symmetric_and_lies_between_those_of_whole_ones(a: float, b: float) -> None:
    p = mcnemar_of(a, b)
    assert 0 <= p <= 1
    assert p == mcnemar_of(b, a)
    less, more = sorted((a, b))
    assert mcnemar_of(less, more + 1) <= p + 1e-12, "a larger gap is more surprising"


def test_the_effect_of_folds_is_that_of_nadeau_and_bengio() -> None:
    for folds in (2, 5, 10):
        tested, others = 1 / folds, 1 - 1 / folds
        assert refit_effect(folds) == pytest.approx((1 / folds + tested / others) * folds)


@pytest.mark.parametrize(("a", "b", "binary"), [(A, B, True), (GRADED_A, GRADED_B, False)])
def test_everything_that_is_said_is_said_of_fewer_items(a: list[Score], b: list[Score], binary: bool) -> None:
    plain, wider = (estimate(a, "mean", binary, design=d) for d in (1.0, 4.0))
    assert (plain.n, plain.value) == (wider.n, wider.value)
    assert (wider.high - wider.low) / (plain.high - plain.low) == pytest.approx(2, rel=0.06)
    one, four = (compare(a, b, "mean", binary, design=d) for d in (1.0, 4.0))
    assert (one.difference, one.n) == (four.difference, four.n)
    assert (four.high - four.low) / (one.high - one.low) == pytest.approx(2, rel=0.1)
    assert four.p > one.p
    assert "design effect 4.00" in four.test
    assert interval(a, b, "mean", binary, design=4.0) == (four.low, four.high)
    sides = [a, b]
    risks = [regret(sides, 1, "mean", binary, designs=[d, 1.0]) for d in (1.0, 4.0)]
    assert risks[0].upper < risks[1].upper


def folds_of(right: Any, groups: int | None = None) -> list[Run]:
    """The runs of a rung on the folds; `right`: by fold and row. `groups`: as many in each fold."""
    runs = []
    for fold, scores in enumerate(right):
        names = [None if groups is None else f"{fold} {row % groups}" for row in range(len(scores))]
        records = tuple(
            Record(Example(f"{fold} {row}", f"{fold} {row}", "a", name), Reply("a"), "a", Score(float(score)))
            for row, (score, name) in enumerate(zip(scores, names, strict=True))
        )
        runs.append(Run("c", "test", "accuracy", records, estimate([r.score for r in records], "mean", True)))
    return runs


@given(st.integers(2, 8), st.integers(0, 10**6))
def test_the_effect_that_is_seen_is_never_less_than_1_nor_more_than_the_items(folds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rungs = [folds_of(rng.random((folds, 6)) < rng.random((folds, 1))) for _ in range(2)]
    assert 1 <= seen_effect(rungs).whole <= max(refit_effect(folds), 6 * folds)
    alike = [folds_of(np.tile([1, 0, 1], (folds, 1)))]
    assert 1 < seen_effect(alike).whole < 2.5, "folds that agree show no luck"
    always = [folds_of(np.ones((folds, 3)))]
    assert seen_effect(always).whole == pytest.approx(refit_effect(folds)), "nothing is known of luck where all is right"


def test_the_effect_that_is_seen_grows_with_what_differs_between_folds_and_with_the_items() -> None:
    def right(spread: float, rows: int = 26) -> Any:
        """Each fold has its share of right answers, whatever the row."""
        shares = 0.7 + spread * np.array([-1.0, 1.0, -0.5, 0.5, 0.0])
        return np.arange(rows) < np.round(shares * rows)[:, None]

    effects = [seen_effect([folds_of(right(spread))] * 3).whole for spread in (0.0, 0.1, 0.2, 0.3)]
    assert effects == sorted(effects)
    assert effects[0] < refit_effect(5) < effects[2]
    assert seen_effect([folds_of(right(0.2, 104))] * 3).whole > effects[2], "luck is more beside the doubt of more items"
    twice = np.concatenate([right(0.2), right(0.2)], axis=1)
    assert seen_effect([folds_of(twice, groups=26)] * 3).whole == pytest.approx(effects[2]), "26 items, not 52"


def test_few_rows_without_luck_count_for_more_than_by_the_usual_effect() -> None:
    """The doubt of 50 rows is large beside any usual luck, so they are worth more than half as many independent ones."""
    rng = np.random.default_rng(4)
    few = [seen_effect([folds_of(rng.random((10, 5)) < 0.7) for _ in range(5)]).whole for _ in range(20)]
    assert 1.2 < np.mean(few) < 0.95 * refit_effect(10)


def test_what_ships_is_held_at_large_luck_by_what_the_folds_show() -> None:
    rng, n, folds, held = np.random.default_rng(2), 130, 5, {"usual": 0, "seen": 0}
    for _ in range(150):
        rungs, ships = [], []
        for _rung in range(5):
            fits = np.clip(rng.normal(0.75, 0.08, folds + 1), 0, 1)
            rungs.append(folds_of(rng.random((folds, n // folds)) < fits[:folds, None]))
            ships.append(fits[-1])
        scores = [record.score for run in rungs[0] for record in run.records]
        for name, design in (("usual", refit_effect(folds)), ("seen", seen_effect(rungs).whole)):
            found = estimate(scores, "mean", True, design=design)
            held[name] += found.low <= ships[0] <= found.high
    assert held["usual"] / 150 < 0.8
    assert held["seen"] / 150 > 0.86


def test_rows_that_are_nearly_alike_stand_or_fall_together_and_that_is_no_luck_of_a_making() -> None:
    """30 forms of 4 rows each, cut into 10 folds whole: their difficulty differs much, and all makings are equally good."""
    rng, forms, rows, folds = np.random.default_rng(5), 30, 4, 10
    words = ["".join(rng.choice(list("abcdefghijklmnopqrst"), 24)) for _ in range(forms)]
    held, widths, effects, likeness = 0, [], [], list[float]()
    for _ in range(40):
        rungs = []
        for _rung in range(4):
            easy = rng.beta(1.5, 0.5, forms)  # a form's share of right answers; the mean over forms is 0.75
            right = rng.random((forms, rows)) < easy[:, None]
            runs = []
            for fold in range(folds):
                records = tuple(
                    Record(
                        Example(text := f"{words[form]} {row}", text, "a"), Reply("a"), "a", Score(float(right[form, row]))
                    )
                    for form in range(fold, forms, folds)
                    for row in range(rows)
                )
                runs.append(Run("c", "test", "accuracy", records, estimate([r.score for r in records], "mean", True)))
            rungs.append(runs)
        seen = seen_effect(rungs)
        effects.append(seen.whole)
        likeness.append(seen.alike)
        found = estimate([r.score for run in rungs[0] for r in run.records], "mean", True, design=effects[-1])
        held += found.low <= 0.75 <= found.high
        widths.append(found.high - found.low)
    assert held / 40 > 0.92
    assert np.median(likeness) > 1.5
    assert 2 < np.mean(effects) < 5, "as much as rows of a form are alike, and the usual luck"
    assert np.mean(widths) < 0.4


@pytest.mark.parametrize("share", [0.6, 0.9])
def test_a_cluster_of_most_rows_does_not_hide_how_it_stands_or_falls_together(share: float) -> None:
    """It draws the mean to itself, so its distance from it is small however much it says."""
    rows = 100
    large = round(share * rows)
    form = "".join(RNG.choice(list("abcdefghijklmnopqrst"), 400))
    texts = [f"{form} {i}" for i in range(large)]
    texts += ["".join(RNG.choice(list("abcdefghijklmnopqrst"), 30)) for _ in range(rows - large)]

    def seen(right: Any) -> Any:
        """Its rows are all in the first fold; the others are cut into four."""
        folds = [range(large), *(range(large + i, rows, 4) for i in range(4))]
        runs = []
        for fold in folds:
            records = tuple(Record(Example(texts[i], texts[i], "a"), Reply("a"), "a", Score(float(right[i]))) for i in fold)
            runs.append(Run("c", "test", "accuracy", records, estimate([r.score for r in records], "mean", True)))
        return seen_effect([runs])

    together = seen([i < large or i % 8 < 4 for i in range(rows)])
    assert together.largest == share
    assert together.alike > 0.4 * rows * share**2, "nearly as few items as there are clusters of such sizes"
    apart = [seen(RNG.random(rows) < 0.7) for _ in range(30)]
    assert 1 <= np.mean([effect.alike for effect in apart]) < 2.2, "where its rows differ, it widens little"


def test_a_plan_of_cross_fitted_rows_names_more_of_them() -> None:
    found = []
    for design in (1.0, 2.25):
        joint = together([A, B], "mean", True, design=design)
        assert joint is not None
        found.append(items_for(joint, lambda studies: studies.p(0, 1) < 0.05, 0, 0.5))
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] < found[1]


def test_the_interval_holds_the_truth_of_a_refit_and_without_the_effect_it_would_not() -> None:
    """What was fitted in each fold is as good as training rows make it, and what ships is fitted once more."""
    rng, n, folds, held = np.random.default_rng(1), 130, 5, {1.0: 0, refit_effect(5): 0}
    luck = math.sqrt(0.75 * 0.25 / n)  # of a fit: as large as the doubt of so many items
    for _ in range(600):
        fits = rng.normal(0.75, luck, folds + 1)
        right = rng.random(n) < fits[np.arange(n) % folds]
        for design in held:
            found = estimate([Score(float(r)) for r in right], "mean", True, design=design)
            held[design] += found.low <= fits[-1] <= found.high
    assert held[refit_effect(5)] / 600 > 0.93
    assert held[1.0] / 600 < 0.88
