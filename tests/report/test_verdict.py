"""The verdict's sentence where it is undecided, where nothing does the task, and where it is not there yet."""

from __future__ import annotations

import dataclasses

from crossover.report.verdict import facts, headline, label
from crossover.study.results import Notice, Results

from .fixtures import results, undecided


def with_verdict(study: Results, comparisons: list[dict[str, object]] | None = None, **changes: object) -> Results:
    decision = study.decision | {"verdict": study.decision["verdict"] | changes}
    if comparisons is not None:
        decision["comparisons"] = comparisons
    return dataclasses.replace(study, decision=decision)


def test_what_to_use_for_now_comes_first_with_what_it_beats_and_what_is_not_excluded() -> None:
    study = undecided()
    best = study.decision["verdict"]["provisional"]
    others = [c for c in study.candidates if c.id != best][:2]
    pairs = [
        {"a": best, "b": others[0].id, "difference": 0.2, "p_adjusted": 0.01, "family": "verdict"},
        {"a": others[1].id, "b": best, "difference": -0.05, "p_adjusted": 0.4, "family": "verdict"},
        {"a": others[1].id, "b": best, "difference": -0.05, "p_adjusted": 0.001, "family": "baseline"},
    ]
    said = headline(with_verdict(study, pairs))
    assert said.startswith("Use “few_shot” for now: 69.4 % (")
    assert f"It beats {others[0].name}. Not excluded: {others[1].name}. Undecided: about 1,240 test items" in said


def test_whom_a_third_surely_beats_is_not_said_to_be_left() -> None:
    study = undecided()
    best = study.decision["verdict"]["provisional"]
    beaten, other = [c for c in study.candidates if c.id != best][:2]
    pairs = [{"a": best, "b": c.id, "difference": 0.02, "p_adjusted": 0.6, "family": "verdict"} for c in (beaten, other)]
    said = headline(with_verdict(study, pairs, may_be_best=[best, other.id]))
    assert f" Not excluded: {other.name}. Undecided: " in said


def test_whom_dev_did_not_prefer_and_who_may_be_the_best_is_not_excluded_and_has_its_first_name() -> None:
    study = undecided()
    best = study.decision["verdict"]["provisional"]
    champion, other = [c for c in study.candidates if c.id != best][:2]
    pairs = [{"a": best, "b": champion.id, "difference": 0.02, "p_adjusted": 0.6, "family": "verdict"}]
    again = dataclasses.replace(other, name="a second way to it", same_as=other.name)
    study = dataclasses.replace(study, candidates=(*study.candidates, again))
    said = headline(with_verdict(study, pairs, may_be_best=[best, champion.id, other.id]))
    assert f" Not excluded: {champion.name} and {other.name}. Undecided: " in said


def test_a_prompt_is_not_called_the_best_where_only_controls_were_beaten() -> None:
    study = results()
    alone = tuple(c for c in study.candidates if c.family in ("control", "prompt"))
    chosen = next(c for c in alone if c.family == "prompt")
    decided = with_verdict(dataclasses.replace(study, candidates=alone), kind="prompt", choice=chosen.id, provisional=None)
    assert f"“{chosen.name}” is the prompt to use; nothing tuned was tested" in headline(decided)


def test_where_nothing_does_the_task_no_winner_is_named() -> None:
    for study in (results(), undecided()):
        short = with_verdict(study, falls_short="far below the target of 99.0 %")
        said = headline(short)
        assert said.startswith("None of these does the task: “")
        assert said.endswith("far below the target of 99.0 %. A larger model is the next thing to try.")
        assert label(short) == "None of these"
        assert facts(short)[0].label == "If any"


def test_an_unfinished_study_has_no_target_yet() -> None:
    study = results(candidates=tuple(dataclasses.replace(c, test=None) for c in results().candidates))
    study = with_verdict(study, kind="unfinished", choice=None, provisional=None, target_met=None, ahead=["lora"])
    assert headline(study).startswith("Not finished: ")
    assert "still to come: lora, and the test split" in headline(study)
    assert facts(study) == []


def test_that_the_test_rows_were_learnt_from_is_said_before_any_verdict() -> None:
    study = results()
    leaky = dataclasses.replace(study, findings=(*study.findings, Notice("info", "known_before", "96 of 100 rows ...")))
    assert headline(leaky) == f"96 of 100 rows .... {headline(study)}"
    held = dataclasses.replace(study, findings=(Notice("warning", "gold_in_input", "98 of 100 inputs ...: is it shown?"),))
    assert headline(held) == f"98 of 100 inputs ...: is it shown? {headline(study)}"
