"""Slices on the page and in the terminal: where the chosen one loses comes first."""

from __future__ import annotations

import copy
import dataclasses

from rich.console import Console

from crossover.report.page import render
from crossover.report.slices import slice_rows, worst
from crossover.report.table import foot

from .fixtures import EVIL, decision, results, sliced


def test_a_slice_that_is_lost_comes_first_and_pooled_values_last() -> None:
    rows = slice_rows(results())
    assert [(row.value, row.lost, row.pooled) for row in rows] == [
        ("phone", True, 0),
        ("web form", False, 0),
        ("3 other values", False, 3),
    ]
    assert rows[0].hardest is not None
    assert (rows[0].hardest.name, round(rows[0].hardest.difference, 2)) == ("few_shot", -0.22)
    assert rows[2].hardest is None


def test_the_page_marks_it_and_the_terminal_names_the_worst() -> None:
    page = render(results())
    section = page.split('<section id="slices">')[1].split("</section>")[0]
    assert section.index("phone") < section.index("web form") < section.index("3 other values")
    assert section.count("loses</span>") == 1
    assert "3 values with fewer than 10 test items are pooled" in section
    assert worst(results()) == "lora does worst where (of 2 slices): channel phone: 62.0 % (52.0–72.0) of 50"
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(foot(results()))
    assert "lora does worst where (of 2 slices): channel phone" in " ".join(console.export_text().split())


def test_what_columns_hold_is_escaped_and_a_study_of_before_has_no_slices() -> None:
    body = sliced()
    body["rows"][0] |= {"column": EVIL, "value": EVIL}
    page = render(dataclasses.replace(results(), decision=decision() | {"slices": body}))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    old = decision()
    assert 'id="slices"' not in render(dataclasses.replace(results(), decision=old))
    assert slice_rows(dataclasses.replace(results(), decision=old)) == []


def test_who_does_as_well_in_every_slice_does_worst_in_none() -> None:
    body = copy.deepcopy(dict(results().decision))
    for row in body["slices"]["rows"]:
        for estimate in row["estimates"].values():
            estimate["value"] = estimate["high"] = 1.0
    assert worst(dataclasses.replace(results(), decision=body)) == ""
