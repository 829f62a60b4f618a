"""Lines of text with their labels, and what is told of other ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.load import load_rows
from crossover.data.plaintext import _labelled
from crossover.data.sketch import sketch
from crossover.errors import DataError
from tests.data.builders import sentence, write


@pytest.mark.parametrize(
    "line",
    [
        "__label__{label} {text}",
        "{label}\t{text}",
        "{text};{label}",
        "{text}|{label}",
        "{number} {text}",
        "LOC:{label} {text}",
    ],
)
def test_labels_and_texts_of_lines_are_told(tmp_path, line):
    labels = ["lost", "late"]
    lines = [line.format(label=labels[n % 2], text=sentence(n), number=n % 2) for n in range(12)]
    made = sketch(write(tmp_path, "rows.txt", "\n".join(lines) + "\n"))
    examples = made.prepared.splits.all
    assert {example.input for example in examples} == {sentence(n) for n in range(12)}
    assert len({example.output for example in examples}) == 2
    assert made.prepared.task.kind == "classify"


def test_a_label_that_is_a_list_is_refused_with_its_line(tmp_path):
    lines = [f"__label__a {sentence(n)}" for n in range(12)] + ["__label__a __label__b two of them"]
    with pytest.raises(DataError, match=r"rows.txt, line 13: the output 'label' is a list of 2; valid is one label"):
        sketch(write(tmp_path, "rows.txt", "\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("It rains, again.\nThe sun, though, shines.\n", "the lines have no columns; valid is the same number of tabs"),
        ("__label__a one\nno label here\n", "line 2: valid is __label__x and a text, as in the other lines"),
        ("EU B-ORG\nrejects O\n\nGerman B-MISC\ncall O\nto O\n", "the lines have no columns"),
    ],
)
def test_other_lines_are_refused(tmp_path, text, says):
    with pytest.raises(DataError, match=says):
        load_rows(write(tmp_path, "rows.txt", text))


@given(
    st.lists(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), min_size=1, max_size=4),
    st.from_regex(r"\w[\w ,.]{0,30}\w", fullmatch=True),
)
def test_all_labels_of_a_line_are_read(labels, text):
    found = _labelled("x", 1, " ".join(f"__label__{label}" for label in labels) + f" {text}")
    assert found == ((labels if len(labels) > 1 else labels[0]), text)


def test_labels_in_a_file_of_their_own_are_told_to_be_joined(tmp_path):
    write(tmp_path, "train_text.txt", "".join(f"{sentence(n)}\n" for n in range(9)))
    write(tmp_path, "train_labels.txt", "0\n1\n2\n" * 3)
    write(tmp_path, "val_labels.txt", "0\n1\n")
    with pytest.raises(DataError, match=r"paste train_text.txt train_labels.txt > rows.tsv"):
        load_rows(tmp_path / "train_text.txt")
    lines = [sentence(n) for n in range(9)]
    write(
        tmp_path, "train_text.txt", "\n".join([*lines[:3], "", *lines[3:]]) + "\n"
    )  # joined, each would have the next label
    with pytest.raises(DataError, match="the lines have no columns; valid is"):
        load_rows(tmp_path / "train_text.txt")
    write(tmp_path, "train_labels.txt", "0\n1\n2\n\n" + "0\n1\n2\n" * 2 + "\n")
    with pytest.raises(DataError, match=r"paste train_text.txt train_labels.txt > rows.tsv"):
        load_rows(tmp_path / "train_text.txt")
    (tmp_path / "train_labels.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match="the lines have no columns; valid is"):
        load_rows(tmp_path / "train_text.txt")
