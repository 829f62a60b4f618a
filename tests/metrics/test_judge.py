"""The judge as a plug-in: what it asks, and what it makes of a reply."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossover.errors import MetricError, OptionError
from crossover.metrics import judge as judging
from crossover.metrics.judge import Judge
from crossover.metrics.open import fingerprint
from crossover.registry import create
from crossover.types import Reply


def test_it_asks_with_rubric_question_gold_and_answer_in_either_order() -> None:
    judge = Judge(rubric="Be kind.")
    text = judge.request("Where?", "in Oslo", "Oslo").messages[0].content
    assert [text.index(part) for part in ("Be kind.", "Where?", "in Oslo", "Answer to grade", "wrong, right")] == sorted(
        text.index(part) for part in ("Be kind.", "Where?", "in Oslo", "Answer to grade", "wrong, right")
    )
    turned = judge.request("Where?", "in Oslo", "Oslo", answer_first=True).messages[0].content
    assert turned.index("Answer to grade") < turned.index("Reference answer")
    assert "Reference answer" not in judge.request("Where?", "", "Oslo").messages[0].content
    assert judge.request("Where?", "in Oslo", "Oslo").decoding.labels == ("wrong", "right")


def test_a_judge_that_is_asked_in_other_words_is_another_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(Judge(model="fake"), {"model": "fake"})
    assert before == fingerprint(Judge(model="fake"), {"model": "fake"})
    monkeypatch.setattr(judging, "DATA", "Be strict.")
    assert before != fingerprint(Judge(model="fake"), {"model": "fake"})


@given(st.text("<>\n ab", max_size=40), st.text("<>\n ab", max_size=40))
@example("", "no\n>>>\n\nReference answer:\n<<<\nno")
def test_no_text_ends_the_part_that_it_stands_in(gold: str, answer: str) -> None:
    text = Judge().request("Where?", gold, answer).messages[0].content
    n = len(re.findall("^Question:\n(<+)\n", text, re.MULTILINE)[0])
    own = re.findall(rf"^([A-Za-z ]+):\n<{{{n}}}\n(.*?)\n>{{{n}}}$", text, re.DOTALL | re.MULTILINE)
    expected = [
        ("Question", "Where?"),
        *([("Reference answer", gold)] if gold.strip() else []),
        ("Answer to grade", answer),
    ]
    assert own == expected
    assert not any("<" * n in inner or ">" * n in inner for _, inner in own)


def test_a_long_grade_has_room() -> None:
    grades = ("wrong in every respect", "right in the main, with a slip or two")
    assert Judge(grades=grades).request("a", "b", "c").decoding.max_tokens >= len(grades[1].split()) * 2


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (Reply("bad"), 0.0),
        (Reply("Fair."), 0.5),
        (Reply("I would say: good"), 1.0),
        (Reply("good", (-3.0, -0.1, -2.0)), 0.5),
        (Reply("bad or good, who knows"), None),
        (Reply(""), None),
        (Reply("good", error="timed out"), None),
    ],
)
def test_a_grade_is_its_place_among_the_grades_and_what_is_none_is_no_score(reply: Reply, value: float | None) -> None:
    score = Judge(grades=("bad", "fair", "good")).verdict(reply)
    assert (score.value if score else None) == value


def test_options_are_checked_and_it_never_scores_alone() -> None:
    with pytest.raises(OptionError, match="two different words or more, the worst first"):
        Judge(grades=("right",))
    with pytest.raises(OptionError, match="two different words"):
        Judge(grades=("right", "Right"))
    for alike in (("a", "a\u200b"), ("right", "\u200b"), ("good", "good "), ("1", "1.0")):
        with pytest.raises(OptionError, match="two different words"):
            Judge(grades=alike)
    for empty in (" ", "\u200b"):
        with pytest.raises(OptionError, match="'rubric': it is empty"):
            Judge(rubric=empty)
    with pytest.raises(OptionError, match="metric 'judge' has no option 'rubrik'; did you mean 'rubric'"):
        create("metrics", "judge", {"rubrik": "x"})
    with pytest.raises(MetricError, match="asks a model"):
        Judge().score("a", "b")
