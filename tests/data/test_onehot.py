"""Labels in several columns of 0 and 1 are one label, where exactly one is 1 in every row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.infer import prepare
from crossover.data.onehot import one_hot, with_label
from crossover.data.rows import Row
from crossover.data.sketch import sketch
from crossover.errors import DataError
from tests.data.builders import jsonl, sentence, task, write
from tests.data.test_layouts import sketched

NAMES = ["billing", "delivery", "other"]


def rows_of(labels: list[int], forms: tuple[Any, Any] = (1, 0), **more: Any) -> list[Row]:
    one, zero = forms
    return [
        Row(n, {"text": sentence(n), **more, **{name: one if i == label else zero for i, name in enumerate(NAMES)}}, "row")
        for n, label in enumerate(labels)
    ]


@given(
    st.lists(st.integers(0, 2), min_size=4, max_size=30).filter(lambda labels: len({*labels}) > 1),
    st.sampled_from([(1, 0), (True, False), ("1", "0"), (1.0, 0.0), ("TRUE", "FALSE"), ("1", ""), (1, None)]),
)
def test_each_row_has_the_name_of_its_column(labels: list[int], forms: tuple[Any, Any]) -> None:
    rows = rows_of(labels, forms)
    assert [name for name in one_hot(rows) if name in NAMES] == NAMES
    assert [row.fields["label"] for row in with_label(rows, one_hot(rows))] == [NAMES[label] for label in labels]
    rows[1].fields[NAMES[labels[1]]] = forms[1]  # none is 1
    assert not {*one_hot(rows)} >= {*NAMES}
    rows[1].fields.update(dict.fromkeys(NAMES, forms[0]))  # all are
    assert not {*one_hot(rows)} >= {*NAMES}


def test_other_columns_of_two_values_beside_them_are_none_of_it() -> None:
    rows = [Row(n, {**row.fields, "paid": n % 2}, "row") for n, row in enumerate(rows_of([0, 1, 2, 0, 2, 2, 1], vip=1))]
    assert one_hot(rows) == NAMES
    assert one_hot(rows[:3]) == []
    assert one_hot([Row(1, {"a": 1, "b": 0}, "row")] * 9) == [], "one label is none"


def test_init_and_run_read_them_as_one_label(tmp_path: Path) -> None:
    text = "".join(f"{sentence(n)},{','.join('01'[n % 3 == i] for i in range(3))},{n}\n" for n in range(18))
    made, said = sketched(write(tmp_path, "rows.csv", f"text,{','.join(NAMES)},note\n{text}"))
    assert (made.task.input, made.task.output, list(made.task.labels)) == ("text", "label", NAMES)
    assert {example.output for example in made.splits.all} == {*NAMES}
    assert "data: the 3 columns 'billing' to 'other' are 0 or 1, and exactly one is 1 in each row: they are read as" in said
    assert "not used: the column 'note'" in said


@pytest.mark.parametrize("output", ["label", "Category"])
def test_a_column_that_is_named_like_an_output_stays_it(output: str, tmp_path: Path) -> None:
    rows = [{**row.fields, output: "xyz"[n % 3]} for n, row in enumerate(rows_of([0, 1, 2] * 6))]
    made = sketch(jsonl(tmp_path, "rows.jsonl", rows))
    assert made.prepared.task.output == output
    found = prepare(task(tmp_path, "rows.jsonl", output=output))
    assert {example.output for example in found.splits.all} == {"x", "y", "z"}


def test_columns_of_which_several_are_1_are_told_to_be_questions_of_their_own(tmp_path: Path) -> None:
    rows = [{"comment": sentence(n), "rude": n % 2, "loud": int(n % 3 == 0), "odd": int(n % 4 == 0)} for n in range(12)]
    with pytest.raises(DataError, match="the output is not clear: 'rude', 'loud' or 'odd' may be"):
        sketch(jsonl(tmp_path, "rows.jsonl", rows))
    made = sketch(tmp_path / "rows.jsonl", roles=(None, "rude"))
    assert made.prepared.task.input == "comment"
    assert any("the 3 columns 'rude' to 'odd' are 0 or 1, and several may be 1 in a row" in said for said in made.assumed)
