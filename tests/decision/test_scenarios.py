"""Studies whose right verdict is known beforehand, each for its own reason: who wins, and what the reason is called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossover.data.economics import LimitsSpec, PriceList
from crossover.decision.deciding import Decided, Measured
from crossover.evaluation.probe import Probe
from crossover.types import Estimate
from tests.decision.builders import asked, evidence, measured, pattern, wanted

GOOD, FAIR, POOR = pattern(400, 340), pattern(400, 300), pattern(400, 120)
MADE = {"labels": 500, "tuning_seconds": 3600.0}
MACHINE = {"machine_cost_per_hour": 1.0, "label_cost": 0.5}
CONTROL = measured("majority", "control", POOR, asked(1, control=True))
PROMPT = measured("few_shot", "prompt", GOOD, asked(800, labels=60))
LORA = measured("lora", "weights", GOOD, asked(40, True, **MADE))


def decided(*candidates: Measured, prices: PriceList | None = None, **limits: object) -> Decided:
    return evidence(CONTROL, *candidates).decide(
        wanted(limits=LimitsSpec(**MACHINE | limits), prices=prices or PriceList(), tolerance=0.05)  # type: ignore[arg-type]
    )


def chosen(found: Decided) -> str:
    best = found.verdict.choice or found.verdict.provisional
    return next(c.name for c in found.contenders if c.id == best)


def test_few_requests_do_not_pay_for_labels_and_a_tune() -> None:
    found = decided(PROMPT, LORA, requests_per_month=1000)
    assert chosen(found) == "few_shot"
    assert found.crossing is not None
    assert found.crossing.value is not None
    assert found.crossing.value > 12 * 1000


def test_a_huge_volume_pays_for_the_shorter_prompt() -> None:
    found = decided(PROMPT, LORA, requests_per_month=1e7)
    assert chosen(found) == "lora"
    assert found.crossing is not None
    assert found.crossing.value is not None
    assert found.crossing.high is not None
    assert found.crossing.high < 12 * 1e7


def test_a_long_prompt_that_is_cached_is_cheap_where_it_is_not_it_is_dear() -> None:
    cached = replace(PROMPT, bill=replace(PROMPT.bill, cached=780.0))
    listed, limits = PriceList(input=2.0, cached_input=0.02, output=4.0), {"requests_per_month": 200_000}
    assert chosen(decided(cached, LORA, prices=listed, **limits)) == "few_shot"
    assert chosen(decided(cached, LORA, prices=replace_price(listed, cached_input=2.0), **limits)) == "lora"


def replace_price(listed: PriceList, **changes: float) -> PriceList:
    return listed.model_copy(update=changes)


def test_a_task_that_changes_weekly_pays_its_tune_every_week() -> None:
    limits = {"requests_per_month": 1e6, "horizon_months": 12}
    assert chosen(decided(PROMPT, LORA, **limits)) == "lora"
    weekly = decided(PROMPT, LORA, **limits, retrain_months=0.25)
    assert chosen(weekly) == "few_shot"
    lora = next(c for c in weekly.contenders if c.name == "lora")
    assert lora.cost.parts["labels"] == 48 * 500 * 0.5


def test_a_deployment_by_the_hour_outweighs_cheap_requests() -> None:
    listed = PriceList(input=0.5, output=1.0)
    limits = {"requests_per_month": 500_000}
    assert chosen(decided(PROMPT, LORA, prices=listed, **limits)) == "lora"
    hosted = decided(PROMPT, LORA, prices=replace_price(listed, hosting_per_hour=2.0), **limits)
    assert chosen(hosted) == "few_shot"
    assert hosted.crossing is not None
    assert hosted.crossing.value == pytest.approx((2 * 730 * 12 + 251 - 30) / (801e-6 - 300e-6 - 100e-6), rel=0.01)


def test_a_strict_latency_removes_the_long_prompt() -> None:
    slow, quick = (Probe(x, x, x, x, 20, Estimate(20, 1, 0.8, 1)) for x in (400.0, 30.0))
    found = decided(replace(PROMPT, probe=slow), replace(LORA, probe=quick), requests_per_month=10, latency_p95_ms=100)
    assert chosen(found) == "lora"
    assert "few_shot is removed: 95 % of its answers take up to 400 ms" in str(found.contenders[1].removed)


def test_private_data_removes_a_model_elsewhere_however_good() -> None:
    away = measured("hosted", "prompt", GOOD, asked(800, local=False))
    here = measured("few_shot", "prompt", FAIR, asked(800))
    found = decided(replace(away, order=0), here, data_stays_here=True)
    assert chosen(found) == "few_shot"
    assert "data must stay here" in str(next(c.removed for c in found.contenders if c.name == "hosted"))


def test_labels_that_cost_nothing_and_requests_that_cost_nothing_leave_the_simpler_one() -> None:
    free = {"machine_cost_per_hour": 0.0, "label_cost": 0.0}
    found = decided(PROMPT, LORA, **free)
    assert chosen(found) == "few_shot"
    assert found.crossing is not None
    assert (found.crossing.value, "Requests cost nothing" in found.crossing.reason) == (None, True)


def test_no_requests_at_all_leave_what_is_paid_once() -> None:
    found = decided(PROMPT, LORA, requests_per_month=0)
    assert chosen(found) == "few_shot"
    assert {c.name: c.horizon_cost == c.cost.fixed for c in found.contenders} == dict.fromkeys(
        ("majority", "few_shot", "lora"), True
    )


def test_a_searched_prompt_pays_its_search_and_loses_to_a_cheap_tune() -> None:
    searched = measured("reflect", "prompt", GOOD, asked(300, labels=500, call_seconds=40 * 3600.0))
    tuned = measured("lora", "weights", GOOD, asked(40, True, labels=500, tuning_seconds=600.0))
    found = decided(searched, tuned, requests_per_month=1000)
    assert chosen(found) == "lora"
    assert found.crossing is not None
    assert found.crossing.value == 0  # from the first request


def test_what_costs_more_wins_where_it_is_surely_better() -> None:
    better = measured("lora", "weights", pattern(400, 390), asked(40, True, **MADE))
    found = decided(measured("few_shot", "prompt", FAIR, asked(800)), better, requests_per_month=10)
    assert (chosen(found), found.verdict.confidence) == ("lora", "proven")


def test_a_control_that_is_as_good_is_all_that_is_needed() -> None:
    look_up = measured("nearest_neighbour", "control", pattern(400, 392), asked(1, control=True, labels=500))
    found = decided(look_up, measured("few_shot", "prompt", pattern(400, 380), asked(800)), LORA)
    assert (found.verdict.kind, chosen(found)) == ("neither", "nearest_neighbour")
