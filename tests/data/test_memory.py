"""Data in memory: the same examples, and the same hash, as from a file."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest

import crossover
from crossover.data.infer import prepare
from crossover.data.load import load_tables
from crossover.data.splits import make_splits
from crossover.data.task import Task
from crossover.errors import DataError, TaskError
from tests.data.builders import sentence, table, task

CSV = table({"red": 12, "blue": 12})


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    (tmp_path / "data.csv").write_text(CSV)
    return pd.read_csv(tmp_path / "data.csv")


def digest(folder: Path, data: Any, **more: Any) -> str:
    return make_splits(task(folder, data, **more)).sha256


def test_frame_data_set_and_list_are_hashed_as_the_file(tmp_path: Path, frame: pd.DataFrame) -> None:
    wanted = digest(tmp_path, "data.csv")
    assert digest(tmp_path, frame) == wanted
    assert digest(tmp_path, frame.set_index(frame.index + 100)) == wanted
    assert digest(tmp_path, datasets.Dataset.from_pandas(frame)) == wanted
    assert digest(tmp_path, frame.to_dict("records")) == wanted
    assert digest(tmp_path, tmp_path / "data.csv") == wanted


def test_splits_in_memory_are_the_users_own(tmp_path: Path, frame: pd.DataFrame) -> None:
    parts = {"train": frame[:14], "dev": frame[14:19], "test": frame[19:]}
    for name, part in parts.items():
        part.to_csv(tmp_path / f"{name}.csv", index=False)
    wanted = digest(tmp_path, {name: f"{name}.csv" for name in parts})
    assert digest(tmp_path, parts) == wanted
    sets = {"train": parts["train"], "validation": parts["dev"], "test": parts["test"]}
    assert digest(tmp_path, datasets.DatasetDict({k: datasets.Dataset.from_pandas(v) for k, v in sets.items()})) == wanted
    found = make_splits(task(tmp_path, parts))
    assert found.test[0].source == "test DataFrame, row 1"


def test_values_are_those_of_the_file(tmp_path: Path) -> None:
    """Whole numbers stay whole though one is missing; what is missing is empty; dates and truth values stay as they are."""
    frame = pd.DataFrame(
        {
            "number": [1, None, 3],
            "share": [0.5, None, 2.0],
            "day": pd.to_datetime(["2024-05-01", None, "2024-05-03"]),
            "flag": [True, False, True],
            "kind": pd.Categorical(["a", None, "b"]),
            "odd": [pd.NA, "x", None],
        }
    )
    rows = load_tables(task(tmp_path, frame))["all"]
    assert [row.fields["number"] for row in rows] == [1, None, 3]
    assert [row.fields["share"] for row in rows] == [0.5, None, 2.0]
    assert [row.fields["day"] for row in rows][1] is None
    assert rows[0].fields["day"] == datetime.datetime(2024, 5, 1)
    assert [row.fields["flag"] for row in rows] == [True, False, True]
    assert [row.fields["kind"] for row in rows] == ["a", None, "b"]
    assert [row.fields["odd"] for row in rows] == [None, "x", None]
    made = make_splits(task(tmp_path, pd.DataFrame({"text": list("abcdefgh"), "label": [1, 2, None, 1, 2, 1, 2, 1]})))
    assert {example.output for example in made.all} == {"1", "2"}
    assert made.blank == ("DataFrame, row 3",)


def test_mistakes_are_sentences(tmp_path: Path, frame: pd.DataFrame) -> None:
    def said(error: type[Exception], text: str, **fields: Any) -> None:
        with pytest.raises(error, match=text) as raised:
            prepare(Task(**{"name": "t", "input": "text", "output": "label", "data": frame, "folder": tmp_path} | fields))
        assert "\n" not in str(raised.value)

    said(DataError, r"DataFrame \(in memory\) has no column 'txt'; did you mean 'text'", input="txt")
    said(DataError, r"the DataFrame has the column 'text' twice", data=pd.concat([frame, frame[["text"]]], axis=1))
    said(DataError, r"data: there is no row in the DataFrame", data=frame[:0])
    said(DataError, r"data: there is no row in the rows", data=[])
    said(DataError, r"received the split 'holdout' with DataFrame", data={"train": frame, "holdout": frame})
    said(DataError, r"received the splits dev; valid is train", data={"dev": frame})
    said(TaskError, r"the task, key 'data': received '3'|the task, key 'data': received 3", data=3)
    said(TaskError, r"the task, key 'kind': received 'sort'; valid is classify, extract or generate", kind="sort")
    said(TaskError, r"the task, key 'metrik': unknown key; did you mean 'metric'", metrik="accuracy")
    said(TaskError, r"the task, key 'limits\.minuets': unknown key", limits={"minuets": 3})
    with pytest.raises(TaskError, match=r"the task, key 'output': it is missing; valid is a column"):
        Task(name="t", data=frame, input="text")
    with pytest.raises(DataError, match=r"the data were a DataFrame in the program that ran the study, and are not kept"):
        load_tables(task(tmp_path, "DataFrame (in memory)"))


def test_what_is_missing_is_missing_wherever_it_stands(tmp_path: Path) -> None:
    """NaT had become the text "NaT", and pandas' NA in a mapping an error of ours."""
    for nothing in (None, float("nan"), np.float64("nan"), pd.NA, pd.NaT, np.datetime64("NaT", "ns")):
        held = [{"text": f"row {n}", "label": nothing if n == 2 else "ab"[n % 2]} for n in range(12)]
        made = make_splits(task(tmp_path, held))
        assert made.blank == ("rows, row 3",)
        assert {example.output for example in made.all} == {"a", "b"}
    sparse = pd.arrays.SparseArray([1.0, np.nan, 0.0])
    rows = load_tables(task(tmp_path, pd.DataFrame({"text": list("abc"), "label": sparse})))["all"]
    assert [row.fields["label"] for row in rows] == [1, None, 0]


def test_numpys_and_pandas_values_are_pythons_inside_objects_too(tmp_path: Path) -> None:
    value = {"k": np.int64(2), "f": np.float32(0.1), "l": np.array([1, 2]), "none": [pd.NA, np.nan], "b": (np.bool_(True),)}
    day = np.datetime64("2024-05-01", "ns")  # it had become 1714521600000000000
    for data in (held := [{"text": "a", "label": value, "day": day}], pd.DataFrame(held)):
        (row,) = load_tables(task(tmp_path, data))["all"]
        assert row.fields["label"] == {"k": 2, "f": 0.1, "l": [1, 2], "none": [None, None], "b": [True]}
        assert row.fields["day"] == datetime.datetime(2024, 5, 1)


@pytest.mark.parametrize("form", ["numpy", "torch", "pandas", "arrow"])
def test_a_data_set_that_gives_tensors_is_read_as_it_is_stored(form: str, tmp_path: Path, frame: pd.DataFrame) -> None:
    held, wanted = datasets.Dataset.from_pandas(frame), digest(tmp_path, "data.csv")
    assert digest(tmp_path, held.with_format(form)) == wanted
    assert digest(tmp_path, held.to_iterable_dataset().with_format(form)) == wanted
    louder = held.with_transform(lambda batch: batch | {"text": [text.upper() for text in batch["text"]]})
    assert load_tables(task(tmp_path, louder))["all"][0].fields["text"].isupper()


def test_nothing_is_left_out_because_another_has_its_name(tmp_path: Path, frame: pd.DataFrame) -> None:
    """The latter of two had been taken without a word."""
    with pytest.raises(DataError, match=r"the splits train, validation, dev, of which two are dev; valid is one"):
        task(tmp_path, {"train": frame, "validation": frame, "dev": frame})
    with pytest.raises(DataError, match=r"rows, row 1 has the column '1' twice"):
        task(tmp_path, [{1: "a", "1": "b"}])
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(DataError, match=r"rows, row 1 holds lists or mappings that are too deep, or hold themselves"):
        task(tmp_path, [{"text": "a", "label": endless}])
    with pytest.raises(DataError, match=r"row 1, column 'label': a number without an end \(an infinity, or NaN\) inside"):
        prepare(task(tmp_path, [{"text": "a", "label": {"k": float("inf")}}]))


def test_a_column_that_stands_in_the_index_of_a_frame_is_said_to() -> None:
    texts, labels = [sentence(n) for n in range(12)], ["ab"[n % 2] for n in range(12)]
    for held, index, wanted, said in (
        (
            {"text": texts},
            pd.Index(labels, name="label"),
            ("text", "label"),
            "but an index of that name: reset_index() ",
        ),
        (
            {"label": labels},
            pd.Index(texts, name="text"),
            ("text", "label"),
            "but an index of that name: reset_index() ",
        ),
        (
            {"text": texts},
            pd.MultiIndex.from_arrays([labels, range(12)], names=["label", None]),
            ("text", "label"),
            "of",
        ),
        ({"text": texts}, labels, ("text", "label"), "valid: text; its index is not read: reset_index() makes it a column"),
        ({"text": texts, "label": labels}, range(7, 19), ("text", "moot"), "has no column 'moot'; valid: label, text$"),
    ):
        frame = pd.DataFrame(held, index=index)
        with pytest.raises(DataError, match=said.replace("(", r"\(").replace(")", r"\)")):
            crossover.plan(data=frame, input=wanted[0], output=wanted[1], model="pocket", name="x")
