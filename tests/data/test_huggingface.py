"""Hugging Face data sets in a local folder, and what is said without the package."""

import sys
from pathlib import Path

import pytest

from crossover.data.infer import prepare
from crossover.data.sketch import sketch
from crossover.errors import DataError, MissingExtra
from tests.data.builders import sentence, task


def rows(start, count):
    numbers = range(start, start + count)
    return {"text": [sentence(n) for n in numbers], "label": ["left" if n % 2 else "right" for n in numbers]}


@pytest.fixture
def datasets():
    return pytest.importorskip("datasets")


def test_one_table_is_cut(tmp_path, datasets):
    datasets.Dataset.from_dict(rows(0, 20)).save_to_disk(tmp_path / "saved")
    prepared = prepare(task(tmp_path, "hf:saved"))
    assert len(prepared.splits.all) == 20
    assert prepared.splits.cut == ("train", "dev", "test")
    assert {e.source for e in prepared.splits.all} == {f"hf:saved, row {n}" for n in range(1, 21)}


@pytest.mark.parametrize("named", ["saved", "hf:saved"])
def test_where_a_file_is_meant_a_data_set_is_told_where_it_is_named(named, tmp_path, monkeypatch):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "dataset_info.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"saved is a data set of Hugging Face, and no file; .* data: hf:FOLDER"):
        sketch(Path(named))


def test_its_own_splits_are_honoured(tmp_path, datasets):
    parts = {"train": rows(0, 10), "validation": rows(10, 4), "test": rows(20, 5)}
    tables = {name: datasets.Dataset.from_dict(part) for name, part in parts.items()}
    datasets.DatasetDict(tables).save_to_disk(tmp_path / "saved")
    splits = prepare(task(tmp_path, "hf:saved")).splits
    assert (len(splits.train), len(splits.dev), len(splits.test), splits.cut) == (10, 4, 5, ())
    assert splits.dev[0].source == "hf:saved validation, row 1"
    named = prepare(task(tmp_path, {"train": "hf:saved", "dev": "hf:saved#test"})).splits
    assert [e.source for e in named.dev] == [f"hf:saved test, row {n}" for n in range(1, 6)]
    assert len(named.train) + len(named.test) == 10
    one = prepare(task(tmp_path, "hf:saved#train")).splits
    assert {example.input for example in one.all} == {sentence(n) for n in range(10)}


def test_splits_that_cannot_be_told_apart(tmp_path, datasets):
    tables = {name: datasets.Dataset.from_dict(rows(0, 3)) for name in ("train", "easy")}
    datasets.DatasetDict(tables).save_to_disk(tmp_path / "saved")
    with pytest.raises(DataError, match=r"^the data set 'hf:saved' has the splits easy, train; name those to use"):
        prepare(task(tmp_path, "hf:saved"))
    with pytest.raises(DataError, match=r"^the data set 'hf:saved' has no split 'hard'; valid: easy, train"):
        prepare(task(tmp_path, "hf:saved#hard"))
    with pytest.raises(DataError, match=r"^the data set 'hf:saved' has no split for 'test'; its splits: easy, train"):
        prepare(task(tmp_path, {"train": "hf:saved#train", "test": "hf:saved"}))


def test_an_absent_folder_and_a_bad_name(tmp_path, datasets):
    with pytest.raises(DataError, match=r"^the data set 'hf:nothing' cannot be read: "):
        prepare(task(tmp_path, "hf:nothing"))
    with pytest.raises(DataError, match=r"^'hf://a/b/c/d' is not the name of a data set; valid: hf://ORG/NAME"):
        prepare(task(tmp_path, "hf://a/b/c/d"))


def test_without_the_package_the_install_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"pip install 'crossover\[datasets\]'"):
        prepare(task(tmp_path, "hf:saved"))
