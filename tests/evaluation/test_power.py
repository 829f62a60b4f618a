"""How many items it takes, checked by simulating the tests that would be used."""

import math

import numpy as np
import pytest

from crossover.evaluation.intervals import tango
from crossover.evaluation.paired import mcnemar
from crossover.evaluation.power import items_to_tell, needed_for_margin, needed_items, needed_items_graded
from crossover.types import Counts, Score


def graded(values):
    return [Score(float(value)) for value in values]


def disagreements(difference, discordance, n, repeats=600):
    chances = ((discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance)
    rows = np.random.default_rng(8).multinomial(n, chances, size=repeats)
    return [(int(only_a), int(only_b)) for only_a, only_b, _ in rows]


def test_connors_formula_by_hand():
    # psi = 0.2, delta = 0.1: (1.959964 sqrt(0.2) + 0.841621 sqrt(0.19))² / 0.01 = 154.1, plus 1 / 0.1
    assert needed_items(0.1, 0.2, alpha=0.05) == 165
    assert needed_items(-0.1, 0.2, alpha=0.05) == 165


@pytest.mark.parametrize(("difference", "discordance"), [(0.05, 0.15), (0.1, 0.2), (0.2, 0.3), (0.02, 0.1)])
def test_needed_items_gives_about_80_percent_power(difference, discordance):
    n = needed_items(difference, discordance, alpha=0.05)
    found = [mcnemar(*row) < 0.05 for row in disagreements(difference, discordance, n)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.08)


@pytest.mark.parametrize(("discordance", "margin"), [(0.1, 0.05), (0.02, 0.01), (0.3, 0.1)])
def test_needed_for_margin_gives_about_80_percent_power(discordance, margin):
    n = needed_for_margin(math.sqrt(discordance), margin)
    found = [tango(*row, n, confidence=0.9)[1] < margin for row in disagreements(0, discordance, n)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.08)


def test_needed_items_graded_gives_about_80_percent_power():
    n = needed_items_graded(0.05, 0.2, alpha=0.05)
    draws = np.random.default_rng(9).normal(0.05, 0.2, (2000, n))
    t = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / math.sqrt(n))
    assert (abs(t) > 1.98).mean() == pytest.approx(0.8, abs=0.05)


def test_more_is_needed_for_less():
    assert needed_items(0.05, 0.2, 0.05) > needed_items(0.1, 0.2, 0.05)
    assert needed_items(0.1, 0.2, 0.01) > needed_items(0.1, 0.2, 0.05)
    assert needed_items(0.1, 0.2, 0.05, power=0.9) > needed_items(0.1, 0.2, 0.05)
    assert needed_items(0.1, 0.01, 0.05) == needed_items(0.1, 0.1, 0.05)  # a difference is at least as much discordance
    assert needed_items_graded(0.1, 0.3, 0.05) > needed_items_graded(0.1, 0.2, 0.05)
    assert needed_for_margin(0.3, 0.05, difference=0.02) > needed_for_margin(0.3, 0.05)


def test_what_cannot_be_told_is_refused():
    with pytest.raises(ValueError, match="difference of 0"):
        needed_items(0, 0.1, 0.05)
    with pytest.raises(ValueError, match="difference of 0"):
        needed_items_graded(0, 0.1, 0.05)
    with pytest.raises(ValueError, match="below the margin"):
        needed_for_margin(0.3, 0.01, difference=0.01)


def test_items_to_tell_a_difference_beyond_the_margin():
    a, b = graded([1] * 3 + [0] + [1] * 16), graded([0] * 3 + [1] + [1] * 16)
    assert items_to_tell(a, b, "mean", True, margin=0.01, alpha=0.05) == needed_items(0.1, 5 / 22, 0.05)


def test_items_to_tell_that_there_is_no_difference_beyond_the_margin():
    same = graded([1, 0, 1, 1, 1, 0])
    expected = needed_for_margin(math.sqrt(1 / 8), 0.01)  # (0 disagreements + 1) / (6 items + 2)
    assert items_to_tell(same, same, "mean", True, margin=0.01, alpha=0.05) == expected
    assert items_to_tell(same, same, "mean", False, margin=0.01, alpha=0.05) == expected


def test_items_to_tell_exceeds_the_items_there_are():
    a, b = graded([1] * 50), graded([0] * 50)
    assert items_to_tell(a, b, "mean", True, margin=0.01, alpha=0.05) == 51
    assert items_to_tell([None], [None], "mean", True, margin=0.01, alpha=0.05) > 1000


def test_graded_scores_and_f1_need_items_by_their_own_spread():
    rng = np.random.default_rng(1)
    a = rng.random(60)
    near, far = np.clip(a - 0.04 + rng.normal(0, 0.05, 60), 0, 1), np.clip(a - 0.04 + rng.normal(0, 0.4, 60), 0, 1)
    for aggregate in ("mean", "micro_f1"):
        sides = [
            [Score(v, {"x": Counts(tp=round(9 * v), fn=9 - round(9 * v))}) for v in map(float, side)]
            for side in (a, near, far)
        ]
        quiet = items_to_tell(sides[0], sides[1], aggregate, False, margin=0.001, alpha=0.05)
        noisy = items_to_tell(sides[0], sides[2], aggregate, False, margin=0.001, alpha=0.05)
        assert 60 < quiet < noisy


def test_items_of_one_group_count_for_less():
    change = np.repeat(np.random.default_rng(4).choice([0, 0, 1, -1], 30), 10)
    a, b = graded(np.maximum(change, 0)), graded(np.maximum(-change, 0))
    groups = [str(i // 10) for i in range(300)]
    alone = items_to_tell(a, b, "mean", True, margin=0.5, alpha=0.05)
    grouped = items_to_tell(a, b, "mean", True, margin=0.2, alpha=0.05, groups=groups)
    assert alone == 301
    assert grouped > needed_for_margin(0.9, 0.2)
