"""Splits: a partition, by seed, label and group; the user's own are honoured."""

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossover.data.splits import cut, make_splits
from crossover.errors import DataError
from crossover.types import Example
from tests.data.builders import jsonl, sentence, table, task, write

SHARES = {"train": 3, "dev": 1, "test": 1}


def example(number, label="x", group=None, text=None):
    return Example(f"e{number}", text or sentence(number), label, group, f"rows.csv, line {number}")


def labels(examples):
    return Counter(e.output for e in examples)


@pytest.fixture
def three_labels(tmp_path):
    write(tmp_path, "rows.csv", table({"a": 50, "b": 30, "c": 20}))
    return task(tmp_path, "rows.csv", kind="classify")


def test_one_file_becomes_60_20_20_by_label(three_labels):
    splits = make_splits(three_labels)
    assert labels(splits.train) == {"a": 30, "b": 18, "c": 12}
    assert labels(splits.dev) == {"a": 10, "b": 6, "c": 4}
    assert labels(splits.test) == {"a": 10, "b": 6, "c": 4}
    assert splits.cut == ("train", "dev", "test")
    assert {e.source for e in splits.all} == {f"rows.csv, line {n}" for n in range(2, 102)}


def test_the_hash_says_whether_the_data_is_the_same(three_labels, tmp_path):
    first = make_splits(three_labels)
    assert make_splits(three_labels) == first
    assert len(first.sha256) == 64
    assert make_splits(three_labels.model_copy(update={"seed": 1})).sha256 != first.sha256
    write(tmp_path, "rows.csv", table({"a": 50, "b": 30, "c": 20}).replace(sentence(3), "changed"))
    assert make_splits(three_labels).sha256 != first.sha256


def test_a_cut_does_not_depend_on_the_order_of_rows(three_labels, tmp_path):
    first = make_splits(three_labels)
    header, *rows = table({"a": 50, "b": 30, "c": 20}).splitlines(keepends=True)
    random.Random(5).shuffle(rows)
    write(tmp_path, "rows.csv", header + "".join(rows))
    again = make_splits(three_labels)
    assert again.sha256 == first.sha256
    assert [e.id for e in again.train] == [e.id for e in first.train]


def test_own_splits_stay_as_they_are_in_the_order_of_the_file(tmp_path):
    for n, name in enumerate(("train", "dev", "test")):
        jsonl(tmp_path, f"{name}.jsonl", [{"text": sentence(n * 10 + k), "label": "xy"[k % 2]} for k in range(4)])
    splits = make_splits(task(tmp_path, {name: f"{name}.jsonl" for name in ("train", "dev", "test")}))
    assert [e.source for e in splits.dev] == [f"dev.jsonl, line {n}" for n in range(1, 5)]
    assert (len(splits.train), len(splits.test), splits.cut) == (4, 4, ())


def test_a_missing_split_is_a_fifth_of_train(tmp_path):
    write(tmp_path, "train.csv", table({"a": 40, "b": 8, "c": 2}))
    write(tmp_path, "other.csv", table({"a": 3}).replace("amber", "scarlet"))
    no_dev = make_splits(task(tmp_path, {"train": "train.csv", "test": "other.csv"}, kind="classify"))
    assert labels(no_dev.dev) == {"a": 8, "b": 2, "c": 1}
    assert labels(no_dev.train) == {"a": 32, "b": 6, "c": 1}
    assert (no_dev.test[0].source, no_dev.cut) == ("other.csv, line 2", ("dev",))
    no_test = make_splits(task(tmp_path, {"train": "train.csv", "dev": "other.csv"}, kind="classify"))
    assert (labels(no_test.test), no_test.cut) == ({"a": 8, "b": 2, "c": 1}, ("test",))
    only = make_splits(task(tmp_path, {"train": "train.csv"}, kind="classify"))
    assert [len(part) for _, part in only.items()] == [30, 10, 10]
    assert only.cut == ("dev", "test")


def test_thirty_rows_of_ten_labels_have_every_label_everywhere(tmp_path):
    write(tmp_path, "rows.csv", table(dict.fromkeys("abcdefghij", 3)))
    splits = make_splits(task(tmp_path, "rows.csv"))
    assert all(labels(part) == dict.fromkeys("abcdefghij", 1) for _, part in splits.items())


def test_blank_rows_are_left_out_and_named(tmp_path):
    write(tmp_path, "rows.csv", table({"a": 5, "b": 5}) + "lone text,\n,a\n  ,b\n")
    splits = make_splits(task(tmp_path, "rows.csv"))
    assert splits.blank == ("rows.csv, line 12", "rows.csv, line 13", "rows.csv, line 14")
    assert len(splits.all) == 10


def test_six_rows_are_the_least(tmp_path):
    write(tmp_path, "rows.csv", table({"a": 3, "b": 3}))
    assert [len(part) for _, part in make_splits(task(tmp_path, "rows.csv")).items()] == [2, 2, 2]
    write(tmp_path, "rows.csv", table({"a": 3, "b": 2}))
    with pytest.raises(DataError, match=r"^rows.csv: 5 usable rows; at least 6 labelled rows are needed$"):
        make_splits(task(tmp_path, "rows.csv"))


def test_a_file_of_blank_rows_only(tmp_path):
    write(tmp_path, "rows.csv", "text,label\na,\nb,\n")
    with pytest.raises(DataError, match=r"^rows.csv: every row has a blank 'text' or a blank 'label'$"):
        make_splits(task(tmp_path, "rows.csv"))


def test_too_few_groups(tmp_path):
    rows = [{"text": sentence(n), "label": "xy"[n % 2], "who": n % 2} for n in range(10)]
    jsonl(tmp_path, "rows.jsonl", rows)
    with pytest.raises(DataError) as caught:
        make_splits(task(tmp_path, "rows.jsonl", group="who"))
    message = str(caught.value)
    assert message.startswith("rows.jsonl, line 1 and 9 more rows are 2 group(s), too few for train and dev and test;")


def test_the_same_text_never_stands_in_two_splits():
    texts = ["Good morning", "good  MORNING", "good morning "]
    examples = [example(n, text=texts[n % 3] if n < 9 else None) for n in range(40)]
    parts = cut(examples, SHARES, seed=0, stratify=False)
    homes = [name for name, part in parts.items() if any(e.input.casefold().startswith("good") for e in part)]
    assert len(homes) == 1


def test_groups_are_stratified_as_well_as_possible():
    examples = [example(n, label="ab"[n // 100], group=str(n // 5)) for n in range(200)]
    parts = cut(examples, SHARES, seed=3, stratify=True)
    assert {name: dict(labels(part)) for name, part in parts.items()} == {
        "train": {"a": 60, "b": 60},
        "dev": {"a": 20, "b": 20},
        "test": {"a": 20, "b": 20},
    }


def test_one_giant_group_leaves_something_for_every_split():
    examples = [example(n, group="giant" if n < 90 else f"g{n % 2}") for n in range(100)]
    parts = cut(examples, SHARES, seed=0, stratify=False)
    assert {name: len(part) for name, part in parts.items()} == {"train": 90, "dev": 5, "test": 5}


@st.composite
def data_sets(draw):
    count = draw(st.integers(6, 80))
    grouped = draw(st.booleans())
    return [
        example(
            n,
            label=draw(st.sampled_from("abcd")),
            group=draw(st.sampled_from("pqrstuvw") | st.none()) if grouped else None,
            text=draw(st.sampled_from(["same", "Same"]) | st.just(f"text {n}")),
        )
        for n in range(count)
    ]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(examples=data_sets(), seed=st.integers(0, 2**32 - 1), stratify=st.booleans(), shuffle=st.randoms())
def test_a_cut_is_a_partition_by_groups_and_only_the_seed_decides(examples, seed, stratify, shuffle):
    units = {e.group or e.input.casefold() for e in examples}
    if len(units) < 3:
        with pytest.raises(DataError):
            cut(examples, SHARES, seed, stratify)
        return
    parts = cut(examples, SHARES, seed, stratify)
    assert sorted(e.id for part in parts.values() for e in part) == sorted(e.id for e in examples)
    assert all(parts.values())
    home = {}
    for name, part in parts.items():
        for e in part:
            assert home.setdefault(e.group or e.input.casefold(), name) == name
    shuffled = list(examples)
    shuffle.shuffle(shuffled)
    assert cut(shuffled, SHARES, seed, stratify) == parts


@settings(max_examples=100)
@given(counts=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=1), seed=st.integers(0, 99))
def test_every_label_is_divided_by_its_shares(counts, seed):
    names = [label for label, count in counts.items() for _ in range(count)]
    examples = [example(n, label) for n, label in enumerate(names)]
    if len(examples) < 3:
        return
    parts = {name: labels(part) for name, part in cut(examples, SHARES, seed, stratify=True).items()}
    for label, count in counts.items():
        for name, share in SHARES.items():
            if len(examples) > 8:  # below, no split may stay empty
                assert abs(parts[name][label] - count * share / 5) <= 1.2
            assert parts[name][label] >= (1 if count >= 3 and len(examples) > 8 else 0)


def test_inputs_that_are_all_the_same_are_one_sentence(tmp_path):
    for count, have in ((1, "have one and the same input"), (2, "have only 2 different inputs")):
        jsonl(tmp_path, "rows.jsonl", [{"text": "ab"[n % count], "label": "xy"[n % 2]} for n in range(10)])
        with pytest.raises(
            DataError, match=f"line 1 and 9 more rows {have}, too few for train and dev and test; valid are"
        ):
            make_splits(task(tmp_path, "rows.jsonl"))
