"""The rows of the table: what is said of a target and of a race is what the verdict says."""

from __future__ import annotations

import dataclasses

import pytest

from crossover.report.rows import glance_rows
from crossover.study.results import Stopped
from tests.report.fixtures import candidate, decision, ladder, results


@pytest.mark.parametrize(("met", "said"), [(None, "unsure"), (True, "met")])
def test_the_choice_meets_a_target_only_where_the_verdict_says_so(met: bool | None, said: str) -> None:
    sure = candidate(4, "lora", "weights", "tuned", 0.87)  # its own interval, from 80.8, lies above the 80 % wanted
    row = glance_rows(results(decision=decision(target_met=met), candidates=(sure,)))[0]
    assert row.target.text == said


def test_a_figure_of_a_race_says_where_it_ended_and_who_was_better() -> None:
    shown = ladder()
    beaten = dataclasses.replace(shown[2], stopped=Stopped(64, 160, shown[4].id))
    last = dataclasses.replace(shown[4], stopped=Stopped(120, 160))
    rows = glance_rows(results(candidates=(beaten, last, *shown[:2])))
    assert rows[0].metric.why.endswith("stopped after 64 of 160 rows, surely beaten by lora")
    assert rows[1].metric.why.endswith("stopped after 120 of 160 rows, nothing was left to tell")
    assert "stopped" not in rows[2].metric.why
