"""The table and the verdict in a terminal, at several widths."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from rich.console import Console, RenderableType

from crossover.report.table import foot, glance, verdict_text
from crossover.study.results import Past, Results
from crossover.types import Estimate

from .fixtures import extraction, failed, forgotten, hostile, ladder, results, undecided


def printed(what: RenderableType, width: int) -> str:
    console = Console(width=width, record=True, force_terminal=False, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(what)
    return console.export_text(styles=False)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_candidate_name_is_lost_at_any_width(width: int) -> None:
    text = printed(glance(results(), width), width)
    for candidate in ladder():
        assert candidate.name in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_the_columns_that_people_expect_are_there(width: int) -> None:
    text = printed(glance(results(), width), width)
    head = text.split("───")[0]
    for heading in ("accuracy", "change", "target", "rele-", "per 1,000"):
        assert heading in head
    assert "consistency" in text if width == 80 else "consis-" in head  # named where it has no room
    for figure in ("85.6", "79.4–90.7", "unsure", "+44.4", "+38.6…+51.6", "80.6", "met", "missed", "0.015"):
        assert figure in text


def test_in_a_wide_terminal_a_candidate_is_one_line() -> None:
    lines = printed(glance(results(), 160), 160).splitlines()
    row = next(line for line in lines if "● lora" in line)
    assert "85.6 (79.4–90.7)" in row
    assert "+44.4 (+38.6…+51.6)" in row


@pytest.mark.parametrize("width", [100, 220])
def test_what_is_estimated_has_its_interval_beside_it(width: int) -> None:
    times: dict[str, Any] = {"latency_p50_interval": (8.4, 12.0), "latency_p95_interval": (18.0, None)}
    tuned = dataclasses.replace(ladder()[4], forgetting=forgotten(), consistency=Estimate(20, 0.952, 0.77, 0.99), **times)
    text = printed(glance(results(candidates=(tuned,)), width), width)
    expected = ["80.6", "75.6–85.6", "95.2", "77.0–99.0", "−25.9", "−35.3…−16.3"]
    for figure in [*expected, *(("8.4 ms–12 ms", "≥ 18 ms") if width == 220 else ())]:
        assert figure in text
    assert "money is computed from mean tokens and measured speed" in " ".join(text.split())


def test_there_is_no_column_for_a_target_that_was_not_given() -> None:
    assert "target" not in printed(glance(undecided(), 200), 200)
    assert "target" in printed(glance(results(), 200), 200)


@pytest.mark.parametrize(
    ("metric", "words"), [("macro_f1", "macro F1"), ("judge", "mean grade"), ("own.py:how_close", "how close")]
)
def test_a_metric_is_called_by_its_words(metric: str, words: str) -> None:
    assert f"{words} " in printed(glance(results(task={**results().task, "metric": metric}), 100), 100)


def test_a_wide_terminal_shows_everything_and_a_narrow_one_names_what_it_leaves_out() -> None:
    wide, narrow = printed(glance(results(), 200), 200), printed(glance(results(), 80), 80)
    assert "left out" not in wide
    assert "engineered prompt" in wide
    assert "p50" in " ".join(narrow.split()).split("left out at this width:")[1]


def test_a_value_from_dev_is_marked_and_explained() -> None:
    text = printed(glance(results(), 160), 160)
    assert "84.2 (77.0–90.0)*" in text
    assert "* on dev (the rows to choose by), not tested" in " ".join(text.split())


def test_removed_and_failed_candidates_say_so() -> None:
    assert "removed" in printed(glance(results(), 100), 100)
    assert "failed" in printed(glance(failed(), 100), 100)


def test_what_a_study_held_before_is_said_as_it_was_told_then_and_why_a_rung_failed() -> None:
    past = Past("history/1.json", "2026-01-02T03:04:05", "undecided", "few_shot", (), short=True)
    again = dataclasses.replace(past, file="history/redecided-1.json", kind="prompt", short=False, changed=("margin",))
    under = foot(dataclasses.replace(failed(), history=(past,), redecisions=(again,)))
    assert under is not None
    text = " ".join(printed(under, 300).split())
    assert "earlier (2026-01-02 03:04, history/1.json): none of these, if any few_shot" in text
    assert "decided again (2026-01-02 03:04, history/redecided-1.json): prompt, few_shot; with margin" in text
    [one] = [c for c in failed().candidates if c.status == "failed"]
    assert f"! {one.name} failed: {one.note}" in text


def test_calls_that_failed_are_named_under_the_table() -> None:
    text = " ".join(printed(glance(results(), 200), 200).split())
    assert "calls that failed, which no estimate counts: instruction+lora 1" in text


def test_a_name_wider_than_the_terminal_is_folded_and_not_cut() -> None:
    long = "instruction+" * 12 + "lora"
    study = results(candidates=(dataclasses.replace(ladder()[4], name=long),))
    text = printed(glance(study, 80), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert long in "".join(line[:28].replace("●", "").strip() for line in text.splitlines())
    assert "relevance" in text


def test_the_study_without_candidates_has_an_empty_table() -> None:
    assert "candidate" in printed(glance(results(candidates=()), 80), 80)


@pytest.mark.parametrize(
    ("study", "words"),
    [
        (
            results(),
            ["Fine-tune it: “lora”", "85.6 %", "+44.4", "met", "0.015 EUR", "16.2 points", "intervals are wide"],
        ),
        (undecided(), ["Undecided", "1,240 test items", "few_shot", "69.4 %", "differ by 1.1 points"]),
        (extraction(), ["Do both: “instruction+lora”", "Field F1 on test"]),
        (failed(), ["Neither", "not met", "The only candidate failed."]),
    ],
)
@pytest.mark.parametrize("width", [80, 120])
def test_the_verdict_has_its_sentence_figures_and_reasons(study: Results, words: list[str], width: int) -> None:
    text = printed(verdict_text(study), width)
    for word in words:
        assert word in text
    assert max(map(len, text.splitlines())) <= width


def test_neither_markup_nor_control_characters_are_obeyed() -> None:
    name = "[red]a[/red]\x1b[2Jb"
    study = results(candidates=(dataclasses.replace(ladder()[4], name=name),))
    for text in (printed(glance(study, 120), 120), printed(verdict_text(study), 120)):
        assert "[red]a[/red]�[2Jb" in text
        assert "\x1b" not in text
    assert "<script>" in printed(verdict_text(hostile()), 200)


def test_the_general_suite_is_a_column_where_it_was_measured_and_replay_is_told() -> None:
    assert "general" not in printed(glance(results(), 200), 200)
    rows = tuple(dataclasses.replace(row, forgetting=forgotten()) if row.name == "lora" else row for row in ladder())
    made = results(candidates=rows)
    made = dataclasses.replace(made, decision=made.decision | {"forgetting": {"said": ["Replay: kept it."]}})
    lines = printed(glance(made, 100), 100).splitlines()
    assert "−25.9" in next(line for line in lines if "● lora" in line)
    assert "general" in " ".join(lines)
    assert "Replay: kept it." in printed(verdict_text(made), 100)
