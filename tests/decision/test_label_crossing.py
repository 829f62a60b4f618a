"""The label crossover: found where there is one, never invented, and every silence has its reason."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from crossover.decision.label_crossing import crossing, gain, labels_for
from crossover.evaluation.curve import Curve, Point, fit
from tests.evaluation.simulated import SIZES, exactly, rectified, runs

FEW = 400
TUNING = rectified(0.1, 0.95, 200, 1.1)


def curve(truth: Callable[[float], float], **how: int) -> Curve:
    return fit(runs(truth, **how), draws=FEW)


def flat(share: float) -> Callable[[float], float]:
    return lambda n: share


def test_the_interval_holds_the_true_crossing() -> None:
    held, named = [], []
    for seed in range(8):
        for share, bend in ((0.5, 200), (0.75, 200), (0.7, 500)):
            truth = bend * ((share - 0.1) / (0.95 - share)) ** (1 / 1.1)
            found = crossing(
                curve(rectified(0.1, 0.95, bend, 1.1), seed=seed), [curve(flat(share), seed=seed + 500)], same_items=True
            )
            held.append((found.low or 0) <= truth <= (found.high or math.inf))
            named.append(found.value is not None)
            assert found.value is not None or found.reason
    assert np.mean(held) >= 0.9
    assert np.mean(named) >= 0.5


def test_a_crossing_within_the_data_is_named_closely() -> None:
    found = crossing(fit(exactly(TUNING)), [fit(exactly(flat(0.5)))])
    assert found.reason == ""
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    assert 150 < found.low <= found.value <= found.high < 210  # truly 181


def test_the_best_of_several_prompts_is_to_be_beaten() -> None:
    weights, low, high = fit(exactly(TUNING)), fit(exactly(flat(0.3))), fit(exactly(flat(0.7)))
    both, one = crossing(weights, [low, high]), crossing(weights, [high])
    assert both.value is not None
    assert one.value is not None
    assert abs(math.log2(both.value / one.value)) < 0.2


def test_a_prompt_that_is_full_stays_where_it_is() -> None:
    """Demonstrations that fit no more bring no more: the prompt's own curve would go on rising."""
    prompt = fit(exactly(lambda n: 0.3 + 0.05 * math.log2(n), SIZES[:3]))
    weights = fit(exactly(rectified(0.1, 0.95, 350, 1.1)))
    found = crossing(weights, [prompt], most=[100])
    assert found.value is not None
    assert found.value > 400
    assert crossing(weights, [prompt]).value is None  # without the cap nothing is said beyond four times its 100


def listed(*shares: float) -> Callable[[float], float]:
    return dict(zip(SIZES, shares, strict=True)).__getitem__  # type: ignore[arg-type, return-value]


NOISE = [runs(flat(0.6), luck=0.05, seed=seed) for seed in (0, 1)]
RISING = exactly(TUNING)
STEADY = exactly(flat(0.6))


@pytest.mark.parametrize(
    ("weights", "prompt", "reason"),
    [
        (exactly(lambda n: 0.9 - n / 1000), STEADY, ""),
        (exactly(lambda n: 0.5 - n / 1000), STEADY, "not surely get better"),
        (*NOISE, "not surely get better"),
        ([Point(n, TUNING(n), 400) for n in SIZES], STEADY, "one seed"),
        (exactly(TUNING, SIZES[:2]), STEADY, "at least 3 numbers of labels"),
        (RISING, exactly(flat(0.6), SIZES[:2]), "at least 3 numbers of labels"),
        (exactly(flat(0.95)), STEADY, "ahead from the fewest labels compared on, 25"),
        (exactly(rectified(0.1, 0.4, 200, 1.0)), exactly(flat(0.8)), "not within 1,600 labels, 4 times"),
        (exactly(listed(0.5, 0.8, 0.82, 0.83, 0.84)), exactly(listed(0.6, 0.7, 0.88, 0.95, 0.97)), "fall behind again"),
        (exactly(TUNING, (10_000, 20_000, 40_000)), exactly(flat(0.6), (1, 2, 3)), "comparable numbers"),
    ],
)
def test_no_crossing_is_invented_and_the_reason_is_said(weights: list[Point], prompt: list[Point], reason: str) -> None:
    found = crossing(fit(weights, draws=FEW), [fit(prompt, draws=FEW)])
    assert found.value is None
    assert found.reason
    assert reason in found.reason


def test_two_perfect_curves_do_not_cross() -> None:
    perfect = [Point(n, 1.0, 200, s) for n in SIZES for s in range(3)]
    found = crossing(fit(perfect), [fit(perfect)])
    assert found.value is None
    assert found.reason


def test_two_curves_that_are_alike_have_no_crossing() -> None:
    for seed in range(6):
        found = crossing(curve(TUNING, seed=seed), [curve(TUNING, seed=seed + 900)])
        assert found.value is None or found.low is None or found.high is None
        assert found.value is not None or found.reason
    found = crossing(fit(exactly(TUNING)), [fit(exactly(TUNING))])
    assert found.value is None
    assert found.high is None
    assert found.reason


def test_few_items_leave_the_crossing_open() -> None:
    weights, prompt = fit(runs(TUNING, items=26)), fit(runs(flat(0.62), items=26, seed=1))
    few, many = crossing(weights, [prompt]), crossing(fit(exactly(TUNING)), [fit(exactly(flat(0.62)))])
    assert many.low is not None
    assert many.high is not None
    assert (few.low or 0) < many.low
    assert (few.high or math.inf) > many.high


def test_what_as_many_labels_again_bring_has_the_truth_in_its_interval() -> None:
    held = []
    for seed in range(10):
        told = gain(curve(TUNING, seed=seed), 400)
        held.append(told.low <= TUNING(800) - TUNING(400) <= told.high)
    assert np.mean(held) >= 0.9
    still = gain(fit(exactly(flat(0.7))), 400)
    assert still.low <= 0.002
    assert still.value == pytest.approx(0, abs=0.01)
    with pytest.raises(ValueError, match="between 1 and 1,600"):
        gain(curve(TUNING), 1201)


def test_the_fewest_labels_that_reach_a_target() -> None:
    known = fit(exactly(TUNING))
    found = labels_for(known, 0.8)
    truth = 200 * (0.7 / 0.15) ** (1 / 1.1)  # 811, beyond the 400 measured
    assert found.low is not None
    assert found.value is not None
    assert 400 < found.low <= truth <= (found.high or math.inf)
    assert abs(math.log2(found.value / truth)) < 0.5
    assert "not within" in labels_for(known, 0.999).reason
    assert "fewest labels measured" in labels_for(known, 0.05).reason
    assert "does not surely rise" in labels_for(fit(runs(flat(0.6), items=50)), 0.6).reason
    assert labels_for(fit(exactly(TUNING, SIZES[:2])), 0.5).value is None
