"""Replies that repeat themselves without an end: read like short ones, in steps that grow with their length and not beyond.

Nothing here is timed: without the mends these replies are read for hours, or for ever.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data import stating
from crossover.data.loops import few_times
from crossover.data.scales import on_another_scale
from crossover.data.text import stated
from crossover.data.thought import without_thought

QUEUES, WORDS = ("billing", "card lost", "delivery"), ("yes", "no")
LONG = 20_000


def steps(words: str) -> int:
    """How many calls a clause of nothing but these words takes."""
    count = 0

    def seen(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event.endswith("call")

    stating._all_of.cache_clear()
    sys.setprofile(seen)
    try:
        stating.states(words, "")
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("said", ["billing, ", "It is billing. ", "Label: billing\n", "billing\n\n\n", "billing! "])
def test_a_label_that_is_said_without_an_end_is_stated_as_if_said_once(said: str) -> None:
    assert stated(said * (LONG // len(said)), QUEUES) == 0
    assert stated("No. " * (LONG // 4), WORDS) == 1


@pytest.mark.parametrize("behind", ["wait, no", "just kidding", "I meant the other one"])
def test_what_takes_a_label_back_is_seen_behind_one_that_repeats_itself(behind: str) -> None:
    for said in ("billing. ", "billing.\n", "Spam. " + " \n" * 30, "billing" + "." * 90 + " "):
        labels = ("billing", "spam")
        assert stated(said * 300 + behind, labels) is None


@pytest.mark.parametrize(
    "unit",
    [
        *(" ", "\n", " \n\t", ".", "...", "!", "?!", "。", "、", '"', "'\"", "`", "*", "_*", "(", "[]", "{", "<", "- "),
        *("1", "1 ", "1,", "1.", "9%", "10% ", "not ", "no, ", "yes no ", "that is ", "is that ", "应该", "이것은", "<b>"),
        *("<think>", "</think>", "```\n", "\\boxed{", "\n- ", "\n**Label:** ", "if ", "but ", "ha", "A ", "A, B, "),
    ],
)  # fmt: skip
def test_what_repeats_itself_beside_a_label_is_read_to_its_end(unit: str) -> None:
    body = unit * (LONG // len(unit))
    for labels in (("spam", "ham"), ("1", "10"), ("A", "B")):
        for reply in (body, f"It is {labels[0]} {body}", f"It is {body} xq {labels[0]}.", f"{labels[0]}. {body}x"):
            assert stated(reply, labels) in (None, 0, 1)


@given(
    st.lists(st.sampled_from(["is", "that", "it", "this", "5", "%", "应该", "应", "该"]), min_size=400, max_size=400),
    st.booleans(),
)
@settings(max_examples=20)
def test_a_clause_takes_steps_like_its_length(words: list[str], known: bool) -> None:
    tail = [] if known else ["xq"]
    short, long = (steps(" ".join([*words[:n], *tail, ""])) for n in (100, 400))
    assert long <= 6 * short + 100


@given(st.text("ab ,.\n1*", max_size=12), st.integers(0, 40))
def test_fewer_times_are_as_odd_and_say_the_same_once(unit: str, times: int) -> None:
    text = few_times(unit * times)
    assert few_times(text) == text or len(few_times(text)) < len(text)
    assert len(text) <= max(len(unit * times), 2)
    assert set(text) - set(" \n") <= set(unit)
    assert set(unit if times else "") - set(" \n") <= set(text)
    assert (text.count("*") - times * unit.count("*")) % 2 == 0


@pytest.mark.parametrize("signs", ["[] (){}", "*_\"'`~ ", "\n\t  ", ".!?,;: ", "-—–| "])
def test_signs_in_any_order_behind_a_label_are_read_to_their_end(signs: str) -> None:
    behind = "".join(signs[place * place * place % 1009 % len(signs)] for place in range(LONG))
    assert stated(f"Spam. {behind}", ("spam", "ham")) in (0, None)


def test_numbers_and_stretched_words_stay() -> None:
    for text in ("1111111", "0.00000001", "sooooooo", "hahahahaha"):
        assert few_times(text) == text


def test_a_mark_that_nothing_ends_is_only_spoken_of_however_often() -> None:
    text = "x " + "<think> " * (LONG // 8)
    assert without_thought(text) == text


def test_a_rating_that_goes_on_about_scales_is_read_once() -> None:
    text = "the answer max 9 foo\n" * 100_000
    assert not on_another_scale(text, ("1", "2", "3", "4", "5"))
    assert on_another_scale(f"{text}max 9: 4", ("1", "2", "3", "4", "5"))
