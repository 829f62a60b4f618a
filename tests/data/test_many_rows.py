"""Many rows with many labels: the same results as the plain way gives, in a number of steps that grows as the rows do."""

from __future__ import annotations

import itertools
import pickle
import random
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.checks import check
from crossover.data.finding import Finding
from crossover.data.gold import labels_shown
from crossover.data.near import _vectors, near_pairs, near_twins
from crossover.data.splits import Splits, cut
from crossover.data.task import Task
from crossover.data.text import comparable
from crossover.engine.similarity import largest_first
from crossover.types import Example


def steps(call: Callable[[], Any]) -> int:
    """How many steps (lines and instructions) Python executes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        frame.f_trace_opcodes = True
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def rows(count: int, labels: int) -> list[Example]:
    return [Example(f"{n}", f"text {n * 7919}x", f"label {n % labels}", source=f"row {n}") for n in range(count)]


def test_a_cut_takes_no_more_steps_a_row_with_more_labels() -> None:
    shares = {"train": 3, "dev": 1, "test": 1}
    few, many = rows(200, 50), rows(800, 200)
    assert steps(lambda: cut(many, shares, 0, True)) < 5 * steps(lambda: cut(few, shares, 0, True))


def test_labels_that_inputs_do_not_hold_take_no_more_steps_a_row_with_more_labels() -> None:
    def taken(labels: int) -> int:
        made = rows(2000, labels)
        labels_shown(made, "queue")  # which compiles the patterns
        return steps(lambda: labels_shown(made, "queue"))

    assert taken(200) < 2 * taken(20)


def test_the_input_of_a_row_is_made_comparable_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Counter[str]()

    def counted(text: str) -> str:
        made[text] += 1
        return comparable(text)

    monkeypatch.setattr("crossover.data.compared.comparable", counted)
    examples = [Example(f"{n}", f"Text  number {n // 2}", f"label {n % 3}", source=f"row {n}") for n in range(90)]
    parts = cut(examples, {"train": 3, "dev": 1, "test": 1}, 0, True)
    splits = Splits(*(tuple(part) for part in parts.values()), "")
    task = Task.model_validate({"name": "x", "data": "x.csv", "input": "text", "output": "label", "kind": "classify"})
    found = check(task, splits)
    assert {finding.code for finding in found} >= {"conflict"}
    assert made == Counter(example.input for example in examples), "of each row once"
    fresh = replace(examples[0])
    assert fresh == examples[0]
    assert pickle.loads(pickle.dumps(examples[0])) == fresh


def plain_rows_of_labels(examples: list[Example], labels: list[str]) -> list[str]:
    return [e.source for e in examples if [one for one in labels if one in e.input.split()] == [e.output]]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["", "ant", "bee", "cat", "ant bee"])), min_size=20, max_size=60
    )
)
def test_labels_are_shown_in_the_rows_that_hold_their_own_and_no_other(parts: list[tuple[str, str]]) -> None:
    names = {"a": "ant", "b": "bee", "c": "cat"}
    examples = [
        Example(str(n), f"we saw {names[key] if n % 30 else other} there", names[key], source=f"row {n}")
        for n, (key, other) in enumerate(parts)
    ]
    labels = sorted({example.output for example in examples})
    found = labels_shown(examples, "animal")
    wanted = plain_rows_of_labels(examples, labels)
    if len(labels) < 2 or len(wanted) < 0.95 * len(examples):
        assert found is None
    else:
        assert found is not None
        assert list(found.rows) == wanted


@pytest.mark.parametrize("seed", range(12))
def test_near_duplicates_are_those_of_all_products_of_many_forms(seed: int) -> None:
    draw = random.Random(seed)
    words = ["".join(draw.choices("etaoinshré", k=draw.randint(1, 9))) for _ in range(draw.choice([30, 300]))]
    base = [" ".join(draw.choices(words, k=draw.choice([1, 3, 12, 60]))) for _ in range(60)]
    left = ["", "!", *(f"{draw.choice(base)} {draw.choice(words)}" for _ in range(40))]
    threshold = draw.choice([0.5, 0.7, 0.9, 0.97])
    matrix = _vectors([*left, *base])
    cosines = (matrix @ matrix.T).toarray().astype(float)
    sure = abs(cosines - threshold) > 1e-5  # float32 may take the others either way
    size = len(left)
    pairs, twins = dict(near_pairs(left, base, threshold)), set(near_twins([*left, *base], threshold))
    for i in range(size):
        best = cosines[i, size:].max()
        if abs(best - threshold) > 1e-5:
            assert (i in pairs) == (best >= threshold)
        if i in pairs:
            assert cosines[i, size + pairs[i]] == pytest.approx(best, abs=1e-5)
    for i, j in itertools.combinations(range(len(cosines)), 2):
        if sure[i, j]:
            assert ((i, j) in twins) == (cosines[i, j] >= threshold)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.2000000001, 1.0]), max_size=40), st.integers(0, 50))
def test_the_first_best_are_those_of_a_whole_stable_order(values: list[float], most: int) -> None:
    similarity = numpy.array(values, dtype=float)
    whole = numpy.argsort(-similarity.round(9), kind="stable")
    assert largest_first(similarity, 9, most) == [int(i) for i in whole][:most]
    assert Counter(largest_first(similarity, 9, len(values))) == Counter(range(len(values)))


def test_near_twins_of_long_texts_take_no_memory_by_the_pair() -> None:
    draw = random.Random(1)
    words = ["".join(draw.choices("etaoinshr", k=6)) for _ in range(1200)]
    texts = [" ".join(draw.sample(words, 1000)) for _ in range(100)]  # all are nearly alike
    tracemalloc.start()
    try:
        held = sum(1 for _ in near_twins(texts, 0.7))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held == 100 * 99 / 2
    assert peak < 300_000_000  # all pairs at once took gigabytes


def test_thousands_of_unlisted_labels_take_no_more_steps_a_row_and_a_page_less() -> None:
    def findings(labels: int) -> list[Finding]:
        made = tuple(rows(3 * labels, labels))
        task = Task.model_validate(
            {"name": "t", "data": "x.csv", "input": "text", "output": "label", "kind": "classify", "labels": ["a", "b"]}
        )
        return check(task, Splits(made, made[:labels], made[labels : 2 * labels], "digest"))

    found = findings(300)
    unlisted = [one for one in found if one.code == "unlisted_label"]
    assert len(unlisted) == 21
    assert unlisted[-1].message.startswith("280 more outputs are not among the task's 2 labels: 'label 20', 'label 21', ")
    assert {row for one in unlisted for row in one.rows} == {f"row {n}" for n in range(900)}
    assert all(len(one.message) < 1000 for one in found)
    assert steps(lambda: findings(800)) < 6 * steps(lambda: findings(200))


def test_many_labels_are_looked_for_in_inputs_too() -> None:
    made = [replace(one, input=f"{one.input}: {one.output}") for one in rows(1500, 500)]
    found = labels_shown(made, "queue")
    assert found is not None
    assert len(found.rows) == 1500
