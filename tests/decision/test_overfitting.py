"""Overfitting: what tuning gained on its training rows beyond what it gained on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossover.decision.overfitting import Sides, overfitted
from crossover.metrics.accuracy import Accuracy
from crossover.types import SplitName
from tests.decision.builders import pattern, run


def sides(train: Sequence[bool], other: Sequence[bool], split: SplitName = "test") -> Sides:
    return Sides(replace(run("x", train), split="train"), replace(run("x", other), split=split))


def test_a_perfect_score_on_training_rows_is_normal() -> None:
    """100.0 on train and 96.2 on test, where the untuned prompt has 60 on both: tuning simply works."""
    tuned = sides([True] * 200, pattern(106, 102))
    untuned = sides(pattern(200, 120), pattern(106, 63))
    assert overfitted("lora", tuned, untuned, Accuracy(), 0.01, 0) is None


def test_a_test_split_that_is_harder_for_all_is_no_overfitting() -> None:
    tuned = sides(pattern(200, 190), pattern(150, 98))
    untuned = sides(pattern(200, 150), pattern(150, 66))
    assert overfitted("lora", tuned, untuned, Accuracy(), 0.01, 0) is None


def test_rows_that_were_learnt_by_heart_are_said_with_both_gains_and_the_interval() -> None:
    tuned = sides([True] * 200, pattern(150, 78))
    untuned = sides(pattern(200, 100), pattern(150, 75))
    said = overfitted("lora", tuned, untuned, Accuracy(), 0.01, 0)
    assert said is not None
    assert said.startswith(
        "lora overfits: tuning took it from 50.0 % to 100.0 % on its training rows, and from 50.0 % to 52.0 % on test;"
        " that is +48.0 (+"
    )
    assert said.endswith("points more where it had seen the answers; what to expect of it is what it reaches on test")


def test_dev_that_fell_while_train_rose_is_said_so() -> None:
    tuned = sides(pattern(200, 180), pattern(100, 40), "dev")
    untuned = sides(pattern(200, 120), pattern(100, 60), "dev")
    said = overfitted("full", tuned, untuned, Accuracy(), 0.01, 0)
    assert said is not None
    assert "from 60.0 % to 90.0 % on its training rows, but it fell from 60.0 % to 40.0 % on dev" in said


def test_a_gap_within_the_margin_is_not_worth_a_word() -> None:
    tuned = sides([True] * 200, pattern(150, 78))
    untuned = sides(pattern(200, 100), pattern(150, 75))
    assert overfitted("lora", tuned, untuned, Accuracy(), 0.5, 0) is None
