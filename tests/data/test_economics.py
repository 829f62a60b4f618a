"""Prices and volumes of a task file: numbers, ranges, one currency, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crossover.data.economics import Economics, Limits, LimitsSpec
from crossover.data.task import Task, load_task, with_settings
from crossover.errors import TaskError

LEAST = "name: t\ndata: rows.csv\ninput: a\noutput: b\n"


def load(folder: Path, text: str) -> Task:
    (folder / "task.yaml").write_text(LEAST + text, encoding="utf-8")
    return load_task(folder / "task.yaml")


def test_prices_are_numbers_or_ranges(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "prices: {input: 0.15, cached_input: 0.075, output: [0.5, 0.7], hosting_per_hour: 2, currency: EUR}\n"
        "limits: {label_cost: [0.1, 0.4], machine_cost_per_hour: 1, retrain_months: 3}\n",
    )
    assert (found.prices.input, found.prices.output, found.prices.hosting_per_hour) == (0.15, (0.5, 0.7), 2.0)
    assert (found.limits.label_cost, found.limits.retrain_months, found.prices.currency) == ((0.1, 0.4), 3.0, "EUR")
    assert Task(**found.model_dump(mode="json")).model_dump() == found.model_dump()


def test_a_currency_beside_a_price_is_that_of_all(tmp_path: Path) -> None:
    found = load(tmp_path, "limits: {label_cost: 0.40 EUR, machine_cost_per_hour: EUR 2}\n")
    assert (found.limits.label_cost, found.limits.machine_cost_per_hour, found.prices.currency) == (0.4, 2.0, "EUR")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "limits: {label_cost: 0.4 EUR, machine_cost_per_hour: 2 USD}\n",
            "prices are in different currencies (limits.label_cost in EUR, limits.machine_cost_per_hour in USD); valid is",
        ),
        ("prices: {currency: EUR, hosting_per_hour: 2 USD}\n", "in different currencies"),
        ("prices: {currency: euro}\n", "received the currency 'euro'; valid is three capital letters, such as EUR"),
        ("prices: {input: 1}\n", "there is a price for input and none for output; valid is both, or neither"),
        ("prices: {output: 1}\n", "there is a price for output and none for input"),
        ("prices: {cached_input: 1}\n", "valid is all three"),
        ("prices: {input: 1, output: 1, cached_input: [1, 2]}\n", "cached_input is dearer than input"),
        ("prices: {input: [3, 1], output: 1}\n", "key 'prices.input': received [3, 1], whose lower end is"),
        ("prices: {input: [1, 2, 3], output: 1}\n", "key 'prices.input': received [1, 2, 3]; valid is a number"),
        ("prices: {input: -1, output: 1}\n", "key 'prices.input': received -1; valid is a number from 0 up"),
        ("prices: {input: yes, output: 1}\n", "key 'prices.input': received true; valid is a number"),
        ("prices: {hosting_per_hour: cheap}\n", "key 'prices.hosting_per_hour': received 'cheap'; valid is a number"),
        ("prices: {price: 1}\n", "key 'prices.price': unknown key"),
        ("limits: {label_cost: .inf}\n", "key 'limits.label_cost': received inf; valid is a number"),
        ("limits: {label_cost: 1.0e+300}\n", "key 'limits.label_cost': received 1e+300; valid is a number from 0 up"),
        ("prices: {training: [0, 1.0e+16]}\n", "key 'prices.training': received [0, 1e+16]; valid is a number from 0 up"),
        ("limits: {requests_per_month: 1.0e+300}\n", "received 1e+300 for requests_per_month; valid is 1e+15 at the most"),
        ("limits: {horizon_months: 1.0e+16}\n", "received 1e+16 for horizon_months; valid is 1e+15 at the most"),
        ("limits: {retrain_months: 1.0e-320}\n", "for retrain_months; valid is 0.01 or more"),
        ("limits: {retrain_months: 0}\n", "key 'limits.retrain_months': received 0; valid is a number above 0"),
        (
            "limits: {data_stays_here: true}\nprices: {input: 1, output: 1}\n",
            "limits.data_stays_here is true, and prices.input is what a provider elsewhere asks; valid: one of the two",
        ),
    ],
)  # fmt: skip
def test_what_is_no_price_or_contradicts_itself_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TaskError) as error:
        load(tmp_path, text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_settings_are_checked_like_the_file() -> None:
    task = Task(name="t", data="rows.csv", input="a", output="b", metric={"judge": {"rubric": "good?"}})
    changed = with_settings(task, ["limits.requests_per_month=50", "prices.hosting_per_hour=[1, 2]", "target=0.8"])
    assert (changed.limits.requests_per_month, changed.prices.hosting_per_hour, changed.target) == (50, (1, 2), 0.8)
    assert with_settings(changed, ["target="]).target is None
    assert changed.metric_options == task.metric_options


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("margin=2", "--set, key 'margin': received 2; valid is a number from 0 to 1"),
        ("limits.label_cost=-1", "--set, key 'limits.label_cost': received -1; valid is a number from 0 up"),
        ("limits.minuets=1", "--set, key 'limits.minuets': unknown key; did you mean 'minutes'?"),
    ],
)
def test_a_setting_that_is_not_valid_says_so(setting: str, said: str) -> None:
    fields: dict[str, Any] = {"name": "t", "data": "rows.csv", "input": "a", "output": "b"}
    with pytest.raises(TaskError) as error:
        with_settings(Task(**fields), [setting])
    assert said in str(error.value)


@pytest.mark.parametrize("key", ["calls", "tokens", "label_cost", "money", "minutes"])
def test_a_number_that_no_float_can_hold_is_a_sentence(key: str) -> None:
    """As a limit of calls it was taken, and the study ended in an error of ours."""
    with pytest.raises(TaskError, match=r"received 1000.*; valid is"):
        Task(name="t", data="rows.csv", input="a", output="b", limits={key: 10**400})


def test_a_price_is_no_limit_and_both_stand_under_limits(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="label_cost"):
        Limits.model_validate({"label_cost": 1})
    with pytest.raises(ValidationError, match="calls"):
        Economics.model_validate({"calls": 1})
    found = load(tmp_path, "limits: {label_cost: 0.5, calls: 7}\n").limits
    assert found == LimitsSpec(label_cost=0.5, calls=7)
    for bad, said in (({"calls": 10**400}, "for calls"), ({"retrain_months": 0.001}, "for retrain_months")):
        with pytest.raises(ValidationError, match=said):  # what either of the two refuses
            LimitsSpec.model_validate(bad)
