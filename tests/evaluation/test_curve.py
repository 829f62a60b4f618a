"""Learning curves: known laws come back, forecasts keep to their intervals, doubt grows with the distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.evaluation.curve import REACH, Curve, Point, fit
from tests.evaluation.simulated import SIZES, exactly, power, rectified, runs, stretched

FEW = 400  # draws where a test needs no fine ends

LAWS: list[Callable[[float], float]] = [
    rectified(0.1, 0.95, 300, 1.0),
    rectified(0.5, 0.85, 60, 1.4),
    rectified(0.05, 0.7, 1500, 0.8),
    power(0.2, 0.9, 20, 0.5),
    power(0.1, 0.98, 100, 1.0),
    stretched(0.3, 0.92, 150, 0.8),
    stretched(0.15, 0.8, 400, 1.1),
    lambda n: 0.2 + 0.06 * np.log2(n / 10),  # a straight line in log labels is in none of the three
    lambda n: 0.62,
]


@pytest.fixture(scope="module")
def rising() -> Curve:
    return fit(runs(rectified(0.1, 0.95, 300, 1.0)))


def test_forecasts_keep_to_their_intervals_whatever_the_law() -> None:
    held = []
    for index, truth in enumerate(LAWS):
        for seed in (1, 2):
            curve = fit(runs(truth, seed=10 * index + seed), draws=FEW)
            for ahead in (2, 4):
                told = curve.at(ahead * SIZES[-1])
                held.append(told.low <= truth(ahead * SIZES[-1]) <= told.high)
    assert np.mean(held) >= 0.9


def test_a_forecast_at_twice_the_labels_is_better_than_the_last_value() -> None:
    told, carried = [], []
    for index, truth in enumerate(LAWS):
        points = runs(truth, seed=100 + index)
        curve = fit(points, draws=FEW)
        told.append(abs(curve.at(2 * SIZES[-1]).value - truth(2 * SIZES[-1])))
        carried.append(abs(curve.values[-1] - truth(2 * SIZES[-1])))
    assert np.mean(told) < 0.6 * np.mean(carried)


@settings(max_examples=8)
@given(
    floor=st.floats(0.02, 0.4),
    rise=st.floats(0.2, 0.55),
    bend=st.floats(30, 800),
    exponent=st.floats(0.6, 1.3),
    law=st.sampled_from([rectified, power, stretched]),
)
def test_a_curve_that_rises_by_a_law_is_forecast_to_rise(
    floor: float, rise: float, bend: float, exponent: float, law: Callable[..., Callable[[float], float]]
) -> None:
    curve = fit(exactly(law(floor, floor + rise, bend, exponent)), draws=FEW)
    told = [curve.at(n, same_items=True).value for n in (400, 800, 1600)]
    assert told[1] >= told[0] - 0.003
    assert told[2] >= told[1] - 0.003


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 1), st.integers(1, 2000)), min_size=1, max_size=12))
def test_any_points_give_shares_with_an_interval_around_them(rows: list[tuple[int, float, int]]) -> None:
    curve = fit([Point(*row, seed=i) for i, row in enumerate(rows)], draws=FEW)
    for labels in (1, curve.sizes[-1], curve.reach):
        told = curve.at(labels)
        assert 0 <= told.low <= told.value <= told.high <= 1


def test_doubt_grows_with_the_distance_and_as_items_and_runs_get_fewer(rising: Curve) -> None:
    def width(curve: Curve, labels: int, **kind: bool) -> float:
        told = curve.at(labels, **kind)
        return told.high - told.low

    truth = rectified(0.1, 0.95, 300, 1.0)
    assert width(rising, 400) < width(rising, 800) < width(rising, 1600)
    assert width(rising, 400, same_items=True) < width(rising, 400)
    assert width(fit(runs(truth, items=40)), 800) > width(rising, 800)
    assert width(fit(runs(truth, luck=0.1)), 400) > width(rising, 400)


def test_the_same_points_in_any_order_give_the_same_curve() -> None:
    points = runs(rectified(0.1, 0.95, 300, 1.0))
    first, second = fit(points, draws=FEW), fit(points[::-1], draws=FEW)
    assert first.at(800).value == pytest.approx(second.at(800).value, abs=1e-6)
    assert first.sizes == SIZES


def test_a_deterministic_repeat_is_no_second_measurement() -> None:
    once = [Point(n, 0.8 + n / 10_000, 250) for n in SIZES]
    often = [replace(p, seed=s) for p in once for s in range(10)]
    first, second = fit(once, draws=FEW), fit(often, draws=FEW)
    assert np.allclose(first.noise, second.noise)


def test_one_failed_run_blurs_its_own_size_only() -> None:
    points = runs(rectified(0.1, 0.95, 300, 1.0), seeds=5)
    failed = [replace(p, value=0.1) if p.labels == 200 and p.seed == 0 else p for p in points]
    well, ill = fit(points, draws=FEW), fit(failed, draws=FEW)
    assert ill.noise[3] > 8 * well.noise[3]
    assert ill.noise[0] < 2.5 * well.noise[0]


def test_a_perfect_curve_stays_perfect() -> None:
    told = fit([Point(n, 1.0, 200, s) for n in SIZES for s in range(3)]).at(800)
    assert told.value > 0.985
    assert told.high == pytest.approx(1.0, abs=0.003)


def test_what_rises_is_told_from_noise_and_from_what_falls() -> None:
    assert fit(runs(rectified(0.1, 0.95, 300, 1.0)), draws=50).rises()
    assert not fit(runs(lambda n: 0.6), draws=50).rises()
    assert not fit(runs(lambda n: 0.9 - n / 1000), draws=50).rises()
    assert not fit([Point(n, 1.0, 200) for n in SIZES], draws=50).rises()


def test_of_a_curve_that_falls_nothing_is_said_beyond_what_was_measured() -> None:
    falling = fit(runs(lambda n: 0.9 - n / 1000), draws=50)
    assert falling.reach == SIZES[-1]
    with pytest.raises(ValueError, match=rf"between 1 and {SIZES[-1]},"):
        falling.at(SIZES[-1] + 1)


def test_nothing_is_said_beyond_the_reach(rising: Curve) -> None:
    assert rising.reach == REACH * SIZES[-1]
    with pytest.raises(ValueError, match=r"between 1 and 1,600.*to 1601"):
        rising.at(1601)


@pytest.mark.parametrize("point", [Point(0, 0.5, 10), Point(10, 1.2, 10), Point(10, float("nan"), 10), Point(10, 0.5, 0)])
def test_a_point_that_cannot_be_is_refused(point: Point) -> None:
    with pytest.raises(ValueError, match="a value between 0 and 1"):
        fit([point])
    with pytest.raises(ValueError, match="at least one point"):
        fit([])
