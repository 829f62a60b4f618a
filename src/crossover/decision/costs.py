"""What a candidate costs: once, and for every request, over the user's horizon."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.data.task import Economics
from crossover.evaluation.probe import Speed

CURRENCY = "USD"
# Used, and said, where the task file gives none: a small cloud machine, a modest service.
MACHINE_COST_PER_HOUR = 0.10
REQUESTS_PER_MONTH = 10_000
HORIZON_MONTHS = 12
LABEL_COST = 0.0


@dataclass(frozen=True)
class Prices:
    """The task's economics with the assumptions filled in. Money is in `CURRENCY`."""

    machine_cost_per_hour: float
    requests: float  # over the whole horizon
    label_cost: float

    @classmethod
    def of(cls, economics: Economics) -> Prices:
        def given(value: float | None, default: float) -> float:
            return default if value is None else value

        months = given(economics.horizon_months, HORIZON_MONTHS)
        return cls(
            machine_cost_per_hour=given(economics.machine_cost_per_hour, MACHINE_COST_PER_HOUR),
            requests=months * given(economics.requests_per_month, REQUESTS_PER_MONTH),
            label_cost=given(economics.label_cost, LABEL_COST),
        )


def assumed(economics: Economics) -> list[str]:
    """One sentence for each price or volume that the task file leaves open."""
    said = {
        "machine_cost_per_hour": f"a machine hour costs {MACHINE_COST_PER_HOUR:.2f} {CURRENCY}",
        "requests_per_month": f"{REQUESTS_PER_MONTH:,} requests a month",
        "horizon_months": f"a horizon of {HORIZON_MONTHS} months",
        "label_cost": f"a label costs {LABEL_COST:.2f} {CURRENCY}",
    }
    return [
        f"limits.{name} is not given: assumed {text}" for name, text in said.items() if getattr(economics, name) is None
    ]


@dataclass(frozen=True)
class Cost:
    """`fixed`: labels and tuning, paid once. `per_1k`: a thousand requests. Both in `CURRENCY`."""

    fixed: float
    per_1k: float

    def over(self, requests: float) -> float:
        return self.fixed + self.per_1k * requests / 1000


def local_cost(prices: Prices, speed: Speed, tokens_in: float, tokens_out: float, tuning: float, labels: int) -> Cost:
    """The cost of a candidate on the user's own machine.

    Tokens times the measured time of a token, not the measured latency itself: the same run measured twice must not
    order two candidates differently. `tuning` in seconds; `labels`: rows that had to be labelled to make the candidate.
    """
    second = prices.machine_cost_per_hour / 3600
    request = second * (tokens_in * speed.prompt + tokens_out * speed.answer)
    return Cost(fixed=second * tuning + prices.label_cost * labels, per_1k=1000 * request)


def break_even(dear_to_make: Cost, dear_to_run: Cost) -> float | None:
    """The number of requests from which the candidate that is dear to make costs less; None when it never does."""
    saving = dear_to_run.per_1k - dear_to_make.per_1k
    if saving <= 0:
        return None
    return max(0.0, 1000 * (dear_to_make.fixed - dear_to_run.fixed) / saving)
