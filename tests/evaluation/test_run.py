"""A candidate on a split: what a reply without an answer scores."""

from __future__ import annotations

from pathlib import Path

import pytest

import crossover

ROWS = [{"text": f"case {n} of a lot", "answer": f"It is number {n * 37}"} for n in range(20)]


def answered(folder: Path, model: str, metric: str, kind: str = "generate") -> list[crossover.api.study.Prediction]:
    (folder / "own.py").write_text("def short(gold, answer):\n    return 1 - min(len(answer), 100) / 100\n")
    rows = ROWS if kind == "generate" else [row | {"answer": {"n": n % 3}} for n, row in enumerate(ROWS)]
    study = crossover.run_study(data=rows, input="text", output="answer", kind=kind, instruction="Which?", model=model,
                                strategies=["zero_shot"], metric=metric, out=folder / "out", folder=folder)  # fmt: skip
    return study.predictions("zero_shot")


@pytest.mark.parametrize("metric", ["exact_match", "own.py:short"])
def test_a_thought_without_an_end_is_not_valid_and_scores_nothing(tmp_path: Path, metric: str) -> None:
    found = answered(tmp_path, "fake:answer=<think>It is number 37", metric)
    assert found
    assert {(one.prediction, one.score, one.valid) for one in found} == {("", 0.0, False)}


def test_an_answer_is_scored_without_its_thought(tmp_path: Path) -> None:
    found = answered(tmp_path, 'fake:answer={"n": 1}? No.</think>\n{"n": 2}', "field_f1", "extract")
    assert {one.prediction for one in found} == {'{"n": 2}'}
    assert {one.score for one in found if one.gold == '{"n": 2}'} == {1.0}


def test_a_thought_without_an_end_states_no_label(tmp_path: Path) -> None:
    rows = [row | {"answer": ("spam", "ham")[n % 2]} for n, row in enumerate(ROWS)]
    study = crossover.run_study(data=rows, input="text", output="answer", kind="classify", instruction="Which?",
                                model="fake:answer=<think>It is spam", strategies=["zero_shot"], out=tmp_path / "out",
                                folder=tmp_path)  # fmt: skip
    assert {(one.prediction, one.score, one.valid) for one in study.predictions("zero_shot")} == {("", 0.0, False)}
