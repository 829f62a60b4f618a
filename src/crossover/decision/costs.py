"""What a candidate costs: once, for every request, and over the user's horizon.

Every candidate pays all that making it took: labels, calls, tuning. A request is paid in one of four ways (`way`): the
time that its tokens take on the user's machine, a provider's price of each token, the price that the model itself reports,
or not at all beside a deployment that costs by the hour. The same arithmetic serves numbers and arrays of draws.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from crossover.data.economics import Economics, PriceList
from crossover.evaluation.probe import Speed

CURRENCY = "USD"
# Used, and said, where the task file gives none: a small cloud machine, a modest service.
MACHINE_COST_PER_HOUR = 0.10
REQUESTS_PER_MONTH = 10_000
HORIZON_MONTHS = 12
LABEL_COST = 0.0
HOURS_PER_MONTH = 730
MILLION = 1e6

NO_OTHERS: Mapping[str, PriceList] = MappingProxyType({})
Way = Literal["machine", "tokens", "reported", "hosted"]
Amount = float | tuple[float, float]
Number = Any  # a float, or a numpy array with one for each draw


@dataclass(frozen=True)
class Prices:
    """The task's economics with the assumptions filled in; an amount is a number, or a range. Money is in `currency`.

    `requests`: over the whole horizon. `input`, `cached_input`, `output`: a million tokens, None where the task gives none.
    `others`: of each of several models by its specification, at which what was asked of it in making is paid.
    """

    machine_cost_per_hour: Amount
    requests: float
    label_cost: Amount
    months: float = HORIZON_MONTHS
    retrain_months: float | None = None
    input: Amount | None = None
    cached_input: Amount | None = None
    output: Amount | None = None
    hosting_per_hour: Amount | None = None
    training: Amount | None = None
    currency: str = CURRENCY
    others: Mapping[str, Prices] = field(default_factory=dict)

    @classmethod
    def of(
        cls, economics: Economics, listed: PriceList | None = None, others: Mapping[str, PriceList] = NO_OTHERS
    ) -> Prices:
        def given(value: Any, default: Any) -> Any:
            return default if value is None else value

        months = given(economics.horizon_months, HORIZON_MONTHS)
        listed = listed or PriceList()
        return cls(
            machine_cost_per_hour=given(economics.machine_cost_per_hour, MACHINE_COST_PER_HOUR),
            requests=months * given(economics.requests_per_month, REQUESTS_PER_MONTH),
            label_cost=given(economics.label_cost, LABEL_COST),
            months=months,
            retrain_months=economics.retrain_months,
            input=listed.input,
            cached_input=listed.cached_input,
            output=listed.output,
            hosting_per_hour=listed.hosting_per_hour,
            training=listed.training,
            currency=listed.currency or CURRENCY,
            others={spec: cls.of(economics, own) for spec, own in others.items()},
        )

    def rates(self) -> Rates:
        """The middle of each range."""
        return self._middle

    @cached_property
    def _middle(self) -> Rates:
        return self._rates(middle, {spec: prices.rates() for spec, prices in self.others.items()})

    def drawn(self, draws: int, rng: Any) -> Rates:
        """Arrays of `draws` prices, uniform in each range: the same draw of a price for every candidate."""
        others = {spec: prices.drawn(draws, copy.deepcopy(rng)) for spec, prices in self.others.items()}
        return self._rates(
            lambda amount: rng.uniform(*amount, draws) if isinstance(amount, tuple) else middle(amount), others
        )

    def _rates(self, of: Any, others: Mapping[str, Rates]) -> Rates:
        token_input = of(self.input) / MILLION
        return Rates(
            second=of(self.machine_cost_per_hour) / 3600,
            label=of(self.label_cost),
            input=token_input,
            cached=token_input if self.cached_input is None else of(self.cached_input) / MILLION,
            output=of(self.output) / MILLION,
            hosting=of(self.hosting_per_hour) * HOURS_PER_MONTH * self.months,
            training=of(self.training) / MILLION,
            others=others,
        )


def middle(amount: Amount | None) -> float:
    """The number, or the middle of the range; 0 where there is none."""
    return 0.0 if amount is None else sum(amount) / 2 if isinstance(amount, tuple) else amount


@dataclass(frozen=True)
class Rates:
    """The price of a machine's second, a label, a token of each kind (`training`: one that a service trains on), and of a
    deployment over the whole horizon. `others`: those of each of several models."""

    second: Number
    label: Number
    input: Number
    cached: Number
    output: Number
    hosting: Number
    training: Number = 0.0
    others: Mapping[str, Rates] = field(default_factory=dict)


def assumed(economics: Economics, listed: PriceList | None = None) -> list[str]:
    """One sentence for each price or volume that the task file leaves open, and for what a zero means."""
    currency = (listed.currency if listed else None) or CURRENCY
    said = {
        "machine_cost_per_hour": f"a machine hour costs {MACHINE_COST_PER_HOUR:.2f} {currency}",
        "requests_per_month": f"{REQUESTS_PER_MONTH:,} requests a month",
        "horizon_months": f"a horizon of {HORIZON_MONTHS} months",
        "label_cost": f"a label costs {LABEL_COST:.2f} {currency}",
    }
    found = [
        f"limits.{name} is not given: assumed {text}" for name, text in said.items() if getattr(economics, name) is None
    ]
    for name in ("requests_per_month", "horizon_months"):
        if getattr(economics, name) == 0:
            found.append(f"limits.{name} is 0: what a request costs counts for nothing, only what is paid once")
    return found


@dataclass(frozen=True)
class Asked:
    """Calls to a model elsewhere: their tokens, `cached_in` of which the service had read before, and the money that they
    reported."""

    tokens_in: int = 0
    tokens_out: int = 0
    cached_in: int = 0
    money: float = 0.0


@dataclass(frozen=True)
class Making:
    """What making a candidate took, once: labelled rows, seconds of this machine in calls and in tuning (and other timed
    work), calls to models elsewhere, tokens that services trained on.

    `asked`: these calls, "" at the task's prices, else by the specification of the model at whose prices they are; `money`:
    what those reported that have no price. A study of an earlier version has no `asked`, and `tokens_in` and `tokens_out`
    where nothing was reported.
    """

    labels: int = 0
    calls: int = 0
    call_seconds: float = 0.0
    tuning_seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    trained_tokens: int = 0
    asked: Mapping[str, Asked] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Making:
        """The inverse of `to_json`."""
        return cls(**{**body, "asked": {payee: Asked(**one) for payee, one in body.get("asked", {}).items()}})


@dataclass(frozen=True)
class Bill:
    """What a candidate takes, before anything has a price: its making, and for each of some requests tokens and reported
    money. `cached`: input tokens that all requests begin with. `local`: its model is on this machine. `tuned`: its weights
    are, so they are made again with `retrain_months`, and hosted by the hour; a `control` is neither."""

    tokens_in: Sequence[float]
    tokens_out: Sequence[float]
    money: Sequence[float] = ()
    cached: float = 0.0
    speed: Speed = field(default_factory=lambda: Speed(0.0, 0.0))
    making: Making = field(default_factory=lambda: Making())
    local: bool = True
    control: bool = False
    tuned: bool = False

    @cached_property
    def means(self) -> tuple[float, float, float]:
        """Tokens in and out and reported money of a request, on average."""
        found = [sum(values) / max(len(values), 1) for values in (self.tokens_in, self.tokens_out, self.money)]
        return found[0], found[1], found[2]


@dataclass(frozen=True)
class Cost:
    """`fixed`: what does not depend on the requests (making, once or several times, and hosting); `per_1k`: a thousand.

    `parts` of the former: labels, calls, tuning, hosting. All for one candidate and one horizon.
    """

    fixed: Number
    per_1k: Number
    parts: dict[str, Number] = field(default_factory=dict, compare=False)

    def over(self, requests: float) -> Number:
        """What all of it costs over the horizon in which so many `requests` come."""
        return self.fixed + self.per_1k * requests / 1000


def way(bill: Bill, prices: Prices) -> Way:
    """How its requests are paid."""
    if bill.control:
        return "machine"
    if bill.tuned and prices.hosting_per_hour is not None:
        return "hosted"
    if prices.input is not None:
        return "tokens"
    return "machine" if bill.local else "reported"


def cost_of(bill: Bill, prices: Prices) -> Cost:
    """A candidate's cost at the middle of all prices and at the best measured speed.

    On the machine: tokens times the measured time of a token, not the measured latency itself, so that the same run
    measured twice does not order two candidates differently.
    """
    return priced(bill, prices, prices.rates(), *bill.means, bill.speed.prompt, bill.speed.answer)


def priced(
    bill: Bill,
    prices: Prices,
    rates: Rates,
    tokens_in: Number,
    tokens_out: Number,
    money: Number,
    prompt: Number,
    answer: Number,
) -> Cost:
    """The arithmetic, of mean tokens and reported money of a request, and seconds of a `prompt` and an `answer` token."""
    paid, making = way(bill, prices), bill.making
    if paid == "machine":
        request = rates.second * (tokens_in * prompt + tokens_out * answer)
    elif paid == "tokens":
        request = (tokens_in - bill.cached) * rates.input + bill.cached * rates.cached + tokens_out * rates.output
    else:
        request = money if paid == "reported" else 0.0 * rates.hosting
    asked = making.money if making.money else making.tokens_in * rates.input + making.tokens_out * rates.output
    for payee, calls in making.asked.items():
        own = (prices, rates) if not payee else (prices.others.get(payee), rates.others.get(payee))
        asked = asked + _asked(calls, *own)
    times = _times(prices) if bill.tuned and not bill.control else 1
    parts = {
        "labels": times * making.labels * rates.label,
        "calls": times * (making.call_seconds * rates.second + asked),
        "tuning": times * (making.tuning_seconds * rates.second + making.trained_tokens * rates.training),
        "hosting": rates.hosting if paid == "hosted" else 0.0,
    }
    return Cost(sum(parts.values()), 1000 * request, parts)


def _asked(calls: Asked, prices: Prices | None, rates: Rates | None) -> Number:
    """At a model's prices, else what was reported."""
    if prices is None or rates is None or prices.input is None:
        return calls.money
    fresh = calls.tokens_in - calls.cached_in
    return fresh * rates.input + calls.cached_in * rates.cached + calls.tokens_out * rates.output


def _times(prices: Prices) -> int:
    """How often weights are made over the horizon: at its beginning, and after every `retrain_months` within it."""
    if prices.retrain_months is None or prices.months <= 0:
        return 1
    return max(1, -int(-prices.months // prices.retrain_months))


def break_even(dear_to_make: Cost, dear_to_run: Cost) -> float | None:
    """The number of requests from which the candidate that is dear to make costs less; None when it never does."""
    saving, ahead = dear_to_run.per_1k - dear_to_make.per_1k, dear_to_make.fixed - dear_to_run.fixed
    if saving < 0 or saving == 0 <= ahead:
        return None
    return 1000 * float(ahead) / float(saving) if ahead > 0 else 0.0
