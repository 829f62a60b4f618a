"""Places that were marked in texts, by Prodigy, doccano and spaCy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.infer import prepare
from crossover.data.load import load_rows, load_tables, to_examples
from crossover.data.rows import Row
from crossover.data.sketch import sketch
from crossover.data.spans import from_spans
from crossover.data.task import load_task
from crossover.errors import DataError
from tests.data.builders import jsonl, sentence, task, write

SHAPES: list[Any] = [
    lambda n: {
        "spans": [{"start": 0, "end": 3, "label": "WHO"}, {"start": 4, "end": 8, "label": "ACT"}],
        "answer": "accept",
    },
    lambda n: {"label": [[0, 3, "WHO"], [4, 8, "ACT"]]},
    lambda n: {"entities": [{"id": n, "start_offset": 0, "end_offset": 3, "label": "WHO"}], "relations": []},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_marked_is_an_object_of_texts_by_label(shape: Any, tmp_path: Path) -> None:
    rows = [{"text": f"Ada paid {sentence(n)}", **shape(n)} for n in range(12)]
    rows[3] = {**rows[3], **{name: [] for name, value in rows[3].items() if isinstance(value, list)}}
    path = jsonl(tmp_path, "rows.jsonl", rows)
    made = sketch(path)
    found = prepare(load_task(write(tmp_path, "task.yaml", made.text())))
    outputs = [json.loads(example.output) for example in found.splits.all]
    assert found.task.kind == "extract"
    assert [len(output) for output in outputs].count(0) == 1
    assert all(output in ({}, {"WHO": ["Ada"]}, {"WHO": ["Ada"], "ACT": ["paid"]}) for output in outputs)
    assert any("holds places in the text: what stands there is read, by its label" in said for said in made.assumed)


def test_places_beside_a_label_stay_as_they_are(tmp_path: Path) -> None:
    rows = [{"text": "Ada paid", "label": "x", "spans": [{"start": 0, "end": 3, "label": "WHO"}]} for n in range(4)]
    [row, *_] = load_rows(jsonl(tmp_path, "rows.jsonl", rows))
    assert (row.fields["spans"], row.remarks) == (rows[0]["spans"], ())


@pytest.mark.parametrize("spans", [[[0, 99, "WHO"]], [{"start": 0, "end": 3}], [[0, 3]]])
def test_places_that_cannot_be_read_are_one_sentence(spans: Any, tmp_path: Path) -> None:
    jsonl(tmp_path, "rows.jsonl", [{"text": "Ada paid", "spans": spans} for n in range(4)])
    whole = task(tmp_path, "rows.jsonl", output="spans")
    with pytest.raises(DataError, match=r"rows.jsonl, line 1: the output 'spans' holds places in a text; valid is what"):
        to_examples(whole, load_tables(whole)["all"], "rows.jsonl")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_split_in_which_nothing_is_marked_has_empty_objects(shape: Any, tmp_path: Path) -> None:
    rows = [{"text": f"Ada paid {sentence(n)}", **shape(n)} for n in range(24)]
    for row in rows[12:]:
        row |= {name: [] for name, value in row.items() if isinstance(value, list)}
    path = jsonl(tmp_path, "train.jsonl", rows[:12])
    jsonl(tmp_path, "test.jsonl", rows[12:])
    found = prepare(load_task(write(tmp_path, "task.yaml", sketch(path).text())))
    assert [example.output for example in found.splits.test] == ["{}"] * 12
    assert {type(json.loads(example.output)) for example in found.splits.all} == {dict}
    alone = load_tables(found.task.model_copy(update={"data": "test.jsonl"}))["all"]
    assert [row.fields[found.task.output] for row in alone] == [{}] * 12


def test_a_split_without_the_marks_column_stays_without_it(tmp_path: Path) -> None:
    jsonl(tmp_path, "train.jsonl", [{"text": "Ada paid", "spans": [[0, 3, "WHO"]]}] * 4)
    jsonl(tmp_path, "test.jsonl", [{"text": "Ada paid"}] * 4)
    whole = task(tmp_path, {"train": "train.jsonl", "test": "test.jsonl"}, output="spans")
    assert [dict(row.fields) for row in load_tables(whole)["test"]] == [{"text": "Ada paid"}] * 4


@given(st.permutations([[0, 3, "WHO"], [4, 8, "ACT"], [9, 12, "WHO"], [13, 17, "WHO"]]))
def test_marks_stand_in_the_order_of_the_text(spans: list[Any]) -> None:
    row = Row(1, {"text": "Ada paid Bob soon", "spans": spans}, "rows.jsonl, line 1")
    assert json.dumps(from_spans(row, "text", "spans").fields["spans"]) == (
        '{"WHO": ["Ada", "Bob", "soon"], "ACT": ["paid"]}'
    )
