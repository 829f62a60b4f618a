"""Costs: once, for every request, over the horizon; where two of them meet; and the limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.economics import Economics, Limits, PriceList
from crossover.decision import numbers
from crossover.decision.costs import Asked, Bill, Cost, Making, Prices, assumed, break_even, cost_of, way
from crossover.decision.crossing import Doubt, crossing
from crossover.decision.limits import doubt, removal
from crossover.evaluation.contention import Load
from crossover.evaluation.probe import Probe, Speed
from crossover.types import Estimate, to_json
from tests.decision.builders import run

FREE = Prices(machine_cost_per_hour=0, requests=1000, label_cost=0)


def test_a_request_costs_its_tokens_times_the_machines_time() -> None:
    prices = replace(FREE, machine_cost_per_hour=3.6, label_cost=0.5)
    bill = Bill([100], [10], speed=Speed(prompt=0.01, answer=0.1), making=Making(labels=20, tuning_seconds=60))
    cost = cost_of(bill, prices)
    assert cost.per_1k == pytest.approx(1000 * 0.001 * (100 * 0.01 + 10 * 0.1))
    assert cost.fixed == pytest.approx(60 * 0.001 + 10)
    assert cost.over(2000) == pytest.approx(cost.fixed + 2 * cost.per_1k)


def test_a_prompt_pays_its_search_as_weights_pay_their_tuning() -> None:
    """By hand: 54 labels at 0.50 are 27; 7,200 seconds of calls at 1.80 an hour are 3.60; a teacher reported 2.50."""
    prices = replace(FREE, machine_cost_per_hour=1.8, label_cost=0.5)
    found = cost_of(Bill([100], [10], making=Making(labels=54, call_seconds=7200, money=2.5)), prices)
    assert found.parts == {"labels": 27, "calls": pytest.approx(6.1), "tuning": 0, "hosting": 0}
    assert found.fixed == pytest.approx(33.1)


def test_tokens_are_paid_by_the_million_and_the_beginning_of_all_prompts_as_cached() -> None:
    """By hand: of 1,000 tokens in 800 begin all prompts, 50 are out; at 2, 0.5 and 8 a million: three times 0.0004."""
    prices = replace(FREE, input=2.0, cached_input=0.5, output=8.0)
    bill = Bill([900, 1100], [40, 60], cached=800, speed=Speed(1.0, 1.0))
    assert cost_of(bill, prices).per_1k == pytest.approx(1.2)
    assert cost_of(bill, replace(prices, cached_input=None)).per_1k == pytest.approx(2.4)
    asked = replace(bill, making=Making(tokens_in=3_000_000, tokens_out=500_000))
    assert cost_of(asked, prices).fixed == pytest.approx(10)


def test_a_deployment_by_the_hour_is_paid_whatever_is_asked_and_by_tuned_weights_alone() -> None:
    """By hand: 2 an hour, 730 hours a month, 6 months."""
    prices = replace(FREE, months=6, input=2.0, output=8.0, hosting_per_hour=2.0)
    tuned, prompt, control = Bill([100], [10], tuned=True), Bill([100], [10]), Bill([100], [10], control=True, tuned=True)
    assert [way(bill, prices) for bill in (tuned, prompt, control)] == ["hosted", "tokens", "machine"]
    assert (cost_of(tuned, prices).fixed, cost_of(tuned, prices).per_1k) == (8760, 0)
    assert (cost_of(prompt, prices).fixed, cost_of(control, prices).fixed) == (0, 0)


@pytest.mark.parametrize(("every", "times"), [(None, 1), (12, 1), (6, 2), (5, 3), (0.25, 48), (40, 1)])
def test_weights_are_made_again_every_so_many_months(every: float | None, times: int) -> None:
    prices = replace(FREE, machine_cost_per_hour=3600, label_cost=1, retrain_months=every)
    bill = Bill([1], [1], making=Making(labels=10, call_seconds=2, tuning_seconds=3), tuned=True)
    assert cost_of(bill, prices).fixed == times * 15
    assert cost_of(replace(bill, tuned=False), prices).fixed == 15


def test_what_a_service_trained_on_is_a_cost_of_making() -> None:
    """By hand: 2.5 million tokens at 4, in the middle of its range, and twice where weights are made again after half."""
    prices = replace(FREE, training=(3.0, 5.0), months=12)
    bill = Bill([1], [1], making=Making(trained_tokens=2_500_000), tuned=True)
    assert cost_of(bill, prices).parts["tuning"] == pytest.approx(10)
    assert cost_of(bill, replace(prices, retrain_months=6)).parts["tuning"] == pytest.approx(20)
    assert cost_of(bill, FREE).fixed == 0


def test_a_model_elsewhere_costs_what_it_reports_where_no_price_is_given() -> None:
    bill = Bill([100, 100], [10, 10], money=[0.25, 0.75], local=False, speed=Speed(1, 1))
    assert cost_of(bill, replace(FREE, machine_cost_per_hour=9)).per_1k == 500


def test_a_range_counts_with_its_middle_and_its_doubt_is_the_interval() -> None:
    prices = replace(FREE, input=(1.0, 3.0), output=0.0)
    bill = Bill([100] * 50, [10] * 50)
    found, spread = cost_of(bill, prices), Doubt(prices, 0).spread(bill)
    assert found.per_1k == pytest.approx(0.2)
    assert spread.per_1k == pytest.approx((0.105, 0.295), abs=0.004)
    assert spread.fixed == (0, 0)
    assert spread.horizon == pytest.approx(spread.per_1k)


def test_what_the_task_leaves_open_is_assumed_and_said() -> None:
    assert len(assumed(Economics())) == 4
    given = Economics(machine_cost_per_hour=2, requests_per_month=5, horizon_months=2, label_cost=0)
    assert assumed(given) == []
    assert Prices.of(given) == Prices(2, 10, 0, months=2)
    assert "0.10 EUR" in assumed(Economics(), PriceList(currency="EUR"))[0]


def test_a_volume_of_nothing_is_said() -> None:
    none = Economics(requests_per_month=0, horizon_months=1, label_cost=1, machine_cost_per_hour=1)
    assert assumed(none) == [
        "limits.requests_per_month is 0: what a request costs counts for nothing, only what is paid once"
    ]


def test_the_break_even_point_is_where_the_totals_meet() -> None:
    dear, cheap = Cost(fixed=100, per_1k=1), Cost(fixed=0, per_1k=3)
    requests = break_even(dear, cheap)
    assert requests == pytest.approx(50_000)
    assert dear.over(50_000) == pytest.approx(cheap.over(50_000))
    assert break_even(cheap, dear) is None
    assert break_even(cheap, cheap) is None
    assert break_even(replace(cheap, per_1k=1), dear) == 0  # as dear to ask, and cheaper to make


def test_who_is_as_dear_to_ask_and_cheaper_to_make_costs_less_from_the_first_request() -> None:
    searched = Bill([9], [1], making=Making(labels=9))
    for prices in (replace(FREE, label_cost=1), replace(FREE, input=1, output=1, label_cost=(1, 2))):
        found = crossing((Bill([9], [1]), prices), (searched, prices), 0)
        assert (found.value, found.low, found.high, found.reason) == (0, 0, 0, "")
        assert crossing((searched, prices), (Bill([9], [1]), prices), 0).reason


SHORT, LONG = [10, 14, 12, 9, 15] * 20, [90, 140, 100, 110, 60] * 20
HOURLY = replace(FREE, machine_cost_per_hour=3.6)


def sides(speed: Speed, tuning: float = 3600) -> tuple[Bill, Bill]:
    once = Making(tuning_seconds=tuning)
    return Bill(SHORT, [1] * 100, speed=speed, making=once, tuned=True), Bill(LONG, [1] * 100, speed=speed)


def test_the_crossing_has_an_interval_from_the_spread_of_request_lengths() -> None:
    tuned, prompt = sides(Speed(0.01, 0.01))
    found = crossing((tuned, HOURLY), (prompt, HOURLY), seed=0)
    assert found.value == pytest.approx(3.6 / (0.001 * 0.01 * (100 - 12)))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert found.high / found.low < 1.2


def test_the_crossings_interval_holds_the_looks_at_the_speed_and_the_ranges_of_prices() -> None:
    still, looked = sides(Speed(0.01, 0.01)), sides(Speed(0.01, 0.01, ((0.01, 0.01), (0.02, 0.02))))
    narrow, wide = (crossing(*((one, HOURLY) for one in both), seed=0) for both in (still, looked))
    assert narrow.value == wide.value
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < 0.6 * narrow.low  # at half the speed the tokens that are saved are worth twice as much
    labelled = replace(still[0], making=Making(labels=100, tuning_seconds=3600))
    ranged = crossing(*((one, replace(HOURLY, label_cost=(0.0, 2.0))) for one in (labelled, still[1])), seed=0)
    sure = crossing(*((one, replace(HOURLY, label_cost=1.0)) for one in (labelled, still[1])), seed=0)
    assert ranged.value == pytest.approx(sure.value)
    assert ranged.low is not None
    assert sure.low is not None
    assert ranged.low < 0.2 * sure.low


@pytest.mark.parametrize(
    ("tuned", "prompt", "prices", "said"),
    [
        (Bill([9], [1], making=Making(tuning_seconds=9)), Bill([99], [1]), FREE, "Requests cost nothing at these prices"),
        (
            Bill([99], [1], making=Making(labels=2)),
            Bill([9], [1]),
            replace(FREE, input=1, output=1, label_cost=1),
            "No number",
        ),
        (
            Bill([99], [1]),
            Bill([9], [1], making=Making(labels=9)),
            replace(FREE, input=1, output=1, label_cost=1),
            "cheaper to make: they cost less only up to about 100,000 (100,000–100,000) requests.",
        ),
    ],
)
def test_where_there_is_no_crossing_there_is_a_reason(tuned: Bill, prompt: Bill, prices: Prices, said: str) -> None:
    found = crossing((tuned, prices), (prompt, prices), 0)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert said in found.reason


def test_that_there_is_no_crossing_is_as_sure_as_prices_and_lengths_are() -> None:
    tuned, prompt = Bill([40] * 50, [5] * 50, making=Making(labels=300), tuned=True), Bill([400] * 50, [5] * 50)
    theirs = replace(FREE, input=1, output=1, label_cost=0.5)
    found = crossing((tuned, replace(theirs, input=(5.0, 16.0))), (prompt, theirs), 0)  # 10 would be as dear as theirs
    assert found.value is None
    assert found.low is not None
    assert f"it may, from about {numbers.about(found.low, 2)} requests on" in found.reason
    assert found.reason.endswith(" requests on (95 %).")
    assert "may" not in crossing((tuned, replace(theirs, input=(11.0, 16.0))), (prompt, theirs), 0).reason
    given = replace(theirs, label_cost=(0.2, 0.8))
    back = crossing((prompt, given), (tuned, given), 0)  # the other way round: cheap to make, dear to ask
    assert back.low is None
    assert back.until is not None
    value, low, high = back.until.value, back.until.low, back.until.high
    assert 160_000 <= low < value < high <= 670_000  # type: ignore[operator]
    assert f"up to about {numbers.around(value, low, high)} requests" in back.reason  # type: ignore[arg-type]


amounts = st.floats(0.01, 100)
ranges = st.one_of(amounts, st.tuples(amounts, amounts).map(lambda pair: (min(pair), max(pair))))
lengths = st.lists(st.integers(1, 500), min_size=5, max_size=5)
makings = st.builds(Making, labels=st.integers(0, 500), call_seconds=amounts, tuning_seconds=amounts)
bills = st.builds(Bill, lengths, lengths, speed=st.builds(Speed, amounts, amounts), making=makings, tuned=st.booleans())


@settings(max_examples=60)
@given(bills, bills, ranges, ranges)
def test_at_a_crossing_both_cost_the_same_and_beyond_it_the_weights_less(
    tuned: Bill, prompt: Bill, machine: Any, label: Any
) -> None:
    prices = Prices(machine, 1000, label)
    found, one, other = crossing((tuned, prices), (prompt, prices), 0), cost_of(tuned, prices), cost_of(prompt, prices)
    if found.value is None:
        assert found.reason
        assert one.per_1k >= other.per_1k
        return
    assert found.low is not None
    assert 0 <= found.low <= found.value <= (found.high or float("inf"))
    if found.value:
        assert one.over(found.value) == pytest.approx(other.over(found.value))
    assert one.over(2 * found.value + 1) < other.over(2 * found.value + 1)


# the least and the most that a task file may say
extremes = st.sampled_from([0.0, 5e-324, 1.0, 1e15])


@given(st.lists(bills, min_size=2, max_size=2), *[extremes] * 6, st.sampled_from([None, 0.01, 1e15]))
def test_whatever_a_task_file_may_say_every_cost_is_a_number(
    pair: list[Bill], machine: float, label: float, requests: float, months: float, hosting: float, token: float, every: Any
) -> None:
    economics = Economics(
        requests_per_month=requests,
        horizon_months=months,
        retrain_months=every,
        label_cost=label,
        machine_cost_per_hour=machine,
    )
    listed = PriceList(input=token, output=token, hosting_per_hour=hosting, training=token)
    prices = Prices.of(economics, listed)
    for bill in pair:
        cost = cost_of(replace(bill, making=replace(bill.making, trained_tokens=10**12)), prices)
        assert all(map(math.isfinite, (cost.fixed, cost.per_1k, cost.over(prices.requests))))
    met = crossing((pair[0], prices), (pair[1], prices), 0).value
    assert met is None or math.isfinite(met)


@settings(max_examples=60)
@given(bills, ranges, ranges)
def test_every_interval_of_a_cost_holds_it(bill: Bill, machine: Any, label: Any) -> None:
    prices = Prices(machine, 5000, label)
    shown, spread = cost_of(bill, prices), Doubt(prices, 3).spread(bill)
    for (low, high), value in zip(
        (spread.fixed, spread.per_1k, spread.horizon), (shown.fixed, shown.per_1k, shown.over(5000)), strict=True
    ):
        assert 0 <= low <= value <= high


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


def test_a_latency_below_a_millisecond_is_no_nothing() -> None:
    said = removal(Limits(latency_p95_ms=0.01), "majority", True, probed(0.42, 0.31))
    assert "take up to 0.42 ms (95 % interval 0.31 ms" in str(said)


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
        (
            {"load": Load(8, 0.5, 0.1), "unsteady": True},
            "the same request took other times when it was repeated: run the study again on a quiet machine",
        ),
        (
            {"unsteady": True},  # of a server, which is never asked the same again
            "its server took other times for other texts: run the study again when the server is quiet",
        ),
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


def test_a_teacher_is_paid_at_its_own_prices_and_what_was_read_before_as_cached() -> None:
    """By hand: 1.0 million tokens in, 0.4 of them cached, 0.5 out: at 2, 0.5 and 8 they cost 1.2 + 0.2 + 4 = 5.4; the
    task's own calls at 1 and 1 cost 1.5; one that has no price costs what it reported."""
    teacher = replace(FREE, input=(1.0, 3.0), cached_input=0.5, output=8.0)
    prices = replace(FREE, input=1.0, output=1.0, others={"teacher": teacher})
    calls = Asked(tokens_in=1_000_000, tokens_out=500_000, cached_in=400_000, money=0.7)
    for payee, costs in (("teacher", 5.4), ("", 1.5), ("unknown", 0.7)):
        bill = Bill([1], [1], making=Making(asked={payee: calls}))
        assert cost_of(bill, prices).parts["calls"] == pytest.approx(costs)
    low, high = Doubt(prices, 0).spread(Bill([1], [1], making=Making(asked={"teacher": calls}))).fixed
    assert (low, high) == (pytest.approx(4.815, abs=0.05), pytest.approx(5.985, abs=0.05))
    reported = Making(money=2.0, asked={"": calls})
    assert cost_of(Bill([1], [1], making=reported), prices).parts["calls"] == pytest.approx(3.5)
    assert Making.from_json(to_json(reported)) == reported
