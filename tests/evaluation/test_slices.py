"""Results by slice: which slices there are, what is pooled, and that many equal slices raise few alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import registry
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.paired import mcnemar
from crossover.evaluation.slices import EMPTY, LEAST, RANGES, Slice, by_slice, differences, slices_of
from crossover.types import Counts, Example, Raced, Record, Reply, Run, Score

ACCURACY = registry.create("metrics", "accuracy")
MACRO = registry.create("metrics", "macro_f1")


def examples(values: Sequence[str], outputs: Sequence[str] | None = None) -> list[Example]:
    golds = outputs or ["x"] * len(values)
    return [
        Example(str(i), f"input {i}", gold, slices={"by": v}) for i, (v, gold) in enumerate(zip(values, golds, strict=True))
    ]


def run(name: str, items: Sequence[Example], right: Sequence[bool | None]) -> Run:
    records = tuple(
        Record(e, Reply(), "a", None if r is None else Score(float(r))) for e, r in zip(items, right, strict=True)
    )
    return Run(name, "test", "accuracy", records, estimate([r.score for r in records], "mean", True))


def test_labels_groups_and_named_columns_each_make_slices_of_their_items() -> None:
    items = [
        Example(
            str(i),
            f"input {i}",
            "yes" if i % 2 else "no",
            group=f"g{i % 3}",
            slices={"channel": "web" if i < 20 else "app"},
        )
        for i in range(40)
    ]
    found, said = slices_of(items, "label", "customer")
    assert [(one.column, one.value, len(one.items)) for one in found] == [
        ("label", "no", 20), ("label", "yes", 20),
        ("customer", "g0", 14), ("customer", "g1", 13), ("customer", "g2", 13),
        ("channel", "web", 20), ("channel", "app", 20),
    ]  # fmt: skip
    assert said == []


def test_small_values_are_pooled_and_said_and_a_column_without_a_large_one_says_nothing() -> None:
    found, said = slices_of(examples(["a"] * 30 + ["b"] * 4 + ["c"] * 3), None, None)
    assert [(one.value, len(one.items), one.pooled) for one in found] == [("a", 30, 0), ("2 other values", 7, 2)]
    assert said == [f"slices by 'by': 2 values with fewer than {LEAST} test items are pooled"]
    assert slices_of(examples([f"v{i}" for i in range(60)]), None, None) == (
        [],
        [f"slices by 'by': 60 values, none with {LEAST} test items or more, so nothing is said by it"],
    )
    assert slices_of(examples(["a"] * 60), None, None)[1] == [
        "slices by 'by': all test items have the same value, so it makes no slice"
    ]
    grouped = [Example(str(i), f"input {i}", "x", group=str(i)) for i in range(40)]
    assert slices_of(grouped, None, "customer") == ([], []), "nobody asked for it"


def test_many_numbers_become_ranges_of_about_as_many_items_and_few_stay() -> None:
    found, said = slices_of(examples([str(18 + i) for i in range(60)] + [""] * 12), None, None)
    assert sorted((one.value, len(one.items)) for one in found) == [
        (EMPTY, 12), ("18 to 32", 15), ("33 to 47", 15), ("48 to 62", 15), ("63 to 77", 15),
    ]  # fmt: skip
    assert said == [f"slices by 'by': 60 different numbers, in {RANGES} ranges of about as many test items each"]
    large, _ = slices_of(examples([str(1_700_000_000 + i) for i in range(60)]), None, None)
    assert sorted(one.value for one in large)[0] == "1700000000 to 1700000014"
    assert [len(one.items) for one in large] == [15] * RANGES, "however close beside their size"
    few, _ = slices_of(examples(["1", "2", "3"] * 20), None, None)
    assert {one.value for one in few} == {"1", "2", "3"}


@given(
    st.lists(
        st.sampled_from(["a", "b", "", "7", "8.5", "nan", "ü", "c"]) | st.integers(0, 99).map(str), min_size=1, max_size=80
    )
)
@settings(max_examples=60)
def test_each_item_is_in_at_most_one_slice_of_a_column_and_none_is_lost(values: list[str]) -> None:
    items = examples(values)
    found, _ = slices_of(items, None, None)
    ids = [identity for one in found for identity in one.items]
    assert len(ids) == len(set(ids))
    assert not found or set(ids) == {item.id for item in items}
    assert all(len(one.items) >= LEAST for one in found if not one.pooled)


def test_a_slice_has_the_value_interval_and_number_of_its_own_answered_items() -> None:
    items = examples(["a"] * 20 + ["b"] * 20)
    made = run("one", items, [True] * 15 + [False] * 5 + [None] * 4 + [True] * 4 + [False] * 12)
    a, b = by_slice(made, ACCURACY, slices_of(items, None, None)[0])
    assert a == estimate([Score(1.0)] * 15 + [Score(0.0)] * 5, "mean", True)
    assert (b.n, b.value) == (16, 0.25)


def test_a_macro_f1_within_a_label_is_the_share_of_right_answers() -> None:
    golds = ["x"] * 20 + ["y"] * 20
    items = examples(golds, golds)
    given_ = ["x"] * 12 + ["y"] * 8 + ["y"] * 20
    records = tuple(Record(e, Reply(), a, MACRO.score(e.output, a)) for e, a in zip(items, given_, strict=True))
    assert records[15].score == Score(0.0, {"x": Counts(fn=1), "y": Counts(fp=1)})
    found = by_slice(
        Run("one", "test", "macro_f1", records, estimate([], "mean", True)), MACRO, slices_of(items, "label", None)[0]
    )
    assert [one.value for one in found][:2] == [0.6, 1.0]


def test_differences_are_paired_exact_and_adjusted_over_all_slices_and_rivals() -> None:
    items = examples(["a"] * 30 + ["b"] * 30)
    own = run("own", items, [False] * 10 + [True] * 20 + [True] * 30)
    other = run("other", items, [True] * 30 + [True] * 30)
    same = run("same", items, [False] * 10 + [True] * 20 + [True] * 30)
    slices, _ = slices_of(items, None, None)
    found = differences(own, [other, same], ACCURACY, slices)
    assert [(f.slice.value, f.other) for f in found] == [("a", "other"), ("a", "same"), ("b", "other"), ("b", "same")]
    assert found[0].result.difference == pytest.approx(-1 / 3)
    assert found[0].result.p == mcnemar(0, 10)
    assert found[0].p_adjusted == pytest.approx(4 * mcnemar(0, 10))
    assert all(f.p_adjusted == 1.0 for f in found[1:])


def test_by_label_who_always_answers_the_same_is_no_rival() -> None:
    """It is right in all of one label, which says nothing of whoever else is not."""
    golds = ["x"] * 30 + ["y"] * 30
    items = examples(["a", "b"] * 30, golds)
    always = run("always", items, [gold == "x" for gold in golds])
    other = run("other", items, [True] * 60)
    other = replace(other, records=tuple(replace(r, prediction=r.example.output) for r in other.records))
    own = run("own", items, [False] * 10 + [True] * 50)
    slices, _ = slices_of(items, "queue", None)
    found = differences(own, [always, other], ACCURACY, slices, label="queue")
    assert {(f.slice.column, f.slice.value, f.other) for f in found} == {
        ("queue", "x", "other"), ("queue", "y", "other"), *(("by", v, o) for v in "ab" for o in ("always", "other")),
    }  # fmt: skip


def test_runs_of_which_one_stopped_early_are_compared_where_both_have_answers() -> None:
    items = examples(["a"] * 30 + ["b"] * 30)
    own, short = run("own", items, [True] * 60), run("short", items[:40], [False] * 40)
    found = differences(own, [short], ACCURACY, slices_of(items, None, None)[0])
    assert [(f.slice.value, f.result.n) for f in found] == [("a", 30), ("b", 10)]


def test_pooled_values_are_shown_and_not_tested() -> None:
    items = examples(["a"] * 30 + ["b"] * 4)
    slices, _ = slices_of(items, None, None)
    found = differences(run("own", items, [True] * 34), [run("other", items, [False] * 34)], ACCURACY, slices)
    assert {f.slice.value for f in found} == {"a"}


def test_equal_candidates_are_told_apart_in_some_slice_of_twelve_in_at_most_five_of_a_hundred_studies() -> None:
    rng, alarms = np.random.default_rng(3), 0
    items = examples([f"v{i % 12}" for i in range(240)])
    slices: list[Slice] = slices_of(items, None, None)[0]
    assert len(slices) == 12
    for _ in range(150):
        sides = [run(name, items, [bool(r) for r in rng.random(240) < 0.7]) for name in "abc"]
        alarms += any(f.p_adjusted < 0.05 for f in differences(sides[0], sides[1:], ACCURACY, slices))
    assert alarms <= 12  # 5 % and two standard errors


def test_intervals_in_a_slice_are_of_the_kind_that_the_run_has() -> None:
    items = examples(["a", "b"] * 40)
    slices, _ = slices_of(items, None, None)
    whole, other = run("x", items, [i % 3 > 0 for i in range(80)]), run("y", items, [i % 5 > 0 for i in range(80)])
    plain = by_slice(whole, ACCURACY, slices)[0]
    [alone, *_] = differences(whole, [other], ACCURACY, slices)
    for changed in (replace(whole, folds=5, design=2.25), replace(whole, raced=Raced(160))):
        found = by_slice(changed, ACCURACY, slices)[0]
        assert (found.n, found.value) == (plain.n, plain.value)
        assert found.high - found.low > 1.2 * (plain.high - plain.low)
        [against, *_] = differences(changed, [other], ACCURACY, slices)
        assert against.result.high - against.result.low > 1.2 * (alone.result.high - alone.result.low)
        assert against.result.p >= alone.result.p
