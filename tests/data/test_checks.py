"""Checks: each finding on data made for it, and none on clean data."""

import random
import tracemalloc

import pytest

from crossover.data import leaks
from crossover.data.checks import check, check_lengths
from crossover.data.finding import Finding, raise_on_errors
from crossover.data.infer import prepare
from crossover.data.near import near_pairs, near_twins
from crossover.data.splits import Splits
from crossover.errors import DataError
from crossover.types import Example
from tests.data.builders import jsonl, sentence, table, task, write


def examples(name, start, pairs, group=None):
    return tuple(
        Example(f"{name}{n}", sentence(start + n) if text is None else text, label, group, f"{name}.csv, row {n}")
        for n, (text, label) in enumerate(pairs, start=1)
    )


def clean(start, count):
    return [(None, "xy"[n % 2]) for n in range(count)]


def splits(train=(), dev=(), test=(), blank=()):
    """Clean splits of 12, 4 and 4 rows, with the rows given after them."""
    return Splits(
        examples("train", 0, [*clean(0, 12), *train]),
        examples("dev", 90, [*clean(90, 4), *dev]),
        examples("test", 100, [*clean(100, 4), *test]),
        "0" * 64,
        tuple(blank),
    )


@pytest.fixture
def classify(tmp_path):
    return task(tmp_path, "rows.csv", kind="classify")


def only(findings):
    [found] = findings
    return found


def test_clean_data_has_no_findings(classify):
    assert check(classify, splits()) == []


def test_blank_rows(classify):
    found = only(check(classify, splits(blank=["train.csv, row 3"])))
    assert found == Finding("warning", "blank", "1 row with a blank input or output, left out", ("train.csv, row 3",))


def test_duplicates_inside_a_split(classify):
    found = only(check(classify, splits(train=[("Lost  parcel", "x"), ("lost PARCEL", "x")])))
    assert (found.level, found.code) == ("warning", "duplicates")
    assert found.message == "train: 1 row with the same input and output as an earlier row"
    assert found.rows == ("train.csv, row 14 = train.csv, row 13",)


def test_conflicting_labels(classify, tmp_path):
    doubtful = splits(train=[("lost parcel", "x"), ("Lost parcel", "y")])
    found = only(check(classify, doubtful))
    assert (found.level, found.code) == ("warning", "conflict")
    assert found.rows == ("train.csv, row 13 (x), train.csv, row 14 (y)",)
    assert check(task(tmp_path, "rows.csv", kind="generate"), doubtful) == []


def test_exact_leakage(classify):
    leaky = splits(
        train=[("Lost parcel", "x")], dev=[("a blue boat", "x")], test=[("lost parcel", "x"), ("A blue boat", "x")]
    )
    to_train, to_dev, known = check(classify, leaky)
    assert (to_train.level, to_train.code) == ("warning", "leak_exact")
    assert to_train.message == "test shares 1 input of its 6 with train: scores on test will look too good"
    assert to_train.rows == ("test.csv, row 5 = train.csv, row 13",)
    assert to_dev.rows == ("test.csv, row 6 = dev.csv, row 5",)
    assert (known.level, known.code) == ("info", "known_before"), "a third of test: it goes before any verdict"
    assert known.message.startswith("2 of 6 test rows stand in train or dev, too")
    assert known.rows == ("test.csv, row 5", "test.csv, row 6")


def test_the_odd_row_that_people_write_twice_is_no_reason_to_doubt_a_study(classify):
    many = [(f"{word} {number}", "x") for number in range(10) for word in ("boat", "bee")]
    assert {f.code for f in check(classify, splits(train=[("boat 1", "x")], test=many))} == {"leak_exact"}


def test_near_leakage(classify):
    text = "my parcel was left in the rain behind the garden shed and is now completely ruined"
    leaky = splits(train=[(text, "x")], test=[(text.replace("garden", "gardens"), "x")])
    found = only(check(classify, leaky))
    assert (found.level, found.code) == ("warning", "leak_near")
    assert found.message == "test has 1 input of its 5 nearly the same as one in train (similarity 0.9 or more)"
    assert found.rows == ("test.csv, row 5 ~ train.csv, row 13",)


def test_a_group_in_two_splits(classify):
    own = splits()
    shared = Splits(
        own.train + examples("train", 20, [(None, "x")], "Ann"),
        own.dev,
        own.test + examples("test", 110, [(None, "y")], "Ann"),
        own.sha256,
    )
    found = only(check(classify, shared))
    assert (found.level, found.code, found.rows) == ("warning", "leak_group", ("test.csv, row 1",))
    assert found.message.startswith("1 group(s) are in more than one split, such as 'Ann'")


def test_one_label_only_is_an_error(classify):
    parts = [examples(name, start, [(None, "x")] * 6) for name, start in (("train", 0), ("dev", 30), ("test", 60))]
    found = only(check(classify, Splits(*parts, "0" * 64)))
    assert (found.level, found.code) == ("error", "one_label")
    with pytest.raises(DataError, match=r"^every row has the output 'x': there is nothing to decide"):
        raise_on_errors([found])


def test_labels_outside_the_tasks_list_are_errors(tmp_path):
    listed = task(tmp_path, "rows.csv", kind="classify", labels=["x", "z"])
    error, unused = check(listed, splits())
    assert (error.level, error.code) == ("error", "unlisted_label")
    assert error.message == "the output 'y' is not among the task's labels; valid: x, z"
    assert error.rows[:2] == ("train.csv, row 2", "train.csv, row 4")
    assert (unused.level, unused.code, unused.message) == ("warning", "unused_label", "no row has the label 'z'")
    with pytest.raises(DataError, match=r"valid: x, z \(train.csv, row 2; train.csv, row 4, and 8 more\)$"):
        raise_on_errors([error, unused])
    with pytest.raises(DataError, match=r"; there is 1 more error$"):
        raise_on_errors([error, error])
    raise_on_errors([unused])


def test_labels_that_train_does_not_have(classify):
    found = only(check(classify, splits(test=[(None, "new"), (None, "new"), (None, "odd")])))
    assert (found.level, found.code) == ("warning", "unseen_label")
    assert found.message == "test: no training row has the label 'new', 'odd'"
    assert found.rows == ("test.csv, row 5", "test.csv, row 6", "test.csv, row 7")


def test_labels_that_differ_in_case_only(classify):
    found = [f for f in check(classify, splits(train=[(None, "X ")] * 5)) if f.code == "label_variants"]
    assert only(found).message.startswith("the labels 'x', 'X ' differ only in case or white space")
    assert only(found).rows == tuple(f"train.csv, row {n}" for n in range(13, 18))


@pytest.mark.parametrize(
    "same",
    [
        *(("don't", "don’t"), ("3", "+3"), ("-1", "−1"), ("1.5", "1.50"), ("e-mail", "e‑mail"), ('"yes"', "“yes”", "yes")),
        *(
            ("Ａ1", "a1"),
            ("card_payment", "card payment", "card-payment"),
            ("spam", "spam."),
            ("cat", "саt"),
            ("ﬁn", "fin"),
            ("٣", "3"),
        ),
    ],
)
def test_labels_that_only_their_typing_tells_apart_are_said(classify, same):
    rows = [(None, label) for label in same for _ in range(6)]
    found = [f for f in check(classify, splits(train=rows)) if f.code == "label_variants"]
    names = ", ".join(f"'{label}'" for label in same)
    assert only(found).message == f"the labels {names} differ only in how they are typed: they count as different labels"


@pytest.mark.parametrize(
    "other",
    [
        *(("C", "C++", "C#"), ("m²", "m2"), ("007", "7"), ("-3", "3"), ("1,000", "1"), ("not spam", "spam"), ("A-", "A+")),
        *((":)", ":("), ("<s>", "</s>"), ("être", "etre"), ("кот", "kot"), ("1.5", "15"), ("v1.0", "v10"), ("?", "!")),
    ],
)
def test_labels_that_differ_in_more_than_their_typing_are_not(classify, other):
    rows = [(None, label) for label in other for _ in range(6)]
    assert [f for f in check(classify, splits(train=rows)) if f.code == "label_variants"] == []


def test_a_label_that_is_written_for_an_absent_one_is_said(classify):
    rows = [(None, label) for label in ("nan", "N/A", "-", "none of it") for _ in range(6)]
    found = [f for f in check(classify, splits(train=rows)) if f.code == "absent_label"]
    assert only(found).message.startswith("18 rows with the label '-', 'N/A', 'nan': if that stands for an absent label")
    assert [f for f in check(classify, splits()) if f.code == "absent_label"] == []


def test_labels_that_are_all_joined_are_several_a_row(classify):
    outputs = ["defect|urgent", "visit|calm", "billing|urgent"]
    pairs = [(None, outputs[n % 3]) for n in range(12)]
    joined = Splits(*(examples(name, 20 * n, pairs) for n, name in enumerate(("train", "dev", "test"))), "0" * 64)
    found = [f for f in check(classify, joined) if f.code == "several_labels"]
    assert only(found).message.startswith("36 rows with several labels, such as 'billing|urgent'")


def test_white_space_around_every_label_is_none_of_it(tmp_path):
    rows = [{"text": sentence(n), "label": f" {'ab'[n % 2]}"} for n in range(12)]
    made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, kind="classify"))
    assert list(made.task.labels) == ["a", "b"]


def test_few_rows_and_imbalance(classify):
    few, imbalance = check(classify, splits(train=[*[(None, "x")] * 60, (None, "z"), (None, "z")]))
    assert (few.code, few.message) == ("few_rows", "1 of 3 labels has fewer than 5 training rows: z (2)")
    assert (imbalance.code, imbalance.level) == ("imbalance", "warning")
    assert imbalance.message == "the labels are unbalanced in train: 'x' has 66 rows, 'z' has 2"


def test_errors_come_first(tmp_path):
    listed = task(tmp_path, "rows.csv", kind="classify", labels=["x"])
    findings = check(listed, splits(blank=["train.csv, row 9"]))
    assert [f.level for f in findings] == ["error", "warning"]


def test_a_label_that_is_only_in_test_is_a_warning_when_the_labels_were_inferred(tmp_path):
    write(tmp_path, "train.csv", table({"a": 10, "b": 10}))
    write(tmp_path, "test.csv", "text,label\nfirst scarlet thing,c\n")
    data = {"train": "train.csv", "test": "test.csv"}
    prepared = prepare(task(tmp_path, data, kind="classify"))
    assert list(prepared.task.labels) == ["a", "b"]
    assert [(f.level, f.code) for f in prepared.findings] == [("warning", "unseen_label")]
    given = prepare(task(tmp_path, data, kind="classify", labels=["a", "b"]))
    assert [(f.level, f.code) for f in given.findings] == [("error", "unlisted_label"), ("warning", "unseen_label")]


def test_inputs_longer_than_the_window():
    rows = examples("train", 0, [("one two three", "x"), ("one", "x"), ("one two", "x")])

    def count(text):
        return len(text.split())

    assert check_lengths(rows, count, window=13, reserve=10) == []
    found = only(check_lengths(rows, count, window=12, reserve=10))
    assert (found.level, found.code, found.rows) == ("warning", "too_long", ("train.csv, row 1",))
    assert found.message == (
        "1 of 3 inputs exceed the context window of 12 tokens with 10 kept for prompt and answer; the longest has 3 tokens"
    )
    assert only(check_lengths(rows, count, window=10, reserve=10)).level == "error"


def mutated(text, chance):
    words = text.split()
    words[chance.randrange(len(words))] += chance.choice(["s", "ing", "x"])
    return " ".join(words)


@pytest.mark.parametrize("threshold", [0.7, 0.9])
def test_near_pairs_are_those_of_all_products(threshold):
    from sklearn.feature_extraction.text import TfidfVectorizer

    chance = random.Random(1)
    vocabulary = ["".join(chance.choices("etaoinshr", weights=range(9, 0, -1), k=chance.randint(2, 8))) for _ in range(150)]
    right = [" ".join(chance.choices(vocabulary, k=chance.randint(1, 12))) for _ in range(120)]
    left = [mutated(chance.choice(right), chance) for _ in range(90)] + ["", "!"]
    matrix = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4)).fit_transform([*left, *right])
    cosines = (matrix[: len(left)] @ matrix[len(left) :].T).toarray()
    wanted = {i: cosines[i].max() for i in range(len(left)) if cosines[i].max() >= threshold}
    found = near_pairs(left, right, threshold)
    assert 10 < len(found) < 90
    assert [i for i, _ in found] == sorted(wanted)
    assert [cosines[i][j] for i, j in found] == pytest.approx([wanted[i] for i, _ in found], abs=1e-5)


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_near_twins_are_those_of_all_products(threshold):
    from sklearn.feature_extraction.text import TfidfVectorizer

    chance = random.Random(7)
    words = [f"w{n}" for n in range(60)]
    texts = [" ".join(chance.choices(words, k=chance.randrange(12))) for _ in range(40)]
    texts += [" ".join(word if chance.random() > 0.1 else "new" for word in text.split()) for text in texts]
    matrix = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4)).fit_transform(texts)
    cosines = (matrix @ matrix.T).toarray()
    expected = {(i, j) for i in range(80) for j in range(i + 1, 80) if cosines[i, j] >= threshold}
    assert expected
    assert set(near_twins(texts, threshold)) == expected


def test_test_rows_that_are_nearly_each_other_are_said(classify):
    more = [(f"please send the parcel number {n} to the old address at once", "xy"[n % 2]) for n in range(6)]
    found = only(check(classify, splits(test=more)))
    assert (found.level, found.code, len(found.rows)) == ("warning", "alike_test", 6)
    assert found.message.startswith("6 of 10 test rows are nearly the same as another one (similarity 0.9 or more): if")
    made = splits()
    grouped = examples("test", 100, clean(100, 4)) + examples("again", 0, more, group="letter")
    assert check(classify, Splits(made.train, made.dev, grouped, "0" * 64)) == []


def test_near_pairs_of_nothing():
    assert near_pairs([], ["a text"]) == []
    assert near_pairs(["a text"], []) == []
    assert near_pairs([" "], ["a text"]) == []


def test_leaks_are_found_from_files(tmp_path):
    rows = [{"text": sentence(n), "label": "xy"[n % 2]} for n in range(12)]
    jsonl(tmp_path, "train.jsonl", rows)
    jsonl(tmp_path, "test.jsonl", [rows[3], {"text": "one fresh remark", "label": "y"}])
    [found] = [
        f
        for f in prepare(task(tmp_path, {"train": "train.jsonl", "test": "test.jsonl"})).findings
        if f.code == "leak_exact"
    ]
    assert found.rows == ("test.jsonl, line 1 = train.jsonl, line 4",)


def test_long_outputs_that_stand_whole_in_their_inputs_are_noticed(tmp_path):
    def found(text):
        rows = [{"text": text.format(sentence(n), f"{sentence(n + 40)} so says {sentence(n)}")} for n in range(12)]
        for n, row in enumerate(rows):
            row["label"] = f"{sentence(n + 40)} so says {sentence(n)}"
        made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, kind="generate"))
        return [finding.message for finding in made.findings if finding.code == "gold_in_input"]

    assert found("Of {0}: {1}, says who?") == ["12 of 12 inputs hold their whole output: is the answer shown?"]
    assert found("Question: {0}") == []


def test_a_group_in_another_unicode_form_is_the_same_group(tmp_path):
    names = ["José", "Jose\u0301", " José"]
    rows = [{"text": sentence(n), "label": "xy"[n % 2], "who": names[n] if n < 3 else f"w{n}"} for n in range(12)]
    made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, group="who"))
    homes = [name for name, split in made.splits.items() for example in split if example.group == "José"]
    assert len(homes) == 3
    assert len(set(homes)) == 1


def test_a_group_that_is_a_number_is_one_however_it_is_typed(tmp_path):
    jsonl(tmp_path, "train.jsonl", [{"text": sentence(n), "label": "xy"[n % 2], "who": n // 2} for n in range(12)])
    rows = [
        {"text": sentence(n), "label": "xy"[n % 2], "who": f"{n // 2 - 20}.0" if n < 44 else " "} for n in range(40, 50)
    ]
    jsonl(tmp_path, "test.jsonl", rows)
    made = prepare(task(tmp_path, {"train": "train.jsonl", "test": "test.jsonl"}, group="who"))
    [found] = [f for f in made.findings if f.code == "leak_group" and "test.jsonl, line 1" in f.rows]
    assert [row for row in found.rows if row.startswith("test")] == [f"test.jsonl, line {n}" for n in range(1, 5)]
    assert [example.group for example in made.splits.test] == ["0", "0", "1", "1", *[None] * 6]


def test_an_output_that_nobody_sees_is_blank(tmp_path):
    rows = [{"text": sentence(n), "label": "\u200b" if n == 3 else "xy"[n % 2]} for n in range(12)]
    made = prepare(task(tmp_path, jsonl(tmp_path, "rows.jsonl", rows).name, kind="classify"))
    assert made.splits.blank == ("rows.jsonl, line 4",)


def test_yes_and_y_are_said_to_be_typed_otherwise(classify):
    rows = [(None, label) for label in ("yes", "no", "Y", "N") for _ in range(6)]
    found = [f.message for f in check(classify, splits(train=rows)) if f.code == "label_variants"]
    assert len(found) == 2
    assert all(
        f"'{short}'" in " ".join(found) and f"'{whole}'" in " ".join(found) for short, whole in (("Y", "yes"), ("N", "no"))
    )


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("yes", "no", "Y"), ["'yes', 'Y'"]),
        (("Yes", "Y", "maybe"), ["'Yes', 'Y'"]),
        (("yes", "no", "n"), ["'no', 'n'"]),
        (("Y", "N", "No"), ["'N', 'No'"]),
        (("n", "no", "adj"), []),
        (("x", "y", "yes"), []),
    ],
)
def test_a_short_answer_is_said_beside_the_whole_one(classify, labels, said):
    rows = examples("train", 0, [(None, label) for label in labels for _ in range(6)])
    found = [f.message for f in check(classify, Splits(rows, (), (), "0" * 64)) if f.code == "label_variants"]
    assert [one.split(" differ ")[0].removeprefix("the labels ") for one in found] == said


def test_many_equal_test_rows_are_not_paired_one_by_one():
    equal = [("Hello there", "x"), ("good morning to you", "y")] * 800
    tracemalloc.start()
    try:
        assert leaks.met_before(splits(test=equal)) == []
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 50 << 20, "bytes: all pairs of equal rows took far more"
