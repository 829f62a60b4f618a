"""chain_of_thought: steps before the answer, worked demonstrations by the model itself, votes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.errors import OptionError
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy
from crossover.types import Candidate, Decoding, Example, Prompt
from tests.strategies.toys import KINDS, bench, clearly_better, kinds, start

SUMS: dict[str, Any] = {"kind": "generate", "labels": {}, "metric": "exact_match", "instruction": "Solve the problem."}
TOLD = (
    ("{n} has {a} boxes with {b} {t} each. She gives away {c}. How many {t} are left?", "minus"),
    ("{n} has {a} bags with {b} {t} each and finds {c} more. How many {t} does she have?", "plus"),
)


def sums(count: int) -> list[Example]:
    """Word problems of two steps, of a kind that the bundled model has met in training, but with a larger last number.

    Steps still carry it there, an answer at once does not.
    """
    draw, found = random.Random(3), []
    for i in range(count):
        told, sign = TOLD[i % 2]
        a, b, c = draw.randint(5, 9), draw.randint(5, 9), draw.randint(21, 29)
        words = {"n": draw.choice(("Mia", "Ruth", "Nora")), "t": draw.choice(("pens", "eggs", "stamps"))}
        answer = a * b - c if sign == "minus" else a * b + c
        found.append(Example(f"s{i}", told.format(a=a, b=b, c=c, **words), str(answer)))
    return found


def bare() -> Candidate:
    return Candidate("pocket", decoding=Decoding(max_tokens=16))


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("chain_of_thought", {"shots": [0, 2], "max_tokens": 24, "samples": 2}))
    assert made.decoding.pattern
    assert made.provenance.note.startswith("steps before the answer, ")


def test_it_reasons_also_where_labels_were_spoken_as_words(tmp_path: Path) -> None:
    train, dev = kinds()
    begin = start(KINDS, verbalizer=(" pear", " saw", " goose"))
    with bench(tmp_path, train, dev[:4], labels=dict.fromkeys(KINDS, "")) as at:
        made = open_strategy("chain_of_thought", {"shots": [0], "max_tokens": 8}).adapt(begin, at)
        run = at.score(made)
    assert made.decoding.verbalizer == ()
    assert all(record.reply.label_scores == () for record in run.records), "its replies are free text"


def test_an_instruction_that_was_found_before_stays(tmp_path: Path) -> None:
    train, dev = kinds()
    begin = start(KINDS)
    begin = replace(begin, prompt=Prompt("Sort it. the zebra rule", "Thing: {input}\nKind:"))
    with bench(tmp_path, train, dev[:4], labels=dict.fromkeys(KINDS, "")) as at:
        made = open_strategy("chain_of_thought", {"shots": [0], "max_tokens": 8}).adapt(begin, at)
    assert made.prompt.instruction.startswith("Sort it. the zebra rule\nThink step by step")
    assert made.prompt.template.startswith("Thing: {input}\nKind:")


def test_steps_beat_a_direct_answer_where_the_task_has_steps(tmp_path: Path) -> None:
    rows = sums(48)
    with bench(tmp_path, rows[:16], rows[16:], **SUMS) as at:
        direct = at.score(open_strategy("instruction").adapt(bare(), at))
        reasoned = at.score(open_strategy("chain_of_thought", {"max_tokens": 60}).adapt(bare(), at))
    assert len(reasoned.records) == 32
    assert clearly_better(reasoned, direct)
    assert all(
        record.prediction.lstrip("-").isdigit() for record in reasoned.records if record.score and record.score.value
    )


def test_worked_demonstrations_are_the_models_own_right_solutions(tmp_path: Path) -> None:
    rows = sums(60)
    with bench(tmp_path, rows[:50], rows[50:], **SUMS) as at:
        made = open_strategy("chain_of_thought", {"shots": [3], "max_tokens": 60}).adapt(bare(), at)
        again = open_strategy("chain_of_thought", {"shots": [3], "max_tokens": 60}).adapt(bare(), at)
    gold = {example.input: example.output for example in rows[:50]}
    shown = made.prompt.demonstrations
    assert 1 <= len(shown) <= 3
    for demonstration in shown:
        assert demonstration.output.rstrip(".").endswith(f"The answer is {gold[demonstration.input]}")
        assert "=" in demonstration.output  # with its steps
    assert made == again


def test_votes_are_kept_only_where_dev_is_surely_better_and_every_draw_is_paid_for(tmp_path: Path) -> None:
    rows = sums(30)
    with bench(tmp_path, rows[:4], rows[4:], **SUMS) as at:
        options = {"shots": [0], "max_tokens": 60, "samples": 3, "temperature": 0.6}
        made = open_strategy("chain_of_thought", options).adapt(bare(), at)
        voting = next(c for c in at.scored if c.decoding.samples == 3)
        greedy = [c for c in at.scored if c.decoding.samples == 1]
        calls = at.meter.calls
        votes, best = at.score(voting), max((at.score(c) for c in greedy), key=lambda run: run.estimate.value)
        assert at.meter.calls == calls
    if made.decoding.samples == 3:
        assert votes.estimate.value > best.estimate.value
    assert votes.usage.tokens_in == 3 * best.usage.tokens_in
    assert len(votes.records) == 26


def test_a_label_is_reasoned_about_too(tmp_path: Path) -> None:
    train, dev = kinds()
    with bench(tmp_path, train[:12], dev[:6], labels=dict.fromkeys(("fruit", "tool", "animal"), "")) as at:
        made = open_strategy("chain_of_thought", {"max_tokens": 24}).adapt(start(("fruit", "tool", "animal")), at)
        run = at.score(made)
    assert made.decoding.labels == ("fruit", "tool", "animal")
    assert not any(record.reply.label_scores for record in run.records)
    assert run.failures == 0


def test_the_tasks_own_pattern_is_used(tmp_path: Path) -> None:
    rows = sums(12)
    with bench(tmp_path, rows[:4], rows[4:], answer_pattern=r"= (\d+)", **SUMS) as at:
        made = open_strategy("chain_of_thought", {"shots": [0], "max_tokens": 60}).adapt(bare(), at)
        run = at.score(made)
    assert made.decoding.pattern == r"= (\d+)"
    for record in run.records:
        if "= " in record.reply.text:
            assert f"= {record.prediction}" in record.reply.text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"shots": []}, r"'shots': received \[\], valid is 0 or more"),
        ({"shots": [-1]}, r"'shots': received \[-1\], valid is 0 or more"),
        ({"samples": 0}, "'samples': received 0, valid is 1 or more"),
        ({"temperature": 0.0}, "'temperature': received 0.0, valid is above 0"),
        ({"max_tokens": 0}, "'max_tokens': received 0, valid is 1 or more"),
    ],
)
def test_options_out_of_range_are_one_sentence(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        open_strategy("chain_of_thought", options)


def test_steps_that_do_not_fit_the_window_are_told(tmp_path: Path) -> None:
    rows = sums(6)
    with bench(tmp_path, rows[:3], rows[3:], **SUMS) as at, pytest.raises(OptionError, match="lower max_tokens"):
        open_strategy("chain_of_thought", {"max_tokens": 2000}).adapt(bare(), at)
