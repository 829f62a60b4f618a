"""Files without a header keep their first row; files with one keep their names."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.header import is_row
from crossover.data.load import load_rows
from crossover.data.sketch import sketch
from crossover.errors import DataError
from tests.data.builders import sentence, write


def lines(labels, delimiter="\t", rows=12):
    return [f"{labels[n % len(labels)]}{delimiter}{sentence(n)}" for n in range(rows)]


def calls(path):
    """How many calls of functions reading a file takes."""
    count = 0

    def seen(frame, event, arg):
        nonlocal count
        count += event.endswith("call")

    sys.setprofile(seen)
    try:
        load_rows(path)
    finally:
        sys.setprofile(None)
    return count


def test_a_first_row_without_a_space_is_not_taken_apart_at_each_of_its_letters(tmp_path):
    short, long = (calls(write(tmp_path, "rows.csv", f"{'b' * letters},y\nc,d\n")) for letters in (1_000, 10_000))
    assert long <= short + 100


@pytest.mark.parametrize(("name", "delimiter"), [("rows.tsv", "\t"), ("rows.csv", ";"), ("rows.psv", "|")])
def test_a_file_without_a_header_keeps_its_first_row(tmp_path, name, delimiter):
    rows = load_rows(write(tmp_path, name, "\n".join(lines(["lost", "late"], delimiter)) + "\n"))
    assert len(rows) == 12
    assert rows[0].fields == {"column_1": "lost", "column_2": sentence(0)}
    assert (rows[0].source, rows[11].source) == (f"{name}, line 1", f"{name}, line 12")
    assert all("the first line is a row and no header: the columns are called" in row.remarks[-1] for row in rows)


def test_init_says_that_there_is_no_header_and_asks_about_texts(tmp_path):
    made = sketch(write(tmp_path, "rows.tsv", "\n".join(lines(["lost", "late"])) + "\n"))
    task = made.prepared.task
    assert (task.input, task.output, len(made.prepared.splits.all)) == ("column_2", "column_1", 12)
    assert "data: the first line is a row and no header: the columns are called 'column_1' to 'column_2'" in made.assumed
    assert made.draft == "Decide which label fits the text: late or lost."


def test_splits_without_headers_fit_together(tmp_path):
    write(tmp_path, "test.tsv", "\n".join(lines(["late", "lost"], rows=6)) + "\n")
    made = sketch(write(tmp_path, "train.tsv", "\n".join(lines(["lost", "late"], rows=24)[8:]) + "\n"))
    assert {name: len(part) for name, part in made.prepared.splits.items()} == {"train": 12, "dev": 4, "test": 6}


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (("text", "hate"), [("one two", "hate"), ("two three", "none")] * 6),  # a label that is called as its column
        (("utterances", "hate"), [("one two", "hate"), ("two three", "none")] * 6),  # one word over texts
        (("what was said", "rude", "hate"), [("one two", "no", "hate"), ("two three", "yes", "none")] * 6),
        (("land", "2019", "2020"), [(f"land{n}", str(n), str(n + 1)) for n in range(12)]),
        (("0", "1"), [("one two", "1"), ("two three", "0")] * 6),  # pandas wrote the numbers of its columns
        (("Wie war es bei uns?", "Und sonst?"), [("gut", "ja"), ("schlecht", "nein")] * 6),  # a form's questions
        (("lost", "it is gone"), [("lost", "one two"), ("late", "two three")]),  # too few rows to tell
    ],
)
def test_a_header_is_not_taken_for_a_row(first, rows):
    assert not is_row(first, rows)


@given(st.lists(st.sampled_from(["lost", "late", "broken"]), min_size=12, max_size=30), st.booleans())
def test_a_first_line_is_a_row_where_its_label_comes_again(labels, number):
    rows = [(label, str(n)) if number else (label, sentence(n)) for n, label in enumerate(labels)]
    assert is_row(rows[0], rows[1:]) is (labels[0] in labels[1:])


def test_one_token_a_line_is_refused(tmp_path):
    path = write(tmp_path, "ner.tsv", "Ada\tB-PER\nlives\tO\nhere\tO\n\nBob\tB-PER\nalso\tO\n")
    with pytest.raises(DataError, match="has one token a line, with its tag"):
        load_rows(path)


def test_a_quote_that_joins_two_fields_of_a_line_is_read_as_text(tmp_path):
    rows = load_rows(write(tmp_path, "pairs.tsv", 'label\ta\tb\n1\t"we came, we saw\tthey said so"\n0\tx\ty\n'))
    assert rows[0].fields == {"label": "1", "a": '"we came, we saw', "b": 'they said so"'}
    assert "is read as text" in rows[0].remarks[0]


def test_the_sign_that_divides_all_lines_alike_is_taken_before_one_of_the_first_line(tmp_path):
    text = "well, well, well;joy\n" + "".join(f"{sentence(n)};{'joy' if n % 2 else 'anger'}\n" for n in range(12))
    rows = load_rows(write(tmp_path, "rows.csv", text))
    assert rows[0].fields == {"column_1": "well, well, well", "column_2": "joy"}
    assert len(rows) == 13


@pytest.mark.parametrize("label", ["question", "answer", "Comment", "review"])
def test_a_label_that_is_a_usual_name_of_a_column_makes_no_header(tmp_path, label):
    lines = [f"{[label, 'order', 'other'][n % 3]}\tSome words, number {n}\n" for n in range(12)]
    rows = load_rows(write(tmp_path, "rows.tsv", "".join(lines)))
    assert (len(rows), rows[0].fields["column_1"]) == (12, label)
    headed = [f"{label}\ttext\n", *lines[1:], f"{label}\ttext\n"]  # a header, which stands there once more
    assert "text" in load_rows(write(tmp_path, "rows.tsv", "".join(headed)))[0].fields
