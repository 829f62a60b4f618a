"""How numbers are written."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.decision import numbers
from crossover.types import Estimate


def test_an_estimate_has_its_interval() -> None:
    assert numbers.estimate(Estimate(100, 0.842, 0.801, 0.876)) == "84.2 % (80.1–87.6)"
    assert numbers.estimate(Estimate(100, 0.842, 0.801, 0.876), unit=False) == "84.2 (80.1–87.6)"


def test_a_difference_is_signed_and_in_points() -> None:
    assert numbers.difference(0.123, 0.081, 0.162) == "+12.3 (+8.1 to +16.2)"
    assert numbers.difference(-0.02, -0.05, 0.01) == "−2.0 (−5.0 to +1.0)"
    assert numbers.points(0.0) == "0.0 points"


@pytest.mark.parametrize(("p", "text"), [(0.0, "< 0.001"), (0.0009, "< 0.001"), (0.012, "0.012"), (1.0, "1.000")])
def test_a_p_value_is_never_zero(p: float, text: str) -> None:
    assert numbers.p_value(p) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 EUR"),
        (0.00001, "< 0.0001 EUR"),
        (0.00312, "0.0031 EUR"),
        (0.0155, "0.015 EUR"),
        (0.5, "0.50 EUR"),
        (12.345, "12.35 EUR"),
        (12345.6, "12,346 EUR"),
    ],
)
def test_money_keeps_what_tells_small_amounts_apart(amount: float, text: str) -> None:
    assert numbers.money(amount, "EUR") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0 ms"), (0.0004, "< 0.001 ms"), (0.0123, "0.012 ms"), (8.44, "8.4 ms"), (120.4, "120 ms"), (3210, "3.2 s")],
)
def test_latency(value: float, text: str) -> None:
    assert numbers.milliseconds(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (192, "3 min 12 s"), (7500, "2 h 05 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert numbers.duration(seconds) == text


@given(st.floats(0, 1))
def test_a_share_is_a_percentage_with_one_decimal(value: float) -> None:
    text = numbers.percent(value)
    assert re.fullmatch(r"\d{1,3}\.\d %", text)
    assert abs(float(text[:-2]) - 100 * value) <= 0.0501


@given(st.floats(-1, 1))
def test_what_rounds_to_zero_has_no_sign(value: float) -> None:
    text = numbers.points(value, unit=False)
    assert re.fullmatch(r"0\.0|[+−]\d{1,3}\.\d", text)
    assert text not in ("+0.0", "−0.0")


@given(st.floats(0, 1e9))
def test_an_amount_above_nothing_is_never_written_as_nothing(amount: float) -> None:
    digits = re.sub(r"[^1-9]", "", numbers.money(amount, "EUR"))
    assert (digits == "") == (amount == 0)


def test_a_margin_is_a_distance_in_points() -> None:
    assert numbers.span(0.01) == "1.0 points"
    assert numbers.span(0.005) == "0.5 points"
    assert (numbers.span(0.0304, 0.03), numbers.span(0.03, 0.0304)) == ("3.04 points", "3.00 points")
    assert numbers.span(0.31000000000000005, 0.31) == numbers.span(0.31, 0.31000000000000005) == "31.0 points"
    assert (numbers.span(0.05, 0.03), numbers.span(0.03, 0.03)) == ("5.0 points", "3.0 points")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.26481, "0.2648"), (264.84, "264.8"), (999.96, "1000"), (19_460.4, "19,460"), (2.5e9, "2,500,000,000")],
)
def test_four_digits_have_no_exponent(value: float, text: str) -> None:
    assert numbers.four_digits(value) == text


def test_what_is_roughly_known_has_three_digits() -> None:
    assert [numbers.about(value) for value in (4_264_788.2, 999.6, 140, 0.4)] == ["4,260,000", "1,000", "140", "0"]


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (5_914_263.4, 4_318_007.0, 8_816_500.0, "5,900,000 (4,300,000–8,800,000)"),
        (5_914_263.4, 5_900_000.0, 5_930_000.0, "5,914,000 (5,900,000–5,930,000)"),
        (5_914_263.4, 4_318_007.0, None, "5,900,000 (4,300,000 or more)"),
        (437, 21, 1_893, "440 (21–1,900)"),
        (7.4, 0.2, 31.0, "7 (0–31)"),
        (5_914_263.4, None, None, "5,900,000"),
        (16_667.0, 16_667.0, 16_667.0, "16,667 (16,667–16,667)"),
    ],
)
def test_a_number_is_as_exact_as_its_interval_leaves_it(value: float, low: Any, high: Any, text: str) -> None:
    assert numbers.around(value, low, high) == text


def test_from_how_many_requests_on_has_its_interval_where_there_is_one() -> None:
    assert numbers.onwards(5_914_263) == "from 5,914,263 requests on"
    assert numbers.onwards(9_001, (7_004.0, 12_003.0)) == "from about 9,000 (7,000–12,000) requests on"
    assert numbers.onwards(0.3, (0.0, 1.2)) == "from the first request on"
    assert numbers.onwards(0.3, (0.0, 17_220.4)) == "from the first request on (or at most from 17,000 on, 95 %)"
    assert numbers.onwards(0.0, (0.0, None)) == "from the first request on (or from a later one or never, 95 %)"


@given(st.floats(1.0, 1e7), st.floats(1.0, 1e7))
def test_a_rounded_number_lies_where_it_does_beside_another_one(value: float, beside: float) -> None:
    shown = numbers.about(round(value), numbers.digits(0.5 * value, 2 * value, round(value), round(beside)))
    assert (int(shown.replace(",", "")) <= round(beside)) == (round(value) <= round(beside))


def test_what_is_planned_is_never_said_to_be_past_what_it_does_not_reach() -> None:
    assert numbers.onwards(9_040, (7_004.0, 12_003.0), 9_020.0) == "from about 9,040 (7,000–12,000) requests on"
    assert numbers.onwards(9_040, (7_004.0, 12_003.0), 20_000.0) == "from about 9,000 (7,000–12,000) requests on"
