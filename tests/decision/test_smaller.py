"""Whether a cheaper model does as well as the chosen one: said with its price, its crossing and a paired interval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossover.decision.contenders import Contender, finalists
from crossover.decision.costs import Cost
from crossover.decision.crossing import Crossing
from crossover.decision.smaller import cheaper_model, told
from crossover.evaluation.paired import Comparison
from crossover.types import Family
from tests.decision.builders import contender


def of(name: str, model: str, dev: float, per_1k: float, family: Family = "weights") -> Contender:
    made = contender(name, dev=dev, family=family)
    cost = Cost(1.0, per_1k)
    return replace(made, model=model, cost=cost, horizon_cost=cost.over(1e6))


LARGE, SMALL, OTHER = (
    of("lora (large)", "l", 0.8, 4.0),
    of("lora (small)", "s", 0.78, 0.1),
    of("few (small)", "s", 0.6, 0.09),
)


def compared(difference: float, low: float, high: float) -> Comparison:
    return Comparison(difference, low, high, low, high, 0.5, 80, "exact McNemar")


def test_the_best_of_another_and_cheaper_model_is_looked_at() -> None:
    assert cheaper_model(LARGE, [LARGE, SMALL, OTHER], 0.01) == SMALL
    assert cheaper_model(SMALL, [LARGE, SMALL, OTHER], 0.01) is None, (
        "the large one costs more, the other is the same model"
    )
    control = of("majority", "c", 0.9, 0.0, "control")
    assert cheaper_model(LARGE, [LARGE, control], 0.01) is None


def test_each_models_best_of_a_family_is_tested() -> None:
    assert {c.name for c in finalists([LARGE, SMALL, OTHER], 0.01)} >= {"lora (large)", "lora (small)"}


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (
            compared(0.0, -0.005, 0.02),
            "The cheaper model is as good within the margin: a request to lora (small) costs 40 times less",
        ),
        (compared(-0.1, -0.2, -0.05), "The cheaper model is worse"),
        (compared(-0.02, -0.1, 0.06), "Whether the cheaper model is as good cannot be told on 80 items"),
    ],
)
def test_it_is_said_whether_it_is_as_good(result: Comparison, says: str) -> None:
    said = told(SMALL, LARGE, lambda a, b: result, Crossing(9000.0, 7000.0, 12000.0), 0.01, "USD")
    assert says in said
    assert (
        "(0.10 USD against 4.00 USD per 1,000), and all in all it costs less from about 9,000 (7,000–12,000) requests on"
        in said
    )


@pytest.mark.parametrize(
    ("dear", "times"), [(0.15, "1.5 times"), (0.96, "9.6 times"), (15.04, "150 times"), (1234.5, "12,300 times")]
)
def test_how_many_times_less_it_costs_is_written_as_a_number_is(dear: float, times: str) -> None:
    same, large = compared(0.0, -0.005, 0.02), of("lora (large)", "l", 0.8, dear)
    assert f"costs {times} less (" in told(SMALL, large, lambda a, b: same, Crossing(None), 0.01, "USD")


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        (0.3, "from the first request on (or at most from 2,000 on, 95 %)"),
        (1.0, "from the first request on (or at most from 2,000 on, 95 %)"),
        (1500.4, "from about 1,500 (0–2,000) requests on"),
    ],
)
def test_no_request_is_none_to_count_from(requests: float, said: str) -> None:
    same = compared(0.0, -0.005, 0.02)
    assert f"costs less {said}; " in told(SMALL, LARGE, lambda a, b: same, Crossing(requests, 0.1, 2000.0), 0.01, "USD")
