"""Folders that have a folder of texts for each label."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.data.infer import prepare
from crossover.data.load import load_rows
from crossover.data.sketch import named, sketch
from crossover.data.task import load_task
from crossover.errors import DataError
from tests.data.builders import sentence, write


def texts(folder: Path, labels: tuple[str, ...], first: int, count: int) -> None:
    for at, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        for n in range(count):
            write(folder / label, f"{first + n}.txt", f"{sentence(first + at * count + n)}\nand a line\n")


def test_each_text_file_is_a_row_with_its_folder_as_the_label(tmp_path: Path) -> None:
    texts(tmp_path / "mail", ("lost", "paid"), 8, 6)
    write(tmp_path / "mail" / "lost", ".hidden", b"\xff")
    made = sketch(tmp_path / "mail")
    found = prepare(load_task(write(tmp_path, "task.yaml", made.text())))
    assert (found.task.name, found.task.input, found.task.output) == ("mail", "text", "label")
    assert sorted(example.output for example in found.splits.all) == ["lost"] * 6 + ["paid"] * 6
    assert [row.source for row in load_rows(tmp_path / "mail")][:3] == [
        "mail/lost/8.txt",
        "mail/lost/9.txt",
        "mail/lost/10.txt",
    ]
    assert "data: each text file is a row, and the folder that it lies in is its label" in made.assumed


def test_folders_of_splits_are_the_splits(tmp_path: Path) -> None:
    texts(tmp_path / "mail" / "train", ("lost", "paid"), 0, 9)
    texts(tmp_path / "mail" / "test", ("lost", "paid"), 20, 3)
    for given in (tmp_path / "mail", tmp_path / "mail" / "train"):
        found = sketch(given).prepared
        assert (found.task.name, len(found.splits.test)) == ("mail", 6)


def test_a_label_may_be_called_train(tmp_path: Path) -> None:
    texts(tmp_path / "modes", ("bus", "car", "train"), 0, 6)
    found = sketch(tmp_path / "modes").prepared
    assert (found.task.data, sorted(found.task.labels)) == ("modes", ["bus", "car", "train"])
    assert len(found.splits.all) == 18


@pytest.mark.parametrize(
    ("names", "says"), [(["a.txt"], "'a.txt' beside the"), (["b.txt", "a.csv"], "'a.csv' and 1 more beside the")]
)
def test_files_beside_the_folders_of_labels_are_said(names: list[str], says: str, tmp_path: Path) -> None:
    texts(tmp_path / "mail" / "train", ("lost", "paid"), 0, 9)
    for name in names:
        write(tmp_path / "mail" / "train", name, "some text")
    made = sketch(tmp_path / "mail")
    assert len(made.prepared.splits.all) == 18
    [said] = [one for one in made.assumed if "beside the folders" in one]
    assert said.startswith(f"data: {says} folders of labels in train ")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "mail is a folder; valid is a file, or a folder that has a folder of text files"),
        (["a/1.txt"], "mail is a folder; valid is a file"),
        (["a/1.txt", "b/1.png"], r"'b.1\.png' in it is no text file"),
        (["a/1.txt", "b/c/1.txt"], r"'b.c' in it is no text file"),
        (["Test/1.txt", "train/1.txt"], "with 'Test' and 'train', which are splits and no labels; valid is one of them"),
    ],
)
def test_any_other_folder_is_one_sentence(files: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    for name in files:
        (tmp_path / "mail" / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / "mail", name, "some text")
    with pytest.raises(DataError, match=says):
        load_rows(tmp_path / "mail")


def test_a_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    texts(tmp_path / "mail", ("lost", "paid"), 0, 3)
    write(tmp_path / "mail" / "paid", "2.txt", b"caf\xe9")
    with pytest.raises(DataError, match=r"2\.txt, line 1: byte 0xe9 is not UTF-8"):
        load_rows(tmp_path / "mail")


@pytest.mark.parametrize("form", ["utf-16", "utf-8-sig"])
def test_what_windows_writes_is_read(form: str, tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", "text,label\nça va,ü\nnon,b\n".encode(form))
    assert [dict(row.fields) for row in load_rows(path)] == [{"text": "ça va", "label": "ü"}, {"text": "non", "label": "b"}]


@pytest.mark.parametrize("name", ["unsup", "Unlabeled", "unlabelled", "unsupervised"])
def test_texts_without_a_label_are_no_label(name: str, tmp_path: Path) -> None:
    texts(tmp_path / "reviews" / "train", ("neg", "pos", name), 0, 9)
    texts(tmp_path / "reviews" / "test", ("neg", "pos"), 60, 3)
    made = sketch(tmp_path / "reviews")
    assert list(made.prepared.task.labels) == ["neg", "pos"]
    assert len(made.prepared.splits.all) == 24
    said = " ".join((*made.assumed, *(one.said for one in made.prepared.findings)))
    assert f"the folder '{name}' in train holds texts without a label, and is not read" in said


@pytest.mark.parametrize("empty", [b"", b" \n", b"\xff\xfe", "\u3000\x0c".encode()])
def test_an_empty_text_is_a_row_that_is_left_out(empty: bytes, tmp_path: Path) -> None:
    texts(tmp_path / "mail", ("lost", "paid"), 0, 6)
    write(tmp_path / "mail" / "paid", "2.txt", empty)
    found = sketch(tmp_path / "mail").prepared
    assert (len(found.splits.all), found.splits.blank) == (11, ("mail/paid/2.txt",))


def test_a_web_page_among_texts_is_a_text(tmp_path: Path) -> None:
    texts(tmp_path / "mail", ("lost", "paid"), 0, 6)
    write(tmp_path / "mail" / "paid", "2.txt", "<html><p>Paid</p></html>")
    assert "<html><p>Paid</p></html>" in [row.fields["text"] for row in load_rows(tmp_path / "mail")]


def test_where_we_are_has_a_name_and_studies_in_it_are_no_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts(tmp_path / "mail", ("lost", "paid"), 0, 6)
    whole = sketch(tmp_path / "mail")
    monkeypatch.chdir(tmp_path / "mail")
    made = sketch(Path("."))
    assert named(Path(".")) == tmp_path / "mail"
    assert (made.prepared.task.name, made.prepared.splits.sha256) == ("mail", whole.prepared.splits.sha256)
    write(tmp_path, "task.yaml", made.text())
    write(tmp_path / "mail", "task.yaml", sketch(Path("."), Path(".")).text())
    (tmp_path / "mail" / "runs" / "mail").mkdir(parents=True)
    (tmp_path / "mail" / "runs" / "mail" / "study.db").touch()
    for file in (tmp_path / "task.yaml", Path("task.yaml")):
        assert prepare(load_task(file)).splits.sha256 == whole.prepared.splits.sha256


def test_a_sibling_that_cannot_be_read_is_said_and_not_used(tmp_path: Path) -> None:
    texts(tmp_path / "train", ("lost", "paid"), 0, 9)
    (tmp_path / "test").mkdir()
    write(tmp_path / "test", "1.txt", "some text")
    made = sketch(tmp_path / "train")
    assert made.prepared.task.data == "train"
    [said] = [one for one in made.assumed if "is not used" in one]
    assert said.startswith("data: test cannot be read, and is not used: ")
    assert "is a folder; valid is a file, or a folder that has" in said
