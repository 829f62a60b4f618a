"""The verdict: who wins when, and when the data cannot tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import registry
from crossover.decision import numbers
from crossover.decision.contenders import Contender
from crossover.decision.costs import Amount, Cost
from crossover.decision.pairs import Comparisons
from crossover.decision.recommend import Verdict, recommend
from crossover.decision.settled import proven_of
from crossover.decision.tested import tested as on_items
from crossover.decision.wording import Wording
from crossover.evaluation.intervals import wilson
from crossover.evaluation.paired import mcnemar
from crossover.types import Estimate, Family, Raced, Run
from tests.decision.builders import contender, pattern, run

CONTROL, PROMPT = contender("majority", "control"), contender("few_shot", "prompt", cost=10)
LORA, BOTH = contender("lora", "weights", cost=20), contender("instruction+lora", "hybrid", cost=40)
ALL = (CONTROL, PROMPT, LORA, BOTH)


def decide(
    patterns: Mapping[Contender, Sequence[bool | None]],
    margin: float = 0.01,
    target: float | None = None,
    tolerance: float = 0.03,
    label_cost: Amount = 0.0,
    floor: Estimate | None = None,
    others: Mapping[Contender, Sequence[bool | None]] | None = None,
    removed: Mapping[Contender, Sequence[bool | None]] | None = None,
) -> tuple[Verdict, Comparisons]:
    """`others`: who was tested and is no champion; `removed`: whom the limits keep out."""
    champions = {c.family: c for c in patterns}
    more = others or {}
    runs = {c.id: run(c.name, right) for c, right in {**patterns, **more, **(removed or {})}.items()}
    metric = registry.create("metrics", "accuracy")
    wording = Wording("accuracy", 1000, label_cost)
    return recommend(champions, runs, metric, margin, target, 0, wording, floor, tolerance, list(more))


def moved(right: Sequence[bool], gained: int, lost: int) -> list[bool]:
    """The pattern with so many wrong answers made right, and right ones made wrong."""
    found = list(right)
    for i in [i for i, hit in enumerate(right) if not hit][:gained] + [i for i, hit in enumerate(right) if hit][:lost]:
        found[i] = not found[i]
    return found


def test_weights_that_are_clearly_better_win_and_the_reason_says_by_how_much() -> None:
    verdict, comparisons = decide(
        {CONTROL: pattern(400, 40), PROMPT: pattern(400, 200), LORA: pattern(400, 340), BOTH: pattern(400, 342)}
    )
    assert (verdict.kind, verdict.choice, verdict.provisional) == ("weights", LORA.id, None)
    assert comparisons.of(LORA, PROMPT).p_adjusted < 0.05
    assert any("lora beats few_shot" in reason and "+35.0 points" in reason for reason in verdict.reasons)
    assert verdict.needed_test_items is None


def test_a_hybrid_that_is_clearly_better_than_weights_wins() -> None:
    verdict, _ = decide(
        {CONTROL: pattern(400, 40), PROMPT: pattern(400, 200), LORA: pattern(400, 250), BOTH: pattern(400, 350)}
    )
    assert (verdict.kind, verdict.choice) == ("hybrid", BOTH.id)


def test_a_hybrid_within_the_margin_leaves_it_to_the_cheaper_weights_with_a_warning() -> None:
    verdict, _ = decide(
        {CONTROL: pattern(400, 40), PROMPT: pattern(400, 120), LORA: pattern(400, 300), BOTH: pattern(400, 303, 1)}
    )
    assert verdict.choice == LORA.id
    assert any("instruction+lora may be better than lora" in warning for warning in verdict.warnings)


def test_of_a_proven_side_the_better_estimate_is_chosen_and_its_interval_allows_for_that() -> None:
    base = pattern(150, 90)
    weights = moved(base, 40, 4)
    verdict, comparisons = decide({PROMPT: base, LORA: weights, BOTH: moved(weights, 8, 2)})
    assert (verdict.kind, verdict.choice, verdict.confidence) == ("hybrid", BOTH.id, "proven")
    assert comparisons.of(BOTH, LORA).p_adjusted > 0.05
    assert verdict.reasons[1].startswith("Chosen among 2 on these very items, instruction+lora is between")


def test_failed_calls_that_move_the_lead_within_a_proven_side_leave_it_proven() -> None:
    base = pattern(150, 90)
    weights = moved(base, 40, 4)
    hybrid: list[bool | None] = [*moved(weights, 4, 2)]
    missed = [i for i, (w, h) in enumerate(zip(weights, hybrid, strict=True)) if w and h][:2]
    for i in missed:
        hybrid[i] = None  # counted as wrong, they take its lead away
    verdict, _ = decide({PROMPT: base, LORA: weights, BOTH: hybrid})
    assert (verdict.confidence, verdict.kind in ("weights", "hybrid")) == ("proven", True)
    assert not any("Calls failed" in text for text in verdict.warnings)


def test_a_cheap_prompt_wins_when_tuning_is_shown_to_add_less_than_the_margin() -> None:
    same = pattern(2000, 1600)
    verdict, _ = decide({CONTROL: pattern(2000, 200), PROMPT: same, LORA: [*same[:-2], True, True]})
    assert (verdict.kind, verdict.choice) == ("prompt", PROMPT.id)


def test_too_few_items_are_undecided_and_say_how_many_would_tell() -> None:
    verdict, _ = decide({CONTROL: [False] * 6, PROMPT: pattern(6, 2), LORA: pattern(6, 4), BOTH: pattern(6, 4)}, target=0.8)
    assert (verdict.kind, verdict.choice) == ("undecided", None)
    assert verdict.provisional is not None
    assert verdict.needed_test_items is not None
    assert verdict.needed_test_items > 6
    assert verdict.target_met is None
    assert any(f"{verdict.needed_test_items:,} test items" in reason for reason in verdict.reasons)


def test_the_provisional_choice_is_the_best_estimate_of_all_champions() -> None:
    verdict, _ = decide({CONTROL: pattern(60, 6), PROMPT: pattern(60, 20), LORA: pattern(60, 22), BOTH: pattern(60, 27, 2)})
    assert (verdict.kind, verdict.provisional) == ("undecided", BOTH.id)
    assert verdict.needed_test_items is not None


def test_an_open_verdict_says_which_may_be_the_best_and_who_is_out() -> None:
    sides = {CONTROL: pattern(60, 6), PROMPT: pattern(60, 40), LORA: pattern(60, 44), BOTH: pattern(60, 46, 2)}
    verdict, _ = decide(sides)
    assert verdict.confidence == "open"
    assert verdict.may_be_best == (PROMPT.id, LORA.id, BOTH.id)
    assert "The best is few_shot, lora or instruction+lora (95 %); majority is not." in verdict.reasons
    left = {c: right for c, right in sides.items() if c is not CONTROL}
    verdict, _ = decide(left)
    assert verdict.may_be_best == tuple(c.id for c in left)
    assert "Any of the 3 that were tested may be the best." in verdict.reasons
    verdict, _ = decide(left, tolerance=0.5)
    assert verdict.confidence == "bounded"
    assert verdict.may_be_best is None


def test_a_control_as_good_as_the_best_means_neither() -> None:
    same = pattern(1000, 900)
    verdict, _ = decide({CONTROL: same, PROMPT: pattern(1000, 500), LORA: same})
    assert (verdict.kind, verdict.choice) == ("neither", CONTROL.id)
    assert verdict.reasons[0].startswith("You do not need a language model for this: the control majority (it always gives")
    assert "90.0 %" in verdict.reasons[0]
    assert verdict.reasons[0].endswith("neither few_shot nor lora is better by more than the margin of 1.0 points.")


def test_a_classifier_that_matches_the_best_model_wins_and_the_reasons_say_it_plainly() -> None:
    classifier, same = contender("classifier", "control", cost=5), pattern(1500, 1380)
    verdict, comparisons = decide({classifier: same, PROMPT: pattern(1500, 1000), LORA: [*same[:-2], True, True]})
    assert (verdict.kind, verdict.choice) == ("neither", classifier.id)
    assert "do not need a language model" in verdict.reasons[0]
    assert "(it is a logistic regression on sentence embeddings)" in verdict.reasons[0]
    assert any("classifier beats few_shot (prompting" in reason for reason in verdict.reasons)
    assert any("classifier and lora (fine-tuning" in reason and "not told apart" in reason for reason in verdict.reasons)
    assert comparisons.of(LORA, classifier).result.upper <= 0.01


def test_a_classifier_that_costs_more_than_a_prompt_must_be_better_than_it() -> None:
    dear = contender("classifier", "control", cost=500)
    same = pattern(1500, 1200)
    verdict, _ = decide({dear: same, PROMPT: same})
    assert (verdict.kind, verdict.choice) == ("prompt", PROMPT.id)
    verdict, _ = decide({dear: pattern(1500, 1350), PROMPT: same})
    assert (verdict.kind, verdict.choice) == ("neither", dear.id)
    assert verdict.reasons[0].endswith("and few_shot is not better by more than the margin of 1.0 points.")


def test_a_control_that_tuning_beats_is_no_reason_to_do_without() -> None:
    verdict, _ = decide({contender("classifier", "control"): pattern(600, 420), LORA: pattern(600, 540)})
    assert verdict.kind == "weights"
    assert not any("do not need" in reason for reason in verdict.reasons)


def test_an_undecided_study_in_which_a_control_leads_says_that_a_model_may_not_be_needed() -> None:
    verdict, _ = decide({contender("nearest_neighbour", "control"): pattern(40, 30), PROMPT: pattern(40, 30, 3)})
    assert verdict.kind == "undecided"
    assert any("may be that you do not need a language model" in reason for reason in verdict.reasons)
    verdict, _ = decide({contender("nearest_neighbour", "control"): pattern(40, 24), PROMPT: pattern(40, 29, 3)})
    assert (verdict.kind, verdict.provisional) == ("undecided", PROMPT.id)
    assert not any("do not need" in reason for reason in verdict.reasons)


def test_the_dearer_side_bears_the_burden_of_proof() -> None:
    dear_prompt = contender("few_shot", "prompt", cost=500)
    same = pattern(1500, 1200)
    verdict, _ = decide({CONTROL: pattern(1500, 100), dear_prompt: same, LORA: same})
    assert verdict.choice == LORA.id, "at equal quality the cheaper of prompt and weights is taken"


@pytest.mark.parametrize(("right", "met"), [(390, True), (320, None), (200, False)])
def test_a_target_is_met_only_by_the_whole_interval(right: int, met: bool | None) -> None:
    verdict, _ = decide({CONTROL: pattern(400, 20), LORA: pattern(400, right)}, target=0.8)
    assert verdict.choice == LORA.id
    assert verdict.target_met is met


def test_failed_calls_are_left_out_of_both_sides() -> None:
    right: list[bool | None] = list(pattern(400, 380))
    for i in range(0, 400, 80):
        right[i] = None
    _, comparisons = decide({CONTROL: pattern(400, 40), LORA: right})
    assert comparisons.of(LORA, CONTROL).result.n == 395


def test_without_a_tested_model_nothing_is_claimed() -> None:
    for patterns in ({}, {CONTROL: pattern(50, 5)}):
        verdict, comparisons = decide(patterns)
        assert (verdict.kind, verdict.choice, verdict.provisional) == ("undecided", None, None)
        assert "No model was measured" in verdict.reasons[0]
        assert comparisons.pairs == ()


def test_a_cheap_prompt_does_not_win_while_the_hybrid_may_be_better_by_more_than_the_margin() -> None:
    """The cheaper of the two trained ones is as good as the prompt; that says nothing of the other."""
    prompt = pattern(600, 400)
    patterns = {CONTROL: pattern(600, 100), PROMPT: prompt, LORA: prompt, BOTH: moved(prompt, 38, 20)}
    verdict, comparisons = decide(patterns, tolerance=0.01)
    assert comparisons.of(LORA, PROMPT).result.upper <= 0.01
    assert comparisons.of(BOTH, PROMPT).result.upper > 0.01
    assert (verdict.confidence, verdict.choice) == ("bounded", BOTH.id)


def test_a_hybrid_that_beats_every_other_side_wins_though_weights_do_not() -> None:
    prompt = pattern(60, 30)
    verdict, comparisons = decide(
        {CONTROL: [False] * 60, PROMPT: prompt, LORA: moved(prompt, 6, 0), BOTH: moved(prompt, 12, 0)}
    )
    assert not comparisons.of(LORA, PROMPT).wins()
    assert not comparisons.of(BOTH, LORA).wins()
    assert (verdict.confidence, verdict.choice) == ("proven", BOTH.id)


def test_a_choice_with_a_small_regret_is_bounded_and_says_so_in_one_sentence() -> None:
    prompt = pattern(1000, 800)
    verdict, _ = decide(
        {CONTROL: pattern(1000, 300), PROMPT: prompt, LORA: moved(prompt, 40, 40), BOTH: moved(prompt, 30, 32)}
    )
    assert (verdict.confidence, verdict.kind, verdict.choice, verdict.provisional) == ("bounded", "prompt", PROMPT.id, None)
    assert verdict.needed_test_items is None
    assert verdict.regret is not None
    assert 0.01 < verdict.regret.upper <= 0.03
    assert 0 < verdict.regret.expected < verdict.regret.upper
    said = f"nothing else that was tested is more than {100 * verdict.regret.upper:.1f} points better (95 %)"
    assert verdict.reasons[0].startswith(f"Use few_shot (prompting): {said}.")
    proven, _ = decide({CONTROL: pattern(400, 40), PROMPT: pattern(400, 380)})
    assert proven.confidence == "proven"
    assert "nothing else that was tested is better (95 %)" in proven.reasons[0]


def test_where_only_the_dearer_ones_bound_is_small_enough_it_is_the_choice() -> None:
    """The bounds hold at once, whichever is chosen: a claim that is true of one is not given up for a cheaper guess."""
    prompt = pattern(1000, 800)
    sides = {CONTROL: pattern(1000, 300), PROMPT: prompt, LORA: moved(prompt, 75, 66)}
    cheap, _ = decide(sides, tolerance=0.05)
    assert (cheap.confidence, cheap.choice) == ("bounded", PROMPT.id), "within the margin of the best, and cheaper"
    assert cheap.regret is not None
    assert cheap.regret.upper > 0.03
    sure, _ = decide(sides, tolerance=0.03)
    assert (sure.confidence, sure.choice) == ("bounded", LORA.id)
    assert sure.regret is not None
    assert sure.regret.upper <= 0.03
    assert sure.reasons[0].startswith("Use lora (fine-tuning): nothing else that was tested is more than ")
    neither, _ = decide(sides, tolerance=0.01)
    assert (neither.confidence, neither.provisional) == ("open", PROMPT.id)


def test_an_open_verdict_says_what_may_be_lost_and_what_would_settle_it_in_money() -> None:
    patterns = {CONTROL: [False] * 40, PROMPT: pattern(40, 20), LORA: pattern(40, 22, 1)}
    verdict, _ = decide(patterns, label_cost=0.5)
    assert (verdict.confidence, verdict.kind, verdict.choice) == ("open", "undecided", None)
    assert verdict.needed_test_items is not None
    assert any("Something else here may be up to" in reason for reason in verdict.reasons)
    money = numbers.money(0.5 * (verdict.needed_test_items - 40), "USD")
    assert any(f"there are 40, and the others cost {money}" in reason for reason in verdict.reasons)


def test_what_further_items_cost_is_a_range_where_the_price_of_a_label_is() -> None:
    patterns = {CONTROL: [False] * 40, PROMPT: pattern(40, 20), LORA: pattern(40, 22, 1)}
    verdict, _ = decide(patterns, label_cost=(0.5, 1.5))
    assert verdict.needed_test_items is not None
    more = verdict.needed_test_items - 40
    assert any(f"the others cost {numbers.between(0.5 * more, 1.5 * more, 'USD')}" in r for r in verdict.reasons)


def test_who_is_said_not_to_be_the_best_is_not_said_to_be_level_with_who_may_be() -> None:
    prompt = pattern(100, 50)
    for margin, named in ((0.01, "few_shot"), (0.1, "majority")):
        verdict, _ = decide({CONTROL: moved(prompt, 5, 13), PROMPT: prompt, LORA: moved(prompt, 9, 8)}, margin=margin)
        assert verdict.provisional == f"id-{named}"
        assert "The best is few_shot or lora (95 %); majority is not." in verdict.reasons
        [pair] = [r for r in verdict.reasons if "majority" in r and "few_shot" in r and " pair: " in r]
        assert pair.startswith("few_shot")
        assert "is not proven to beat majority" in pair
        assert " as a pair: +8.0 points (" in pair
        assert not any("told apart" in r and "majority" in r for r in verdict.reasons)


def test_for_now_the_cheapest_within_the_margin_is_said_to_be_just_that() -> None:
    prompt = pattern(60, 30)
    patterns = {CONTROL: [False] * 60, PROMPT: prompt, LORA: moved(prompt, 9, 8)}
    for margin, why in ((0.05, "the cheapest within 5.0 points of the best"), (0.0, "the cheapest with the best")):
        assert any(
            f": {why} estimate of those that dev preferred." in r for r in decide(patterns, margin=margin)[0].reasons
        )


def test_a_margin_above_the_tolerance_is_said_where_it_leaves_the_verdict_open() -> None:
    prompt = pattern(60, 30)
    patterns = {CONTROL: [False] * 60, PROMPT: prompt, LORA: moved(prompt, 9, 8)}
    said = "The margin of 5.0 points is above the tolerance of 3.0 points"
    assert any(w.startswith(said) for w in decide(patterns, margin=0.05)[0].warnings)
    for margin, tolerance in ((0.03, 0.03), (0.05, 0.4)):
        assert not any("above the tolerance" in w for w in decide(patterns, margin=margin, tolerance=tolerance)[0].warnings)


def test_more_is_needed_for_a_narrower_tolerance_and_a_lead_of_the_cheap_one_needs_less() -> None:
    prompt = pattern(150, 120)
    behind = {CONTROL: pattern(150, 30), PROMPT: prompt, LORA: moved(prompt, 12, 16)}
    level = {CONTROL: pattern(150, 30), PROMPT: prompt, LORA: moved(prompt, 14, 14)}
    wide, narrow, even = (
        decide(p, tolerance=t)[0].needed_test_items for p, t in ((behind, 0.02), (behind, 0.0), (level, 0.02))
    )
    assert wide is not None
    assert narrow is not None
    assert even is not None
    assert 150 < wide < narrow
    assert wide < even


def test_a_target_is_held_to_the_whole_interval_after_choosing_among_several() -> None:
    """Just met by an interval for one candidate: not by one for the best of four."""
    right = next(r for r in range(320, 400) if wilson(r / 400, 400)[0] >= 0.8)
    alone, _ = decide({LORA: pattern(400, right)}, target=0.8)
    among, _ = decide({CONTROL: pattern(400, 20), PROMPT: pattern(400, 60), LORA: pattern(400, right)}, target=0.8)
    assert alone.target_met is True
    assert (among.choice, among.target_met) == (LORA.id, None)
    assert any("widened for the choice among 3" in reason for reason in among.reasons)


def test_a_verdict_must_also_hold_with_failed_calls_counted_as_wrong() -> None:
    prompt = pattern(400, 300)
    lora: list[bool | None] = list(moved(prompt, 20, 4))
    held, _ = decide({CONTROL: pattern(400, 20), PROMPT: prompt, LORA: lora})
    assert (held.confidence, held.choice) == ("proven", LORA.id)
    for i in [i for i, hit in enumerate(prompt) if hit][10:18]:
        lora[i] = None
    verdict, comparisons = decide({CONTROL: pattern(400, 20), PROMPT: prompt, LORA: lora})
    assert comparisons.of(LORA, PROMPT).wins()
    assert verdict.confidence != "proven"
    assert "with them counted as wrong answers nobody would win: that lora wins does not stand" in verdict.warnings[0]


def test_rows_that_stand_twice_are_no_further_evidence() -> None:
    once = pattern(100, 50)
    twice = {name: [*right, *right] for name, right in ((PROMPT, once), (LORA, moved(once, 8, 2)))}
    runs = {}
    for c, right in twice.items():
        made = run(c.name, right)
        records = tuple(
            replace(r, example=replace(r.example, input=f"input {i % 100}")) for i, r in enumerate(made.records)
        )
        runs[c.id] = replace(made, records=records)
    champions: dict[Family, Contender] = {c.family: c for c in twice}
    metric = registry.create("metrics", "accuracy")
    _, comparisons = recommend(champions, runs, metric, 0.01, None, 0, Wording("accuracy", 1000))
    found = comparisons.of(LORA, PROMPT).result
    assert found.test == "exact paired permutation by group"
    assert found.p == pytest.approx(mcnemar(8, 2))


@given(
    st.integers(1, 40).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([True, False, False, True, None]), min_size=n, max_size=n), min_size=1, max_size=4
        )
    ),
    st.sampled_from([0.0, 0.01, 1.0]),
    st.sampled_from([0.0, 0.03, 1.0]),
    st.sampled_from([None, 0.0, 0.8, 1.0]),
)
@settings(max_examples=15)
def test_any_finished_study_ends_with_a_choice_and_a_bound(
    patterns: list[list[bool | None]], margin: float, tolerance: float, target: float | None
) -> None:
    free = [
        contender(name, family) for name, family in zip("abcd", ("prompt", "weights", "hybrid", "control"), strict=True)
    ]
    verdict, _ = decide(dict(zip(free, patterns, strict=False)), margin, target, tolerance)
    assert (verdict.choice is None) == (verdict.confidence == "open") == (verdict.kind == "undecided")
    assert (verdict.choice or verdict.provisional) is not None
    assert verdict.regret is not None
    assert 0 <= verdict.regret.expected <= 1
    assert 0 <= verdict.regret.upper <= 1
    assert verdict.confidence != "bounded" or verdict.regret.upper <= tolerance


def test_a_margin_of_0_and_no_tolerance_end_with_a_number_all_the_same() -> None:
    for n in (1, 2, 6):
        verdict, _ = decide({CONTROL: [False] * n, PROMPT: [False] * n}, margin=0.0, tolerance=0.0)
        assert verdict.confidence == "open"
        assert verdict.needed_test_items is None or verdict.needed_test_items > n


def test_an_interval_beside_an_adjusted_p_value_says_that_it_is_alone() -> None:
    sides = {CONTROL: pattern(60, 10), PROMPT: pattern(60, 30), LORA: pattern(60, 34, 10)}
    told = [reason for reason in decide(sides)[0].reasons if " taken alone; p " in reason]
    assert len(told) == 2
    assert all("adjusted for 3 comparisons)" in reason for reason in told)
    two = decide({PROMPT: pattern(60, 30), LORA: pattern(60, 34, 10)})[0]
    [alone] = [reason for reason in two.reasons if ", p " in reason]
    assert "alone" not in alone
    assert "adjusted" not in alone


def test_a_best_no_better_than_the_most_frequent_answer_is_not_named_to_be_used() -> None:
    floor = Estimate(60, 0.5, 0.37, 0.63)
    sides = {CONTROL: pattern(60, 30), PROMPT: pattern(60, 30), LORA: pattern(60, 30, 5)}
    verdict, _ = decide(sides, floor=floor)
    assert verdict.falls_short == "no more than always giving the most frequent answer (50.0 %)"
    assert verdict.reasons[0].startswith("None of these does the task: ")
    assert verdict.reasons[0].endswith("A larger model is the next thing to try.")
    assert not any("is the one to use:" in reason or "You do not need" in reason for reason in verdict.reasons)
    assert decide(sides | {PROMPT: pattern(60, 55)}, floor=floor)[0].falls_short is None


def test_an_interval_that_excludes_0_beside_a_test_that_does_not_is_explained() -> None:
    few = pattern(60, 50)
    [said] = [one for one in decide({PROMPT: few, LORA: moved(few, 5, 0)})[0].reasons if "not told apart" in one]
    assert said.endswith(", p 0.062 by the test, which is stricter and decides).")
    [same] = [one for one in decide({PROMPT: few, LORA: moved(few, 2, 1)})[0].reasons if "not told apart" in one]
    assert same.endswith(", p 1.000).")


def test_that_none_does_the_task_is_said_of_all_that_were_tested_not_of_those_that_dev_chose() -> None:
    """Dev chose an instruction that is bad on test; the bare prompt, tested too, is above the most frequent answer."""
    bare, floor = contender("zero_shot", "prompt", rung="baseline"), Estimate(25, 0.24, 0.11, 0.43)
    sides = {CONTROL: pattern(25, 6), PROMPT: pattern(25, 5)}
    assert decide(sides, floor=floor)[0].falls_short is not None
    verdict, _ = decide(sides, floor=floor, others={bare: pattern(25, 11)})
    assert verdict.falls_short is None
    assert not any("None of these" in reason for reason in verdict.reasons)
    [said] = [reason for reason in verdict.reasons if reason.startswith("zero_shot reaches")]
    assert said.startswith("zero_shot reaches 44.0 % (")
    assert said.endswith("on these items, more than majority; it is not named, as dev preferred few_shot.")
    assert verdict.provisional == CONTROL.id
    worse, _ = decide(sides, floor=floor, others={bare: pattern(25, 6)})
    assert worse.falls_short is not None
    assert not any(reason.startswith("zero_shot reaches") for reason in worse.reasons)


def test_what_is_said_of_nothing_else_is_said_of_what_was_tested_and_may_be_chosen() -> None:
    sides, better = {CONTROL: pattern(400, 40), PROMPT: pattern(400, 300)}, {LORA: pattern(400, 399)}
    assert "; nothing else that was tested is better (95 %)" in decide(sides)[0].reasons[0]
    kept_out = decide(sides, removed=better)[0].reasons[0]
    assert "; nothing else that was tested and is within the limits is better (95 %)" in kept_out


def test_a_way_that_costs_less_yet_counts_as_equal_is_said_beside_the_choice() -> None:
    same, prices = pattern(24, 24), {"prompt": Cost(0.0, 0.0009), "weights": Cost(0.0001, 0.0006)}

    def said(requests: float) -> str:
        few, lora = (
            replace(one, cost=prices[one.family], horizon_cost=prices[one.family].over(requests)) for one in (PROMPT, LORA)
        )
        runs = {c.id: run(c.name, right) for c, right in ((CONTROL, pattern(24, 8)), (few, same), (lora, same))}
        champions = {c.family: c for c in (CONTROL, few, lora)}
        wording = Wording("accuracy", requests)
        found = recommend(champions, runs, registry.create("metrics", "accuracy"), 0.01, None, 0, wording, None)
        return next(reason for reason in found[0].reasons if "also costs less" in reason)

    assert said(120_000).endswith("120,000 are planned, over which it saves 0.036 USD: that counts as no difference.")
    assert said(300).endswith("300 are planned.")  # too few for it to cost less


def test_the_interval_of_who_leads_on_the_items_allows_for_that() -> None:
    rng, above, alone = np.random.default_rng(6), 0, 0
    metric = registry.create("metrics", "accuracy")
    for _ in range(300):
        hard = rng.standard_normal(150)
        sides = [list(hard + rng.standard_normal(150) < 1.19) for _ in range(4)]  # each is right with 80 %
        found = on_items(
            [c.id for c in ALL], {c.id: run(c.name, side) for c, side in zip(ALL, sides, strict=True)}, metric, 0
        )
        best = max(ALL, key=lambda c: found.estimate(c, 1).value)
        above += found.estimate(best, 4).low > 0.8
        alone += found.estimate(best, 1).low > 0.8
    assert above <= 0.025 * 300 < alone


def test_a_verdict_that_is_not_proven_says_so_of_its_choice() -> None:
    prompt = pattern(400, 320)
    said = decide({CONTROL: pattern(400, 100), PROMPT: prompt, LORA: moved(prompt, 20, 22)})[0]
    assert said.confidence != "proven"
    assert said.reasons[1].startswith("Chosen among 3 on these very items, few_shot is between ")
    proven = decide({CONTROL: pattern(400, 40), PROMPT: pattern(400, 380)})[0]
    assert not any("Chosen among" in reason for reason in proven.reasons)


def test_over_folds_what_is_said_of_champions_is_adjusted_for_all_pairs_that_they_could_have_been() -> None:
    other, third = contender("instruction", "prompt", cost=9), contender("full", "weights", cost=30)
    rights = {CONTROL: pattern(200, 60), PROMPT: pattern(200, 120), LORA: pattern(200, 145)}
    rivals = {other: pattern(200, 100, 3), third: pattern(200, 140, 5)}
    found = {}
    for folds in (0, 5):
        runs = {c.id: replace(run(c.name, right), folds=folds) for c, right in (rights | rivals).items()}
        champions = {c.family: c for c in rights}
        metric, wording = registry.create("metrics", "accuracy"), Wording("accuracy", 1000, folds=folds)
        found[folds] = recommend(champions, runs, metric, 0.01, 0.9, 0, wording, others=[*rights, *rivals])
    (plain, three), (folded, eight) = found[0], found[5]
    assert (three.adjusted_for, eight.adjusted_for) == (3, 8), "pairs of two families, of five that were tested"
    assert len(three.pairs) == len(eight.pairs) == 3
    assert eight.of(LORA, PROMPT).result == three.of(LORA, PROMPT).result
    assert eight.of(LORA, PROMPT).p_adjusted > three.of(LORA, PROMPT).p_adjusted
    assert any("adjusted for 8 comparisons" in reason for reason in folded.reasons)
    assert folded.reasons[1].startswith("Chosen among 5 on these very items"), "the champions were chosen on them too"
    assert "cross-fitted over 5 folds" in folded.reasons[-1]
    assert not any("cross-fitted" in reason for reason in plain.reasons)
    assert any("rows, cross-fitted over 5 folds" in reason for reason in folded.reasons)


def test_over_folds_a_refit_counts_for_less_than_a_candidate_that_is_always_the_same() -> None:
    rights = {CONTROL: pattern(200, 60), PROMPT: pattern(200, 120), LORA: pattern(200, 150)}
    found = []
    for design in (1.0, 2.25):
        runs = {
            c.id: replace(run(c.name, right), folds=5, design=1.0 if c is CONTROL else design)
            for c, right in rights.items()
        }
        champions, metric = {c.family: c for c in rights}, registry.create("metrics", "accuracy")
        found.append(recommend(champions, runs, metric, 0.01, None, 0, Wording("accuracy", 1000, folds=5)))
    (one, plain), (two, wider) = found
    for a, b in ((LORA, PROMPT), (PROMPT, CONTROL)):
        first, second = plain.of(a, b), wider.of(a, b)
        assert second.result.p > first.result.p
        assert second.result.high - second.result.low > 1.3 * (first.result.high - first.result.low)
    assert one.regret is not None
    assert two.regret is not None
    assert one.regret.upper <= two.regret.upper


def stopped(c: Contender, right: Sequence[bool], after: int, lost_to: Contender | None) -> Run:
    """Its run in a race that it left after so many of these rows."""
    return replace(run(c.name, right[:after]), raced=Raced(len(right), lost_to.id if lost_to else None))


def after_a_race(tolerance: float = 0.03, **raced: Run) -> Verdict:
    """The verdict of those that are left, by name, of a race in which others may have been too."""
    known = {c.name: c for c in ALL}
    runs = {one.candidate: one for one in raced.values()}
    champions = {known[name].family: known[name] for name in raced if name != "gone"}
    metric, wording = registry.create("metrics", "accuracy"), Wording("accuracy", 1000)
    return recommend(champions, runs, metric, 0.01, None, 0, wording, tolerance=tolerance)[0]


def test_who_lost_a_race_to_one_that_a_limit_removed_later_is_in_the_choice_again() -> None:
    bad, good, best = pattern(400, 40), pattern(400, 280), pattern(400, 400)
    gone = stopped(LORA, best, 400, None)  # tested, and removed since
    found = after_a_race(majority=stopped(CONTROL, bad, 64, LORA), few_shot=stopped(PROMPT, good, 300, LORA), gone=gone)
    assert (found.choice or found.provisional) == PROMPT.id
    assert found.regret is not None
    assert found.regret.quantiles[1] > 0, "it is held against the other one"
    alone = after_a_race(majority=stopped(CONTROL, bad, 400, None), few_shot=stopped(PROMPT, good, 300, LORA), gone=gone)
    assert (alone.choice or alone.provisional) == PROMPT.id
    equal = after_a_race(
        0.0, majority=stopped(CONTROL, good, 64, LORA), few_shot=stopped(PROMPT, pattern(400, 280, 1), 64, LORA), gone=gone
    )
    assert equal.confidence == "open", "64 rows cannot bound what the other one may be better by"


def test_who_lost_to_one_that_lost_itself_is_still_out_where_the_winner_is_left() -> None:
    runs = {
        c.id: stopped(c, pattern(200, right), after, to)
        for c, right, after, to in (
            (CONTROL, 20, 40, PROMPT), (PROMPT, 100, 100, LORA), (LORA, 190, 200, None)
        )
    }  # fmt: skip
    found = on_items(list(runs), runs, registry.create("metrics", "accuracy"), 0)
    assert found.beaten(CONTROL.id, {CONTROL.id, LORA.id})
    assert not found.beaten(CONTROL.id, {CONTROL.id, BOTH.id})
    assert not found.beaten(LORA.id, set(runs))


def test_what_would_settle_it_counts_the_rows_that_a_race_did_not_meet_as_there() -> None:
    both = {"few_shot": stopped(PROMPT, pattern(400, 280), 64, None), "lora": stopped(LORA, pattern(400, 290, 1), 64, None)}
    found = after_a_race(0.0, **both)
    assert found.confidence == "open"
    assert any("there are 400, of which 64 were met" in reason for reason in found.reasons)


def test_over_folds_the_interval_of_the_choice_allows_for_all_it_was_chosen_among() -> None:
    others = [contender(f"p{i}", "prompt", cost=9) for i in range(4)]
    rights = {PROMPT: pattern(100, 70), LORA: pattern(100, 72, 1)} | {c: pattern(100, 69, 2) for c in others}
    runs = {c.id: replace(run(c.name, right), folds=5) for c, right in rights.items()}
    champions = {c.family: c for c in (PROMPT, LORA)}
    metric, wording = registry.create("metrics", "accuracy"), Wording("accuracy", 1000, folds=5)
    found = recommend(champions, runs, metric, 0.0, None, 0, wording, others=list(rights))[0]
    assert found.reasons[1].startswith("Chosen among 6 on these very items")


def test_of_nobody_none_is_proven() -> None:
    _, comparisons = decide({PROMPT: pattern(40, 20), LORA: pattern(40, 34)})
    assert proven_of([], comparisons, 0.01) == []
