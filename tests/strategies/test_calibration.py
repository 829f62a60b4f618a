"""Calibration takes off what a label gets whatever the input, and dev decides whether it helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.engine.answer import prediction
from crossover.strategies._calibration import calibrated, score_best
from crossover.types import Candidate, Decoding, Estimate, Example, Message, Record, Reply, Request, Run
from tests.strategies.toys import bench, examples

LABELS = ("yes", "no", "perhaps")
BIAS = (0.0, -6.0, -3.0)  # planted: "yes" always wins
ROWS = [(f"{label} number {i}", label) for i in range(4) for label in LABELS]
CANDIDATE = Candidate("slanted", decoding=Decoding(labels=LABELS))


def slanted(text: str, bias: Sequence[float] = BIAS) -> tuple[float, ...]:
    """Scores that know the answer, which the text begins with, under a bias."""
    return tuple(-8.0 + b + (2.0 if text.startswith(label) else 0.0) for label, b in zip(LABELS, bias, strict=True))


@dataclass(frozen=True)
class Slanted:
    """A scripted model: its scores are right but for a bias."""

    target: str = ""
    bias: tuple[float, ...] = BIAS

    identity = "slanted-1"
    local = True
    context_window = 1000

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return [Reply("yes", slanted(request.messages[-1].content, self.bias)) for request in requests]


def a_run(replies: Sequence[Reply]) -> Run:
    records = tuple(Record(Example(str(i), "text", "yes"), reply, reply.text) for i, reply in enumerate(replies))
    return Run("id", "dev", "accuracy", records, Estimate(len(records), 0.0, 0.0, 1.0))


def test_a_planted_bias_is_removed() -> None:
    run = a_run([Reply("yes", slanted(text)) for text, _ in ROWS])
    made = calibrated(CANDIDATE, run)
    assert made is not None
    assert {prediction(r.reply, CANDIDATE.decoding) for r in run.records} == {"yes"}
    answers = [prediction(r.reply, made.decoding) for r in run.records]
    assert answers == [label for _, label in ROWS]
    first = made.decoding.label_bias[0]
    assert [b - first for b in made.decoding.label_bias] == pytest.approx(BIAS)
    assert replace(made, decoding=CANDIDATE.decoding) == CANDIDATE


@given(st.lists(st.floats(-20, 0), min_size=3, max_size=3))
def test_whatever_the_bias_the_same_answers_come_out(bias: list[float]) -> None:
    run = a_run([Reply("yes", slanted(text, bias)) for text, _ in ROWS])
    made = calibrated(CANDIDATE, run)
    assert made is not None
    assert [prediction(r.reply, made.decoding) for r in run.records] == [label for _, label in ROWS]


def test_replies_without_scores_do_not_count() -> None:
    scored = [Reply("yes", slanted(text)) for text, _ in ROWS]
    failed = [Reply(error="no line"), Reply("no")]
    assert calibrated(CANDIDATE, a_run([*failed, *scored])) == calibrated(CANDIDATE, a_run(scored))
    assert calibrated(CANDIDATE, a_run(failed)) is None
    assert calibrated(CANDIDATE, a_run([])) is None


@pytest.mark.parametrize("before", [(), (-9.0, 0.0, 0.0)], ids=["plain", "with the bias of another prompt"])
def test_dev_takes_the_calibrated_one_where_it_helps(before: tuple[float, ...], tmp_path: Path) -> None:
    rows = examples(ROWS)
    start = replace(CANDIDATE, decoding=replace(CANDIDATE.decoding, label_bias=before))
    with bench(tmp_path, rows, rows, labels=dict.fromkeys(LABELS, "")) as at:
        at.evaluator.model_of = lambda spec: Slanted()
        made, run = score_best(start, at)
        assert at.meter.calls == len(rows)  # calibration costs no further call
    assert run.estimate.value == 1.0
    assert run.candidate == made.id
    assert made.decoding.label_bias
    assert [c.decoding.label_bias for c in at.scored] == [(), made.decoding.label_bias]


def test_dev_leaves_it_out_where_it_does_not_help(tmp_path: Path) -> None:
    rows = examples(ROWS)
    with bench(tmp_path, rows, rows, labels=dict.fromkeys(LABELS, "")) as at:
        at.evaluator.model_of = lambda spec: Slanted(bias=(0.0, 0.0, 0.0))
        made, run = score_best(CANDIDATE, at)
    assert (made, run.estimate.value) == (CANDIDATE, 1.0)


def test_free_text_is_not_calibrated(tmp_path: Path) -> None:
    rows = examples([("one", "1"), ("two", "2")])
    free = Candidate("pocket", decoding=Decoding(max_tokens=2))
    with bench(tmp_path, rows, rows, kind="generate", labels={}) as at:
        made, _ = score_best(free, at)
    assert made == free
    assert at.scored == [free]
