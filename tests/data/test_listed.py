"""Lists that stand in a text keep their items apart, whoever wrote them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.infer import prepare
from crossover.data.listed import list_in
from tests.data.builders import jsonl, sentence, task, write

TEXTS = st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=12), min_size=1, max_size=5)


@given(TEXTS)
def test_texts_are_read_as_json_python_and_numpy_write_them(texts: list[str]) -> None:
    assert list_in(json.dumps(texts)) == texts
    assert list_in(str(texts)) == texts
    assert list_in(str(numpy.array(texts, dtype=object))) == texts


@given(st.lists(st.integers(-999, 999), min_size=2, max_size=9))
def test_numbers_are_read_as_numpy_writes_them(numbers: list[int]) -> None:
    assert list_in(str(numpy.array(numbers))) == numbers


@given(TEXTS, TEXTS)
def test_turns_are_read_as_numpy_writes_them(said: list[str], answered: list[str]) -> None:
    turns = [{"role": "user", "content": one} for one in said] + [{"parts": answered}]
    assert list_in(str(numpy.array(turns, dtype=object))) == turns


@pytest.mark.parametrize("text", ["['a'", "a, b", "['a' + 'b']", "['a' b]", "[1 two]", "{'a': 1}", ""])
def test_what_is_no_list_is_none(text: str) -> None:
    assert list_in(text) is None


def test_labels_beside_each_other_are_never_one_word(tmp_path: Path) -> None:
    labels = ["['joy']", "['anger']", "['joy' 'anger']"]
    write(tmp_path, "rows.csv", "text,label\n" + "".join(f"{sentence(n)},{labels[n % 3]}\n" for n in range(24)))
    [found] = [one for one in prepare(task(tmp_path, "rows.csv")).findings if one.level == "error"]
    assert (found.code, found.message) == (
        "several_labels",
        "the output ['joy' 'anger'] is a list of labels; valid is one label a row: keep the main one",
    )


def test_a_conversation_that_numpy_wrote_into_a_table_is_read(tmp_path: Path) -> None:
    turns = [[{"role": "user", "content": sentence(n)}, {"role": "assistant", "content": "xyz"[n % 3]}] for n in range(12)]
    rows = [{"messages": str(numpy.array(one, dtype=object)), "n": n} for n, one in enumerate(turns)]
    found = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, input="input", output="output"))
    assert {(one.input, one.output) for one in found.splits.all} == {(sentence(n), "xyz"[n % 3]) for n in range(12)}
