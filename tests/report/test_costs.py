"""Costs as a reader sees them: the drawing over requests, the sentences, and never one figure for the other."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from crossover.decision.situation import situation
from crossover.report.advice import comparison
from crossover.report.page import render
from crossover.report.plots import NARROW, WIDE, cumulative_cost
from crossover.report.rows import glance_rows
from crossover.report.table import verdict_text
from crossover.report.verdict import crossover_sentences, facts
from crossover.study.results import CostDetail, Results

from .fixtures import results

DETAIL = CostDetail(
    horizon=1234.0,
    horizon_interval=(1000.0, 1500.0),
    fixed_interval=(200.0, 300.0),
    per_1k_interval=(0.9, 1.3),
    labels=540,
    calls=1200,
    parts={"labels": 216.0, "calls": 4.0, "tuning": 30.0, "hosting": 0.0},
)
FLIPS = [
    "With a volume of 45,000 requests a month or more (now 20,000 requests a month), lora (fine-tuning) is the verdict."
]


def priced(crossing: dict[str, Any] | None = None, champions: int = 2, **more: Any) -> Results:
    """The made-up study with costs of its best prompt and of its weights."""
    found = results()
    rows = list(found.candidates)
    tested = [i for i, c in enumerate(rows) if c.test and c.family in ("prompt", "weights")]
    ends = [next(i for i in tested if rows[i].family == "prompt"), next(i for i in tested if rows[i].family == "weights")]
    for i, row in enumerate(rows):
        rows[i] = replace(row, status="champion" if i in ends[:champions] else "candidate", cost_fixed=250.0, cost=DETAIL)
    rows[ends[0]] = replace(rows[ends[0]], cost_fixed=0.0, cost_per_1k=1.1, latency_p50_interval=(3.5, 5.0))
    body = found.decision
    body["crossover"] |= {"requests": crossing, "requests_planned": 240_000.0, "currency": "EUR", **more}
    body["flips"] = {"said": FLIPS, "found": [], "searched": []}
    return replace(found, candidates=tuple(rows), decision=body)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_drawing_has_a_line_for_each_champion_the_crossing_and_the_plan(width: int) -> None:
    shown = priced({"value": 60_000.0, "low": 40_000.0, "high": None})
    svg = cumulative_cost(shown, width)
    names = [c.name for c in shown.candidates if c.status == "champion"]
    words = re.sub(r"<[^>]+>", " ", svg)
    assert all(name in words for name in names)
    assert "crossing: 60,000" in words
    assert "planned: 240,000" in words
    assert "requests (cost in all, EUR)" in words
    assert cumulative_cost(shown, width) == svg


def test_nothing_is_drawn_of_one_way_alone_or_of_a_study_without_these_costs() -> None:
    assert cumulative_cost(priced(champions=1)) == ""
    bare = results()
    assert cumulative_cost(replace(bare, candidates=tuple(replace(c, cost=None) for c in bare.candidates))) == ""


def test_the_page_and_the_terminal_say_what_would_flip_it() -> None:
    shown = priced()
    assert FLIPS[0] in render(shown)
    console = Console(width=200, record=True, file=StringIO())
    console.print(verdict_text(shown))
    assert f"↔ {FLIPS[0]}" in console.export_text()


def test_without_a_crossing_the_reason_stands_in_its_place() -> None:
    why = "No number of requests makes fine-tuning the cheaper one: a request costs no less with it."
    assert crossover_sentences(priced(requests_reason=why))[-1] == why
    crossed = crossover_sentences(priced({"value": 60_000.0, "low": 40_000.0, "high": 90_000.0}))[-1]
    assert crossed.endswith("from about 60,000 (40,000–90,000) requests; 240,000 are planned.")
    at_once = crossover_sentences(priced({"value": 0.0, "low": 0.0, "high": 0.0}))[-1]
    assert at_once.endswith("from the first request; 240,000 are planned.")
    late = crossover_sentences(priced({"value": 0.0, "low": 0.0, "high": 9_000.0}))[-1]
    assert late.endswith("from the first request on (or at most from 9,000 on, 95 %); 240,000 are planned.")


def test_what_is_paid_once_a_thousand_requests_and_the_horizon_are_three_figures() -> None:
    shown = priced()
    row = next(r for r in glance_rows(shown) if r.candidate.family == "weights" and r.candidate.status == "champion")
    assert row.fixed.text == "250.00 EUR"
    assert row.fixed.why == (
        "labels 216.00 EUR; calls 4.00 EUR; tuning 30.00 EUR; 540 labels and 1,200 calls to make it; over the horizon,"
        " requests included: 1,234 EUR (1,000–1,500 EUR)"
    )
    assert "95 % interval 0.90–1.30 EUR" in row.per_1k.why
    told = {fact.label: (fact.figure, fact.remark) for fact in facts(shown)}
    assert told["Over the horizon"] == ("1,234 EUR", "1,000–1,500; 240,000 requests, all included")
    assert told["Per 1,000 requests"][1].startswith("0.90–1.30; ")
    compared = {one.criterion: one for one in comparison(situation(rows=700), shown)}
    assert " EUR (0.90–1.30) per 1,000, 250.00 EUR" in compared["cost"].figures["weights"]


def test_a_middle_latency_has_its_interval_too() -> None:
    shown = priced()
    row = next(r for r in glance_rows(shown) if r.candidate.latency_p50_interval)
    assert row.p50.text.endswith("(3.5 ms–5.0 ms)")
