"""What is left of a reply without its thoughts, however they are marked, and nothing where one has no end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.infer import prepare
from crossover.data.text import spelled
from crossover.data.thought import without_thought
from tests.data.builders import jsonl, sentence, task

MARKS = [("<think>", "</think>"), ("<Thinking>", "</Thinking>"), ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷"),
         ("<|START_THINKING|>", "<|END_THINKING|>"), ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
         ("<|begin_of_thought|>", "<|end_of_thought|>"), ("<seed:think>", "</seed:think>")]  # fmt: skip
plain = st.text("abc {}:1.\n", max_size=12)  # a mark in quotes is another matter


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<think>spam?</think> ham", "ham"),
        ("spam?</think>ham", "ham"),
        ("<think>spam", ""),
        ("<think>\n\n</think>\n\n42", "42"),
        ("42 <think>or 43?</think>", "42"),
        ("<think>a</think>42<think>b</think>", "42"),
        ("<think>the mark </think> ends me</think>42", "42"),
        ("<think>a</think>\n<think>b", ""),
        ("42\n<think>or 43, as", ""),
        ("<think>a</think>", ""),
        ("Nothing ends the mark <think> here.", "Nothing ends the mark <think> here."),
        ('{"mark": "<think>"}', '{"mark": "<think>"}'),
        ('{"mark": "</think>"}', '{"mark": "</think>"}'),
        ("Write `<think>` and `</think>`.", "Write `<think>` and `</think>`."),
        ('<think>"No" is short.</think>"Yes"', '"Yes"'),
        ("I think so.", "I think so."),
    ],
)
def test_what_is_left_of_a_reply(reply: str, answer: str) -> None:
    assert without_thought(reply).strip() == answer


@given(st.sampled_from(MARKS), plain, plain, st.booleans())
def test_a_thought_is_no_part_of_what_is_left_opened_here_or_by_the_template(marks, thought, answer, opened) -> None:
    begin, end = marks
    assert without_thought(f"{begin if opened else ''}{thought}{end}{answer}") == answer
    assert without_thought(f"{begin}{thought}") == ""
    assert without_thought(answer) == answer


@pytest.mark.parametrize("every", [True, False])
def test_thoughts_in_the_answers_of_a_file_are_left_out_which_is_said(every: bool, tmp_path: Path) -> None:
    thoughts = [f"<think>Hm, {n}.</think>\n\n" if every or n % 2 else "" for n in range(12)]
    rows = [{"text": sentence(n), "label": f"{thought}It is {n} here"} for n, thought in enumerate(thoughts)]
    jsonl(tmp_path, "rows.jsonl", [*rows, {"text": sentence(12), "label": "<think>Hm"}])
    found = prepare(task(tmp_path, "rows.jsonl", kind="generate"))
    assert sorted(example.output for example in found.splits.all) == sorted(f"It is {n} here" for n in range(12))
    assert found.splits.blank == ("rows.jsonl, line 13",)
    said = "the reasoning in the column 'label' (<think>...</think>) is no part of the answer, and is left out"
    assert (f"data: {said}" in found.task.assumptions) is every
    assert any(said in finding.message for finding in found.findings) is not every


@given(plain)
def test_what_is_no_thought_stays(text: str) -> None:
    assert spelled(without_thought(text)) == spelled(text)
