"""What would flip the verdict is where the decision, made again, is another one."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.economics import LimitsSpec, PriceList
from crossover.decision.flip import FAR, Flip, flips
from crossover.evaluation.probe import Probe
from crossover.types import Estimate
from tests.decision.builders import asked, evidence, measured, pattern, wanted

# equal in quality, so that the cheaper one is the choice: a prompt of 500 tokens and no making against 20 and a tune
EQUAL = pattern(200, 160)
PROMPT = measured("few_shot", "prompt", EQUAL, asked(500))
LORA = measured("lora", "weights", EQUAL, asked(20, True, labels=100, tuning_seconds=3600))
AT = {"requests_per_month": 100_000, "horizon_months": 10, "machine_cost_per_hour": 3.6, "label_cost": 5.0}


def by_key(found: Any) -> dict[str, Flip]:
    return {flip.key: flip for flip in found.found}


def test_the_volume_at_which_the_dearer_to_make_is_chosen_is_where_costs_meet() -> None:
    """By hand: lora is 503.60 once, few_shot 0.00048 more a request: 1,049,167 requests, and 10 months of them."""
    at = wanted(limits=LimitsSpec(**AT | {"requests_per_month": 10_000}))
    found = by_key(flips(evidence(PROMPT, LORA), at))
    assert evidence(PROMPT, LORA).settle(at).chosen.name == "few_shot"  # type: ignore[union-attr]
    flip = found["limits.requests_per_month"]
    same = 1.05  # costs within 5 % count as equal, and the simpler goes first
    assert flip.name == "lora"
    assert flip.value == pytest.approx(503.6 * same / (0.000501 - same * 0.000021) / 10, rel=0.01)
    assert flip.said.startswith("With a volume of 1")
    assert flip.said.endswith("requests a month or more (now 10,000 requests a month), lora (fine-tuning) is the verdict.")
    assert found["limits.horizon_months"].value == pytest.approx(flip.value / 1000, rel=0.01)


def _before(flip: Flip) -> float:
    """A hundredth of the way back, and more than the digit to which it is said."""
    assert flip.now is not None
    digit = 0.0011 if "." not in flip.key else 1.1 if flip.value >= 100 else 0.11 if flip.value >= 10 else 0.011
    back = 0.01 * (flip.now - flip.value)
    return flip.value + math.copysign(max(abs(back), digit), back)


@pytest.mark.parametrize("target", [0.7, 0.75, 0.9])
def test_the_share_that_is_said_is_one_that_flips(target: float) -> None:
    flip = by_key(flips(evidence(PROMPT, LORA), wanted(limits=LimitsSpec(**AT), target=target)))["target"]
    assert flip.value == round(flip.value, 3)
    assert f"target of {100 * flip.value:.1f} %" in flip.said


def test_every_figure_that_is_said_is_one_that_flips() -> None:
    """As whoever reads it would set it: the number in the sentence, and not one that is more exact."""
    found = by_key(flips(evidence(PROMPT, LORA), wanted(limits=LimitsSpec(**AT))))
    assert {f"limits.{key}" for key in AT} <= found.keys()
    for key in AT:
        flip = found[f"limits.{key}"]
        figure = re.search(r" of ([\d,.]+)", flip.said)
        assert figure, flip.said
        assert float(figure[1].replace(",", "")) == pytest.approx(flip.value, rel=1e-12), flip.said


def test_at_a_flip_the_decision_is_another_one_and_just_before_it_the_same() -> None:
    given, at = evidence(PROMPT, LORA), wanted(limits=LimitsSpec(**AT), target=0.7)
    base = given.settle(at)
    assert base is not None
    for flip in flips(given, at).found:
        part, _, name = flip.key.rpartition(".")
        for value, same in ((flip.value, False), (_before(flip), True)):
            turned = at.model_copy(
                update={part: getattr(at, part).model_copy(update={name: value})} if part else {name: value}
            )
            now = given.settle(turned)
            assert now is not None
            alike = (now.kind, now.chosen.id, now.short, now.met) == (base.kind, base.chosen.id, base.short, base.met)
            assert alike == same, flip


def test_where_nothing_does_the_task_only_that_and_the_one_to_use_if_any_is_a_flip() -> None:
    """A tolerance that would settle who is best changes nothing of what a reader is told."""
    close = evidence(
        measured("few_shot", "prompt", pattern(60, 9), asked(20)),
        measured("lora", "weights", pattern(60, 11, 3), asked(500, True, tuning_seconds=1e6)),
    )
    at = wanted(target=0.95, tolerance=0.01)
    settled = close.settle(at)
    assert settled is not None
    assert settled.short is not None
    assert settled.confidence == "open"
    found = flips(close, at)
    assert close.settle(at.model_copy(update={"tolerance": 0.9})).kind != "undecided"  # type: ignore[union-attr]
    assert "tolerance" not in by_key(found)
    assert by_key(found)["target"].said.endswith("does the task well enough to be named.")
    assert by_key(found)["margin"].said.endswith(
        ", none of these does the task still, and the one to use if any is few_shot."
    )


def test_a_latency_limit_flips_where_it_removes_the_choice() -> None:
    slow = replace(PROMPT, probe=Probe(300, 420, 400, None, 20, Estimate(20, 1, 0.8, 1)))
    at = wanted(limits=LimitsSpec(**AT | {"requests_per_month": 1000}))
    flip = by_key(flips(evidence(slow, LORA), at))["limits.latency_p95_ms"]
    assert flip.name == "lora"
    assert flip.value == pytest.approx(400, rel=0.01)
    assert flip.now is None
    assert "a latency limit of 399 ms or less, lora" in flip.said  # 400 ms is not surely missed


def test_a_target_flips_where_its_answer_changes() -> None:
    at = wanted(limits=LimitsSpec(**AT), target=0.7)
    flip = by_key(flips(evidence(PROMPT, LORA), at))["target"]
    assert 0.7 < flip.value < 0.8
    assert flip.said.endswith("(now 70.0 %), the target is in doubt.")


def test_where_nothing_flips_it_is_said() -> None:
    best = measured("few_shot", "prompt", pattern(400, 380), asked(5))
    poor = measured("lora", "weights", pattern(400, 80), asked(500, True, labels=100, tuning_seconds=3600))
    found = flips(evidence(best, poor), wanted(limits=LimitsSpec(**AT)))
    assert found.found == ()
    assert found.said[0] == (
        f"Nothing within {FAR:g} times of today's machine hour, volume, horizon or label price flips the verdict."
    )


def test_where_labels_are_free_the_least_price_that_flips_is_found_and_none_is_a_number_of_times_of_nothing() -> None:
    """By hand: few_shot is 21 and 4,000 label prices, lora 24.6 and 100, and the simpler one goes first within 5 %."""
    drawn = measured("few_shot", "prompt", EQUAL, asked(20, labels=4000))
    at = wanted(limits=LimitsSpec(**AT | {"label_cost": 0}))
    flip = by_key(flips(evidence(drawn, LORA), at))["limits.label_cost"]
    assert flip.now == 0
    assert flip.value == pytest.approx((1.05 * 24.6 - 21) / (4000 - 1.05 * 100), abs=0.0001)
    best = measured("few_shot", "prompt", pattern(400, 380), asked(5, labels=9))
    poor = measured("lora", "weights", pattern(400, 80), asked(9, True))
    free = wanted(limits=LimitsSpec(**AT | {"label_cost": 0, "machine_cost_per_hour": 0}))
    found = flips(evidence(best, poor), free)
    assert found.said[:3] == (
        f"Nothing within {FAR:g} times of today's volume or horizon flips the verdict.",
        "No machine hour up to 100.00 USD flips it (now 0 USD).",
        "No label price up to 100.00 USD flips it (now 0 USD).",
    )


def test_a_margin_that_flips_below_a_tenth_of_a_point_is_said_as_none_at_all() -> None:
    """Rounded to the tenth on the side of today it would be one with which nothing changes."""
    given = evidence(
        measured("zero_shot", "prompt", pattern(2500, 2000), asked(20)),
        measured("few_shot", "prompt", pattern(2500, 2002), asked(500)),
    )
    flip = by_key(flips(given, wanted(limits=LimitsSpec(**AT))))["margin"]
    assert flip.value == 0  # from 0.08 points on the cheaper one is as good
    assert flip.said.startswith("With a margin of 0.0 points or less (now 1.0 points), ")


def test_a_hosting_hour_and_a_token_price_are_turned_where_somebody_pays_them() -> None:
    at = wanted(limits=LimitsSpec(**AT), prices=PriceList(input=2.0, output=8.0, hosting_per_hour=0.5))
    found = flips(evidence(PROMPT, LORA), at)
    assert {"prices.input", "prices.hosting_per_hour"} <= set(found.searched)
    assert by_key(found)["prices.input"].name != evidence(PROMPT, LORA).settle(at).chosen.name  # type: ignore[union-attr]


def test_without_a_test_nothing_is_searched() -> None:
    assert flips(evidence(replace(PROMPT, test=None)), wanted()).said == ()


@settings(max_examples=15)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 20_000), st.floats(100, 1e6))
def test_a_volume_that_flips_does_so_and_none_nearer_by_half_does(
    long: int, short: int, tuning: int, volume: float
) -> None:
    given_ = evidence(
        measured("few_shot", "prompt", EQUAL, asked(long)),
        measured("lora", "weights", EQUAL, asked(short, True, tuning_seconds=tuning)),
    )
    at = wanted(limits=LimitsSpec(**AT | {"requests_per_month": volume}))
    found = by_key(flips(given_, at)).get("limits.requests_per_month")
    base = given_.settle(at)
    assert base is not None

    def name(value: float) -> str:
        turned = at.model_copy(update={"limits": at.limits.model_copy(update={"requests_per_month": value})})
        settled = given_.settle(turned)
        assert settled is not None
        return settled.chosen.name

    if found is None:
        assert {name(volume * ratio) for ratio in (0.01, 0.1, 10, 100)} == {base.chosen.name}
    else:
        assert name(found.value) != base.chosen.name
        assert name((found.value * volume) ** 0.5) == base.chosen.name


HEAD = measured("classifier", "control", pattern(200, 150), asked(0, control=True, labels=400))
BOTH = measured("instruction+lora", "hybrid", pattern(200, 165), asked(90, True, labels=100, tuning_seconds=900))
FOUR = evidence(PROMPT, LORA, HEAD, BOTH)
MONEY = st.sampled_from([0.0, 0.01, 0.5, 1.0, 3.6, 40.0, 900.0])


@settings(max_examples=100)
@given(MONEY, MONEY, st.sampled_from([0, 1, 5e3, 2e4, 1e5, 1e6]), st.sampled_from([0.0, 0.02, 0.1]), st.booleans())
def test_what_is_taken_from_a_settling_of_other_prices_is_what_these_settle(
    hour: float, label: float, volume: float, margin: float, slow: bool
) -> None:
    """`FOUR` remembers: its costs are met in many orders, and nearly equal."""
    limits = LimitsSpec(machine_cost_per_hour=hour, label_cost=label, requests_per_month=volume, horizon_months=10)
    at = wanted(limits=limits, margin=margin, target=0.75 if slow else None)
    taken, settled = FOUR.taken(at), FOUR.settle(at)
    assert taken is not None
    assert settled is not None
    assert (taken.kind, taken.name) == ("undecided" if settled.short else settled.kind, settled.chosen.name)
    assert (taken.short, taken.met) == (settled.short is not None, settled.met)
