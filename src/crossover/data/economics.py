"""The task file's economics and limits: what labels, machines and providers ask, how much will be asked, and until when."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from crossover.data.part import Part
from crossover.errors import shown

MOST = 1e15  # of any amount, volume or number of months: their products are still numbers
SHORTEST = 0.01  # months after which weights are tuned anew
RANGE = "a number from 0 up, or a range of two such as [0.1, 0.2]"
CURRENCY = re.compile(r"[A-Z]{3}")
PRICED = re.compile(r"\s*(?:([A-Z]{3})\s*)?([0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*([A-Z]{3})?\s*")


def _amount(value: Any) -> Any:
    """A price as a number, or as a pair of the lowest and the highest that it may be."""
    pair = list(value) if isinstance(value, (list, tuple)) else [value]
    numeric = all(type(one) is int or (isinstance(one, float) and math.isfinite(one)) for one in pair)
    if not numeric or len(pair) != (2 if isinstance(value, (list, tuple)) else 1) or min(pair) < 0:
        raise ValueError(f"received {shown(value)}; valid is {RANGE}")
    if len(pair) == 2 and pair[0] > pair[1]:
        raise ValueError(f"received {shown(value)}, whose lower end is the higher; valid is {RANGE}")
    if max(pair) > MOST:
        raise ValueError(f"received {shown(value)}; valid is {RANGE}, no number above {MOST:g}")
    return (float(pair[0]), float(pair[1])) if len(pair) == 2 else float(pair[0])


def _written(amount: float | tuple[float, float]) -> float | list[float]:
    return list(amount) if isinstance(amount, tuple) else amount


Amount = Annotated[float | tuple[float, float], PlainValidator(_amount), PlainSerializer(_written)]


class PriceList(Part):
    """What answering elsewhere costs, each a number or a range. Absent: the model runs on the user's own machine."""

    input: Amount | None = Field(default=None, description=f"{RANGE}: a million input tokens")
    cached_input: Amount | None = Field(
        default=None, description=f"{RANGE}: a million input tokens that many requests begin with"
    )
    output: Amount | None = Field(default=None, description=f"{RANGE}: a million output tokens")
    hosting_per_hour: Amount | None = Field(
        default=None, description=f"{RANGE}: an hour of the deployment that tuned weights need, used or not"
    )
    training: Amount | None = Field(
        default=None, description=f"{RANGE}: a million tokens that a service trains on, over all epochs"
    )
    currency: str | None = Field(default=None, description="three capital letters, such as EUR; USD where it is absent")

    @model_validator(mode="after")
    def _whole(self) -> PriceList:
        if self.currency is not None and not CURRENCY.fullmatch(self.currency):
            valid = PriceList.model_fields["currency"].description
            raise ValueError(f"received the currency {shown(self.currency)}; valid is {valid}")
        if (self.input is None) != (self.output is None):
            there, missing = ("input", "output") if self.output is None else ("output", "input")
            raise ValueError(f"there is a price for {there} and none for {missing}; valid is both, or neither")
        if self.cached_input is not None and self.input is None:
            raise ValueError("there is a price for cached_input and none for input and output; valid is all three")
        if self.cached_input is not None and highest(self.cached_input) > highest(self.input):
            raise ValueError("cached_input is dearer than input; valid is a price that is not")
        return self


class Economics(Part):
    """Volumes and prices, over which costs are reckoned. Absent means not known."""

    requests_per_month: float | None = Field(default=None, ge=0, description="a number from 0 up")
    horizon_months: float | None = Field(default=None, ge=0, description="a number from 0 up")
    retrain_months: float | None = Field(
        default=None, gt=0, description="a number above 0: after so many months weights are tuned anew, on fresh labels"
    )
    label_cost: Amount | None = Field(default=None, description=f"{RANGE}: what one labelled row costs")
    machine_cost_per_hour: Amount | None = Field(default=None, description=RANGE)

    @model_validator(mode="after")
    def _reckonable(self) -> Self:
        for name in ("requests_per_month", "horizon_months", "retrain_months"):
            value = getattr(self, name)
            if value is not None and value > MOST:
                raise ValueError(f"received {value:g} for {name}; valid is {MOST:g} at the most")
        if self.retrain_months is not None and self.retrain_months < SHORTEST:
            raise ValueError(f"received {self.retrain_months:g} for retrain_months; valid is {SHORTEST} or more")
        return self


class Limits(Part):
    """What the study may take, and what the answer must respect. Absent means without limit."""

    money: float | None = Field(default=None, ge=0, description="a number from 0 up: the most that the study may cost")
    minutes: float | None = Field(default=None, ge=0, description="a number from 0 up: the longest the study may take")
    calls: int | None = Field(default=None, ge=0, description="a whole number from 0 up: the most model calls")
    tokens: int | None = Field(default=None, ge=0, description="a whole number from 0 up: the most tokens, in and out")
    latency_p95_ms: float | None = Field(default=None, ge=0, description="a number from 0 up, in milliseconds")
    data_stays_here: bool = Field(default=False, description="true or false")

    @model_validator(mode="after")
    def _countable(self) -> Self:
        for name in ("calls", "tokens"):
            if (getattr(self, name) or 0) > MOST:  # a whole number may be larger than any float
                raise ValueError(f"received {shown(getattr(self, name))} for {name}; valid is {MOST:g} at the most")
        return self


class LimitsSpec(Limits, Economics):
    """What a task file has under `limits`: the limits, and the economics that are written beside them."""


MONEY = ("label_cost", "machine_cost_per_hour")  # of the economics, what may be written with a currency
PER_TOKEN = ("input", "cached_input", "output", "hosting_per_hour", "training")


def highest(amount: float | tuple[float, float] | None) -> float:
    """The upper end of a price; 0 where there is none."""
    return 0.0 if amount is None else amount[1] if isinstance(amount, tuple) else amount


def in_one_currency(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """A task's fields, prices such as "0.40 EUR" as numbers, and their currency as that of all.

    Raises `ValueError` for two currencies: nothing here knows what one is in the other.
    """
    found: dict[str, str] = {}
    changed = dict(fields)
    for key, names in (("limits", MONEY), ("prices", PER_TOKEN)):
        if isinstance(changed.get(key), Mapping):
            changed[key] = dict(_bare(changed[key], key, names, found))
    if not found:
        return fields
    prices = changed.get("prices", {})
    stated = prices.get("currency") if isinstance(prices, Mapping) else None
    if isinstance(stated, str):
        found["prices.currency"] = stated
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} in {currency}" for name, currency in found.items())
        raise ValueError(f"prices are in different currencies ({told}); valid is one for all")
    if isinstance(prices, Mapping):
        changed["prices"] = {**prices, "currency": next(iter(found.values()))}
    return changed


def _bare(part: Mapping[str, Any], key: str, names: tuple[str, ...], found: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """The part's fields, prices without their currencies, which go to `found`."""
    for name, value in part.items():
        match = PRICED.fullmatch(value) if name in names and isinstance(value, str) else None
        currency = match and (match[1] or match[3])
        if match and currency and not (match[1] and match[3]):
            found[f"{key}.{name}"], value = currency, float(match[2])
        yield name, value
