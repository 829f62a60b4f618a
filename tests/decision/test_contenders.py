"""Rungs, champions and finalists: the cheapest within the margin on dev, by family and by rung."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossover.decision.contenders import champions, cheapest, family_of, finalists, rung, standing
from crossover.types import Candidate, Decoding, Demonstration, Prompt, Provenance, Step, Weights
from tests.decision.builders import contender


def test_the_cheapest_within_the_margin_is_a_familys_champion() -> None:
    bare, shots = contender("zero_shot", "prompt", 0.60, rung="baseline"), contender("few_shot", "prompt", 0.605, cost=50)
    assert champions([bare, shots], margin=0.01)["prompt"] is bare
    assert champions([bare, shots], margin=0.001)["prompt"] is shots


def test_of_several_controls_one_is_champion_and_meets_the_test_split() -> None:
    controls = [contender(name, "control", dev) for name, dev in (("majority", 0.1), ("nearest", 0.8), ("classifier", 0.9))]
    ladder = [*controls, contender("zero_shot", "prompt", 0.3, rung="baseline")]
    assert champions(ladder, 0.01)["control"] is controls[2]
    assert [c.name for c in finalists(ladder, 0.01)] == ["classifier", "zero_shot"]
    assert champions(ladder, 0.15)["control"] is controls[1], "as cheap, within the margin, and simpler"


def test_what_the_limits_removed_is_no_champion() -> None:
    slow = contender("lora", "weights", 0.9, removed="too slow")
    fast = contender("full", "weights", 0.8)
    assert champions([slow, fast], 0.01)["weights"] is fast


def test_finalists_are_the_choice_of_every_rung_and_family() -> None:
    ladder = [
        contender("majority", "control", 0.1),
        contender("zero_shot", "prompt", 0.3, rung="baseline"),
        contender("instruction", "prompt", 0.4, rung="engineered prompt"),
        contender("few_shot", "prompt", 0.5),
        contender("lora", "weights", 0.8),
        contender("full", "weights", 0.7),
        contender("instruction+lora", "hybrid", 0.7),
        contender("lora+few_shot", "hybrid", 0.85),
    ]
    names = [c.name for c in finalists(ladder, 0.01)]
    assert names == ["majority", "zero_shot", "instruction", "few_shot", "lora", "lora+few_shot"]


def test_a_champion_that_was_not_tested_is_stood_in_for_by_what_was() -> None:
    ladder = [
        contender("zero_shot", "prompt", 0.895, rung="baseline"),
        contender("few_shot", "prompt", 0.9, cost=50),
        contender("lora", "weights", 0.8),
        contender("full", "weights", 0.7),
    ]
    assert {f: c.name for f, c in standing(ladder, 0.01, {"id-zero_shot", "id-full"}).items()} == {
        "prompt": "zero_shot",
        "weights": "full",
    }
    everyone = {c.id for c in ladder}
    assert standing(ladder, 0.001, everyone) == champions(ladder, 0.001)
    ladder[2] = replace(ladder[2], removed="6 of 100 calls on test failed")
    assert standing(ladder, 0.01, everyone)["weights"].name == "full"


def test_costs_that_are_nearly_equal_leave_it_to_the_simpler() -> None:
    simple, complex_ = contender("lora", "weights", cost=100.9), contender("instruction+lora", "hybrid", cost=100)
    assert cheapest([complex_, simple]) is simple
    assert cheapest([complex_, contender("lora", "weights", cost=110)]) is complex_


@pytest.mark.parametrize(
    ("candidate", "family", "expected"),
    [
        (Candidate("constant:a"), "control", "control"),
        (Candidate("m"), "prompt", "baseline"),
        (Candidate("m", Prompt("Do it.")), "prompt", "engineered prompt"),
        (Candidate("m", Prompt(demonstrations=(Demonstration("a", "b"),))), "prompt", "few-shot"),
        (Candidate("m", weights=Weights("adapter", "x")), "weights", "tuned"),
        (Candidate("m", Prompt("Do it."), weights=Weights("adapter", "x")), "hybrid", "hybrid"),
    ],
)
def test_the_rung_is_read_off_the_candidate(candidate: Candidate, family: str, expected: str) -> None:
    assert rung(candidate, family) == expected  # type: ignore[arg-type]


STEP = Step("product", Prompt("Name it."), Decoding())
TUNED = Weights("adapter", "x")


@pytest.mark.parametrize(
    ("candidate", "family"),
    [
        (Candidate("m"), "prompt"),
        (Candidate("m", Prompt("Do it.", demonstrations=(Demonstration("a", "b"),))), "prompt"),
        (Candidate("m", weights=TUNED), "weights"),
        (Candidate("m", Prompt(template="Text: {input}\nLabel:"), weights=TUNED), "weights"),  # distill's short prompt
        (Candidate("m", Prompt("Do it."), weights=TUNED), "hybrid"),
        (Candidate("m", Prompt(demonstrations=(Demonstration("a", "b"),)), weights=TUNED), "hybrid"),
        (Candidate("m", Prompt(steps=(STEP,)), weights=TUNED), "hybrid"),
    ],
)
def test_the_family_is_what_the_candidate_is(candidate: Candidate, family: str) -> None:
    assert family_of(candidate, control=False) == family
    assert family_of(candidate, control=True) == "control"
    named = replace(candidate, provenance=Provenance("few_shot+lora+majority"))
    assert family_of(named, control=False) == family


def test_a_chain_without_an_instruction_is_no_baseline() -> None:
    assert rung(Candidate("m", Prompt(steps=(STEP,))), "prompt") == "engineered prompt"


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{input}", False),
        ("Text: {input}\nLabel:", False),
        ("TEXT = {input} | ANSWER =", False),
        ("Text: {input}\nWhich queue should read it?", True),
        ("Decide which queue should read it: {input}", True),
        ("{input}\nQueue:", True),
    ],
)
def test_words_around_the_input_are_a_prompt_as_an_instruction_is(template: str, says: bool) -> None:
    prompt = Candidate("pocket", Prompt(template=template))
    tuned = replace(prompt, weights=Weights("adapter", "sha"))
    assert rung(prompt, family_of(prompt, False)) == ("engineered prompt" if says else "baseline")
    assert family_of(tuned, False) == ("hybrid" if says else "weights")
