"""Costs: once, for every request, over the horizon; where two of them meet; and the limits."""

from __future__ import annotations

from typing import Any

import pytest

from crossover.data.task import Limits
from crossover.decision.costs import Cost, Prices, assumed, break_even, local_cost
from crossover.decision.crossing import crossing
from crossover.decision.limits import doubt, removal
from crossover.evaluation.contention import Load
from crossover.evaluation.probe import Probe, Speed
from crossover.types import Estimate, Example, Record, Reply, Run, Usage
from tests.decision.builders import run


def test_a_request_costs_its_tokens_times_the_machines_time() -> None:
    prices = Prices(machine_cost_per_hour=3.6, requests=1000, label_cost=0.5)
    cost = local_cost(prices, Speed(prompt=0.01, answer=0.1), tokens_in=100, tokens_out=10, tuning=60, labels=20)
    assert cost.per_1k == pytest.approx(1000 * 0.001 * (100 * 0.01 + 10 * 0.1))
    assert cost.fixed == pytest.approx(60 * 0.001 + 10)
    assert cost.over(2000) == pytest.approx(cost.fixed + 2 * cost.per_1k)


def test_what_the_task_leaves_open_is_assumed_and_said() -> None:
    assert len(assumed(Limits())) == 4
    given = Limits(machine_cost_per_hour=2, requests_per_month=5, horizon_months=2, label_cost=0)
    assert assumed(given) == []
    assert Prices.of(given) == Prices(2, 10, 0)


def test_the_break_even_point_is_where_the_totals_meet() -> None:
    dear, cheap = Cost(fixed=100, per_1k=1), Cost(fixed=0, per_1k=3)
    requests = break_even(dear, cheap)
    assert requests == pytest.approx(50_000)
    assert dear.over(50_000) == pytest.approx(cheap.over(50_000))
    assert break_even(cheap, dear) is None


def used(name: str, tokens: list[int]) -> Run:
    records = tuple(
        Record(Example(str(i), "x", "y"), Reply(usage=Usage(tokens_in=t, tokens_out=1)), "y") for i, t in enumerate(tokens)
    )
    return Run(name, "test", "accuracy", records, Estimate(len(tokens), 1, 1, 1))


def test_the_crossing_has_an_interval_from_the_spread_of_request_lengths() -> None:
    prices, speed = Prices(3.6, 1000, 0), Speed(0.01, 0.01)
    short, long = used("lora", [10, 14, 12, 9, 15] * 20), used("few_shot", [90, 140, 100, 110, 60] * 20)
    sides = [
        (local_cost(prices, speed, sum(r.reply.usage.tokens_in for r in u.records) / 100, 1, t, 0), u, speed)
        for u, t in ((short, 3600), (long, 0))
    ]
    found = crossing(sides[0], sides[1], prices, seed=0)
    assert found is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(3.6 / (0.001 * 0.01 * (100 - 12)))
    assert crossing(sides[1], sides[0], prices, seed=0) is None


def probed(p95: float, low: float, high: float | None = None, **more: Any) -> Probe:
    return Probe(p95 / 3, p95, low, high, 20, Estimate(20, 1.0, 0.84, 1.0), **more)


def test_limits_remove_with_a_sentence() -> None:
    fast, slow = probed(20, 15), probed(300, 250)
    limits = Limits(latency_p95_ms=100, data_stays_here=True)
    assert removal(limits, "lora", True, fast) is None
    assert removal(limits, "lora", True, slow) == (
        "lora is removed: 95 % of its answers take up to 300 ms (95 % interval 250 ms or more, over 20 requests), and the"
        " limit is 100 ms"
    )
    assert doubt(limits, "lora", slow) is None
    assert "data must stay here" in str(removal(limits, "hosted", False, fast))


def test_a_latency_removes_only_with_the_lower_end_of_its_interval() -> None:
    near, limits = probed(120, 95, 180), Limits(latency_p95_ms=100)
    assert removal(limits, "lora", True, near) is None
    assert doubt(limits, "lora", near) == (
        "lora may be too slow: 95 % of its answers took up to 120 ms (95 % interval 95 ms to 180 ms, over 20 requests), and"
        " the limit is 100 ms; it is not removed, as the limit lies inside the interval"
    )
    assert doubt(limits, "lora", probed(99, 95)) is None
    assert doubt(Limits(), "lora", near) is None
    assert doubt(limits, "lora", None) is None


@pytest.mark.parametrize(
    ("busy", "why"),
    [
        ({"load": Load(8, 0.5, 7.4)}, "others kept 7.4 of the machine's 8 cores busy meanwhile"),
        ({"load": Load(8, 0.5, 0.1), "unsteady": True}, "the same request took other times when it was repeated"),
    ],
)
def test_a_latency_that_others_may_have_caused_removes_nobody(busy: dict[str, Any], why: str) -> None:
    """520 ms at a load of 8, with a limit of 200."""
    probe, limits = probed(520, 480, **busy), Limits(latency_p95_ms=200)
    assert removal(limits, "few_shot", True, probe) is None
    said = str(doubt(limits, "few_shot", probe))
    assert "520 ms (95 % interval 480 ms or more" in said
    assert f"it is not removed, as {why}" in said
    assert removal(limits, "few_shot", True, probed(520, 480, load=Load(8, 7.0, 0.2))) is not None


def test_over_two_percent_of_failed_calls_a_candidate_cannot_win() -> None:
    assert removal(Limits(), "x", True, None, run("x", [True] * 95 + [None] * 5)) is None  # P(5 or more at 2 %) = 0.0508
    assert "6 of 100 calls" in str(removal(Limits(), "x", True, None, run("x", [True] * 94 + [None] * 6)))
    assert removal(Limits(), "x", True, None, run("x", [True] * 5 + [None])) is None  # one of a few tells no rate
    assert "3 of 6 calls" in str(removal(Limits(), "x", True, None, run("x", [True] * 3 + [None] * 3)))
