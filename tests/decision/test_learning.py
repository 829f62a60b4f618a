"""What is said of labels: the crossover with its interval, what more bring and cost, and no number where there is none."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from crossover.decision.learning import LabelRun, Learning, learnt
from crossover.decision.learning_words import overtaking, told, warnings
from crossover.decision.recommend import Verdict
from crossover.study.labels import labels_body
from crossover.types import Family

SIZES = (40, 80, 160, 320)
NAMES: dict[Family, str] = {"control": "majority", "prompt": "few_shot", "weights": "lora", "hybrid": "lora+few_shot"}
RISING = {40: 0.45, 80: 0.6, 160: 0.74, 320: 0.85}


def verdict(kind: str = "prompt", confidence: str = "proven", short: str | None = None) -> Verdict:
    return Verdict(kind, None, None, None, None, (), (), confidence, None, short)  # type: ignore[arg-type]


def runs(
    family: Family, value: Callable[[int], float], sizes: Sequence[int] = SIZES, seeds: int = 3, items: int = 400
) -> list[LabelRun]:
    draw = random.Random(family)
    return [
        LabelRun(
            family, NAMES[family], n, n * 3 // 4, n - n * 3 // 4, seed, min(1.0, value(n) + draw.gauss(0, 0.01)), items
        )
        for seed in range(seeds)
        for n in sizes
    ]


def flat(share: float) -> Callable[[int], float]:
    return lambda n: share


def known(found: Sequence[LabelRun], have: int = 320, target: float | None = None, cut: str = "") -> Learning:
    return learnt(found, have, {run.family: run.name for run in found}, target, 0, cut)


@pytest.fixture(scope="module")
def crossed() -> Learning:
    found = [*runs("control", flat(0.2)), *runs("prompt", flat(0.7)), *runs("weights", RISING.__getitem__)]
    return known(found, target=0.9)


def test_the_crossover_and_what_as_many_labels_again_bring_and_cost(crossed: Learning) -> None:
    found = crossed.crossings["weights"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < 140 < found.high
    said = told(crossed, verdict("weights"), "weights", 0.9, 0.5, "USD")
    assert said[0].startswith("From about 1")
    assert said[0].endswith("on, lora is ahead of few_shot; you have 320.")
    assert "320 more labels (as many again) cost 160.00 USD and bring lora +" in said[1]
    ranged = told(crossed, verdict("weights"), "weights", 0.9, (0.25, 0.5), "USD")
    assert "320 more labels (as many again) cost 80.00–160.00 USD and bring lora +" in ranged[1]
    assert said[2].startswith("lora reaches the target of 90.0 % with about ")
    assert 0.03 < crossed.gains["weights"].value < 0.11
    assert crossed.leads["weights"].lead.low > 0.05
    assert not crossed.control_leads


def test_prompt_now_and_the_weights_later_is_said_in_these_words() -> None:
    found = [*runs("prompt", flat(0.77), (20, 40, 80, 160)), *runs("weights", RISING.__getitem__, SIZES[:3])]
    few = known(found, have=160)
    said = overtaking(few, verdict("prompt"))
    assert said.startswith("few_shot now; at about ")
    assert " labels (" in said
    assert said.endswith("lora overtakes; you have 160.")
    assert overtaking(few, verdict("undecided")).startswith("At about ")


def test_an_open_verdict_is_told_that_labels_settle_it(crossed: Learning) -> None:
    said = told(crossed, verdict("undecided", "open"), "prompt", 0.9, 0.0, "USD")
    assert any(
        s.startswith("More labels would settle it too: with 640 (320 more), lora is ahead of few_shot by +") for s in said
    )
    assert "cost" not in " ".join(said), "a label without a price costs nothing that can be said"
    short = told(crossed, verdict("undecided", "open", "far below the target of 90.0 %"), "prompt", 0.9, 0.0, "USD")
    assert any(s.startswith("More labels are a way to the target, too: lora reaches") for s in short)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (runs("prompt", flat(0.6)), "Tuned weights were not measured"),
        (runs("weights", RISING.__getitem__), "No prompt was measured, so there is none that lora could overtake"),
        (
            [*runs("prompt", flat(0.6)), *runs("weights", RISING.__getitem__, seeds=1)],
            "overtakes few_shot: one seed at most sizes",
        ),
        (
            [*runs("prompt", flat(0.6), SIZES[:2]), *runs("weights", RISING.__getitem__, SIZES[:2])],
            "overtakes few_shot: a curve needs at least 3 numbers of labels",
        ),
        (
            [*runs("prompt", flat(0.5)), *runs("weights", {40: 0.8, 80: 0.7, 160: 0.55, 320: 0.4}.__getitem__)],
            "No number of labels can be named from which lora overtakes few_shot: ",
        ),
        ([*runs("prompt", flat(0.2)), *runs("weights", flat(0.8))], "lora is ahead of few_shot from the fewest labels"),
        ([*runs("prompt", flat(0.9)), *runs("weights", flat(0.3))], "overtakes few_shot: not within 1,280 labels, 4 times"),
    ],
    ids=["only prompts", "no prompt", "one seed", "two sizes", "falling", "always ahead", "never"],
)
def test_no_number_is_invented(found: list[LabelRun], words: str) -> None:
    learning = known(found)
    assert words in overtaking(learning, verdict())
    assert all(crossing.value is None for crossing in learning.crossings.values())


@pytest.mark.parametrize("prompt", [flat(0.3), {40: 0.9, 80: 0.8, 160: 0.65, 320: 0.5}.__getitem__], ids=["flat", "falls"])
def test_a_curve_that_falls_is_not_forecast_to_rise_again(prompt: Callable[[int], float]) -> None:
    found = [*runs("prompt", prompt), *runs("weights", {40: 0.8, 80: 0.7, 160: 0.55, 320: 0.4}.__getitem__)]
    learning = known(found)
    assert "weights" not in learning.gains
    assert "weights" not in learning.leads
    said = told(learning, verdict("undecided", "open"), "prompt", None, 0.5, "USD")
    assert "What more labels would bring lora cannot be told: so far it got worse with more of them." in said
    assert not any("lora +" in sentence or "settle it" in sentence for sentence in said)
    body = labels_body(learning, verdict(), "prompt", None, 0.5, "USD")
    assert max(point["labels"] for point in body["fits"] if point["series"] == "weights") == 320


def test_what_more_labels_cost_at_a_range_stands_beside_the_sentence(crossed: Learning) -> None:
    body = labels_body(crossed, verdict("weights"), "weights", 0.9, (0.25, 0.5), "USD")
    assert {(row["cost"], tuple(row["cost_interval"])) for row in body["double"]} == {(120.0, (80.0, 160.0))}
    [row, *_] = labels_body(crossed, verdict("weights"), "weights", 0.9, 0.5, "USD")["double"]
    assert (row["cost"], row["cost_interval"]) == (160.0, None)


def test_over_a_prompt_that_falls_nothing_is_forecast() -> None:
    falling = {40: 0.9, 80: 0.85, 160: 0.8, 320: 0.75}
    learning = known([*runs("prompt", falling.__getitem__), *runs("weights", RISING.__getitem__)])
    assert not learning.leads
    assert max(found.high or 0 for found in learning.crossings.values()) <= 320
    slow = {40: 0.3, 80: 0.35, 160: 0.4, 320: 0.45}
    behind = known([*runs("prompt", falling.__getitem__), *runs("weights", slow.__getitem__)], target=0.95)
    said = told(behind, verdict("prompt", "open"), "prompt", 0.95, 0.0, "USD")
    beyond = "not within 320 labels, the most measured, as a curve that falls is not forecast."
    assert said[0] == f"No number of labels can be named from which lora overtakes few_shot: {beyond}"
    assert f"No number of labels can be named with which few_shot reaches the target of 95.0 %: {beyond}" in said


def test_a_control_that_leads_is_said() -> None:
    learning = known([*runs("control", flat(0.95)), *runs("prompt", flat(0.6)), *runs("weights", RISING.__getitem__)])
    assert learning.control_leads
    assert "With your 320 labels the control majority leads them all." in told(learning, verdict(), None, None, 0.0, "USD")


def test_a_run_that_failed_is_told_and_is_no_point() -> None:
    found = runs("weights", RISING.__getitem__)
    lost = [LabelRun("weights", "lora", 20, 15, 5, seed, None, 0, note="the loss is not a number") for seed in range(5)]
    learning = known([*runs("prompt", flat(0.7)), *found, *lost])
    assert learning.curves["weights"].sizes == SIZES
    lost = [LabelRun("weights", "lora", 20 + n, 15, 5 + n, 0, None, 0, note="the loss is not a number") for n in range(5)]
    said = warnings(known([*runs("prompt", flat(0.7)), *found, *lost]))
    assert len(said) == 4
    assert said[-1] == "2 more runs of the learning curve failed, and are no points of it."
    said = warnings(learning)
    assert said[0] == "With 20 labels lora failed, and is no point of its curve: the loss is not a number"
    assert len(said) == 1, "the same is said once"
    only = known([*runs("prompt", flat(0.7)), *lost])
    assert overtaking(only, verdict()).startswith("Tuned weights failed at every number of labels")


def test_a_curve_that_was_cut_off_says_so() -> None:
    learning = known(runs("prompt", flat(0.7), SIZES[:1]), cut="the limit of 10 minutes is reached")
    assert warnings(learning) == [
        "the limit of 10 minutes is reached: the learning curve is not finished, and rests on what was measured until then."
    ]
    assert not learning.gains, "one number of labels says nothing of others"


def test_runs_whose_groups_gave_other_numbers_stand_at_their_mean() -> None:
    found = [LabelRun("prompt", "few_shot", 40, 27 + seed, 10, seed, 0.6, 100) for seed in range(3)]
    assert known([*found, *runs("prompt", flat(0.6), (80,))]).curves["prompt"].sizes == (38, 80)


def test_all_that_a_curve_says_lies_within_its_reach() -> None:
    learning = known(runs("weights", RISING.__getitem__), have=2000)
    assert not learning.gains
    assert learning.leader == "weights"


def test_of_one_seed_no_number_is_named_by_another_way() -> None:
    """Neither the labels that reach the target nor those that would settle it, where no crossing is named for its luck."""
    found = [*runs("prompt", flat(0.7), seeds=1), *runs("weights", RISING.__getitem__, seeds=1)]
    learning = known(found, target=0.9)
    assert learning.reached["weights"].value is None
    assert not learning.leads
    said = " ".join(told(learning, verdict("prompt", "open"), "weights", 0.9, 0.5, "EUR"))
    assert "with which lora reaches the target of 90.0 %: one seed at most sizes, whose luck cannot be told" in said
    assert "More labels" not in said


def test_a_target_that_was_always_reached_is_said_to_be(crossed: Learning) -> None:
    reached = known(list(crossed.runs), target=0.1)
    said = told(reached, verdict("weights"), "weights", 0.1, 0.5, "USD")
    assert "lora reaches the target of 10.0 % from the fewest labels measured on, 40; you have 320." in said
