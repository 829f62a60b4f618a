"""A macro F1 of labels that hardly any test item has is called rough where it stands."""

from __future__ import annotations

import pytest

from crossover import registry
from crossover.decision.recommend import recommend
from crossover.decision.thin import thin
from crossover.decision.wording import Wording
from crossover.evaluation.aggregate import estimate
from crossover.types import Counts, Example, Record, Reply, Run, Score
from tests.decision.builders import contender

METRIC = registry.create("metrics", "macro_f1")


def scores(items: list[int]) -> list[Score]:
    """All right: as many items of each label."""
    return [METRIC.score(f"label {i}", f"label {i}") for i, count in enumerate(items) for _ in range(count)]


def test_half_of_the_labels_decide_and_answers_count_as_labels() -> None:
    assert thin(scores([20, 4, 4]), "macro_f1") is None
    assert thin(scores([20, 3, 3]), "macro_f1") == "2 of its 3 labels have fewer than 4 items"
    assert thin(scores([20, 3, 3]), "mean") is None
    answered = Score(0.0, {"label 0": Counts(fn=1), "nowhere": Counts(fp=1)})
    assert thin([*scores([20]), answered, None], "macro_f1") is None, "the middle of 21 and 0 is over 4"
    assert thin([], "macro_f1") is None


@pytest.mark.parametrize(("items", "rough"), [([30, 20, 10], False), ([30, 20, 3, 2, 1, 1], True)])
def test_the_verdict_says_so_beside_the_figure_and_warns(items: list[int], rough: bool) -> None:
    prompt = contender("few_shot", "prompt")
    records = [Record(Example(str(i), "x", "y"), Reply(), "y", score) for i, score in enumerate(scores(items))]
    run = Run(prompt.id, "test", "macro_f1", tuple(records), estimate([r.score for r in records], "macro_f1", False))
    verdict, _ = recommend({"prompt": prompt}, {prompt.id: run}, METRIC, 0.01, None, 0, Wording("macro_f1", 1000))
    assert ("test items, too few for its labels" in verdict.reasons[0]) == rough
    assert any("4 of its 6 labels have fewer than 4 items" in text for text in verdict.warnings) == rough
