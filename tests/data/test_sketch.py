"""A task file written by looking at the data: it loads, and says what was assumed."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossover.data.infer import prepare
from crossover.data.labels import sense
from crossover.data.sketch import sketch
from crossover.data.task import Files, load_task
from crossover.data.text import comparable
from crossover.data.thought import holds_mark
from crossover.errors import DataError
from tests.data.builders import jsonl, sentence, table, write


def sketched(path, folder=None):
    """The task that the sketch gives when written where it belongs, and the assumptions."""
    made = sketch(path, folder)
    return load_task(write(folder or path.parent, "task.yaml", made.text())), list(made.assumed)


def test_a_csv_with_telling_names(tmp_path):
    found, assumed = sketched(write(tmp_path, "my parcels.csv", table({"yes": 9, "no": 9})))
    assert (found.name, found.data, found.input, found.output) == ("my-parcels", "my parcels.csv", "text", "label")
    assert (found.kind, list(found.labels), found.metric, found.model) == (
        "classify",
        ["no", "yes"],
        "accuracy",
        "pocket",
    )
    assert assumed[:2] == ["input: the column 'text', by its name", "output: the column 'label', by its name"]
    assert "kind: classify, because few short outputs come again and again" in assumed
    assert prepare(found).findings == []


def test_columns_are_told_by_content_where_names_say_nothing(tmp_path):
    rows = [{"id": n, "k": f"k{n}", "a": sentence(n), "b": "xy"[n % 2]} for n in range(12)]
    found, assumed = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.input, found.output) == ("a", "b")
    assert assumed[:2] == [
        "input: the column 'a', as it is the only text",
        "output: the column 'b', as its values come again and again",
    ]
    rows = [{"a": sentence(n), "b": str(n)} for n in range(12)]
    found, assumed = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert (found.input, found.output, found.kind) == ("a", "b", "generate")
    assert assumed[1] == "output: the column 'b', as it is left"


def test_siblings_of_a_training_file_are_its_splits(tmp_path):
    write(tmp_path, "parcels_train.csv", table({"a": 9, "b": 9}))
    write(tmp_path, "parcels_val.csv", table({"a": 2}).replace("amber", "scarlet"))
    write(tmp_path, "parcels_test.csv", table({"c": 2}).replace("amber", "ochre"))
    write(tmp_path, "letters_test.csv", table({"c": 2}))
    found, assumed = sketched(tmp_path / "parcels_train.csv")
    assert found.data == Files(train="parcels_train.csv", dev="parcels_val.csv", test="parcels_test.csv")
    assert list(found.labels) == ["a", "b", "c"]
    assert "data: train is parcels_train.csv, dev is parcels_val.csv, test is parcels_test.csv, by their names" in assumed
    assert not [f for f in prepare(found).findings if f.level == "error"]


def test_a_name_that_only_contains_train_has_no_siblings(tmp_path):
    write(tmp_path, "trains.csv", table({"a": 9, "b": 9}))
    write(tmp_path, "tests.csv", table({"a": 9, "b": 9}))
    assert sketched(tmp_path / "trains.csv")[0].data == "trains.csv"


def test_paths_are_relative_to_where_the_task_file_will_lie(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "tasks").mkdir()
    write(tmp_path / "data", "train.csv", table({"a": 9, "b": 9}))
    found, _ = sketched(tmp_path / "data" / "train.csv", tmp_path / "tasks")
    assert (found.data, found.name) == ("../data/train.csv", "data")
    assert len(prepare(found).splits.all) == 18


def test_a_group_is_suggested_and_not_used(tmp_path):
    rows = [{"user_id": n // 2, "text": sentence(n), "label": "xy"[n % 2]} for n in range(12)]
    path = jsonl(tmp_path, "rows.jsonl", rows)
    found, assumed = sketched(path)
    assert found.group is None
    assert "# group: user_id" in (tmp_path / "task.yaml").read_text()
    assert "group: the column 'user_id' looks like one; it is in the file as a comment, not used" in assumed


def test_chat_lines_and_their_instruction(tmp_path):
    rows = [
        {
            "messages": [
                {"role": "system", "content": "Say x or y.\n# Nothing: else"},
                {"role": "user", "content": sentence(n)},
                {"role": "assistant", "content": "xy"[n % 2]},
            ]
        }
        for n in range(12)
    ]
    found, _ = sketched(jsonl(tmp_path, "chat.jsonl", rows))
    assert (found.input, found.output, found.kind) == ("input", "output", "classify")
    assert found.instruction == "Say x or y.\n# Nothing: else"


def test_one_column_is_not_enough(tmp_path):
    with pytest.raises(DataError, match=r"columns with content, besides 'id': text; valid are two, an input and an output"):
        sketch(write(tmp_path, "rows.csv", "id,text,label\n1,a,\n2,b,\n"))


def test_a_bad_file_is_the_same_error_as_in_a_run(tmp_path):
    with pytest.raises(DataError, match=r"rows.csv, line 2: 1 field, the header has 2"):
        sketch(write(tmp_path, "rows.csv", "text,label\na\n"))
    with pytest.raises(DataError, match=r"rows.csv: 3 usable rows; at least 6 labelled rows are needed"):
        sketch(write(tmp_path, "rows.csv", table({"a": 2, "b": 1})))


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
LABELS = NAMES.filter(lambda text: comparable(text) and not holds_mark(text))  # a thought's mark is none of the answer


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(column=NAMES, labels=st.lists(LABELS, min_size=2, max_size=3, unique_by=sense))
def test_odd_names_and_labels_load_back(tmp_path, column, labels):
    if column.lower() in ("label", "id"):
        return
    rows = [{column: sentence(n), "label": labels[n % len(labels)]} for n in range(12)]
    found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    assert found.output == "label"
    assert list(found.labels) == sorted(label if label == label.strip() else sense(label) for label in labels)
    assert {example.input for example in prepare(found).splits.all} == {sentence(n) for n in range(12)}


def test_folds_of_many_sizes_are_said_by_the_smallest_and_the_largest(tmp_path):
    labels = [f"{'abcdefgh'[n % 8]} {n}" for n in range(120)]
    rows = [{"text": f"{label[0] * 30} about {label[0] * 20} {label}", "label": label[0]} for label in labels]
    rows += [{"text": sentence(n), "label": "ab"[n % 2]} for n in range(31)]
    _, assumed = sketched(jsonl(tmp_path, "rows.jsonl", rows))
    [said] = [one for one in assumed if "test in each" in one]
    assert re.search(r"\((\d+|\d+ to \d+) rows test in each\)", said), said


@pytest.mark.parametrize("answer", ["language", "lang", "speaker", "day", "year", "Season"])
@pytest.mark.parametrize("text", ["text", "excerpt"])
@pytest.mark.parametrize(
    "beside",
    [
        {"split": ["train", "test"]},
        {"source": ["web", "mail"], "fold": ["0", "1", "2"]},
        {"path": ["a/b/c.txt", "a/b/d.txt"], "file": ["x.wav", "y.wav"]},
        {"sent_id": [str(n) for n in range(24)]},
    ],
)
def test_what_tells_of_a_row_is_the_output_where_nothing_else_can_be(tmp_path, answer, text, beside):
    values = ["1999", "2004", "2010"] if answer == "year" else ["mon", "tue", "wed"]
    for order in (1, -1):
        rows = [
            {text: sentence(n), answer: values[n % 3], **{name: held[n % len(held)] for name, held in beside.items()}}
            for n in range(24)
        ]
        rows = [dict(list(row.items())[::order]) for row in rows]
        found, _ = sketched(jsonl(tmp_path, "rows.jsonl", rows))
        assert (found.input, found.output) == (text, answer)


def test_a_language_of_few_rows_each_is_the_output_too(tmp_path):
    rows = [{"text": sentence(n), "language": f"{'abcdefg'[n % 7]}a", "split": ["train", "test"][n % 2]} for n in range(12)]
    assert sketched(jsonl(tmp_path, "rows.jsonl", rows))[0].output == "language"
    rows = [{"text": sentence(n), "day": f"2024-05-{n + 10}", "split": ["train", "test"][n % 2]} for n in range(12)]
    with pytest.raises(DataError, match="no column looks like an output: 'day' tells of a row"):
        sketch(jsonl(tmp_path, "rows.jsonl", rows))


def test_without_an_answer_the_output_is_no_split_and_no_file(tmp_path):
    rows = [{"text": sentence(n), "source": "uvw"[n % 3], "split": ["train", "test"][n % 2]} for n in range(24)]
    assert sketched(jsonl(tmp_path, "rows.jsonl", rows))[0].output == "source"


VOTES = list(range(-3, 9))


@pytest.mark.parametrize(
    ("columns", "output"),
    [
        ({"comment": None, "score": VOTES, "upvotes": list(range(30))}, "score"),
        ({"review": None, "rating": range(1, 6), "verified": [True, False]}, "rating"),
        ({"text": None, "reference": list(range(40)), "field": "abc"}, "field"),
        ({"text": None, "reference": [f"so {sentence(n)}" for n in range(36)]}, "reference"),
    ],
)
def test_a_score_is_the_output_only_where_nothing_else_looks_like_labels(tmp_path, columns, output):
    rows = [
        {name: sentence(n) if held is None else held[n % len(held)] for name, held in columns.items()} for n in range(36)
    ]
    for order in (1, -1):
        found, _ = sketched(jsonl(tmp_path, "rows.jsonl", [dict(list(row.items())[::order]) for row in rows]))
        assert found.output == output


def test_a_damaged_file_of_a_split_is_an_error_and_not_left_out(tmp_path):
    write(tmp_path, "train.csv", table({"a": 9, "b": 9}))
    write(tmp_path, "test.csv", b"text,label\na,b,c\n\xff\xfe\x00\n")
    with pytest.raises(DataError, match=r"test\.csv"):
        sketch(tmp_path / "train.csv")
