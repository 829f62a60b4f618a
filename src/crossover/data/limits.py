"""What a study and its answer must respect, and what things cost, as a task file says it."""

from __future__ import annotations

from pydantic import Field

from crossover.data.part import Part


class Economics(Part):
    """Volumes and prices, over which costs are reckoned. Absent means not known."""

    requests_per_month: float | None = Field(default=None, ge=0, description="a number from 0 up")
    horizon_months: float | None = Field(default=None, ge=0, description="a number from 0 up")
    label_cost: float | None = Field(default=None, ge=0, description="a number from 0 up: what one labelled row costs")
    machine_cost_per_hour: float | None = Field(default=None, ge=0, description="a number from 0 up")


class Limits(Economics):
    """What the answer must respect; a task file has its economics under `limits` too. Absent means without limit."""

    money: float | None = Field(default=None, ge=0, description="a number from 0 up: the most that the study may cost")
    minutes: float | None = Field(default=None, ge=0, description="a number from 0 up: the longest the study may take")
    calls: int | None = Field(default=None, ge=0, description="a whole number from 0 up: the most model calls")
    tokens: int | None = Field(default=None, ge=0, description="a whole number from 0 up: the most tokens, in and out")
    latency_p95_ms: float | None = Field(default=None, ge=0, description="a number from 0 up, in milliseconds")
    data_stays_here: bool = Field(default=False, description="true or false")
