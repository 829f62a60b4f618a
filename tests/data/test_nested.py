"""Smaller data sets inside larger ones: nested, like the whole, and no group on both sides."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crossover.data.nested import beginning, dealt, flat, nested
from crossover.types import Example

ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([None, "g1", "g2", "g3"]), st.integers(0, 30)),
    min_size=1,
    max_size=60,
)


def made(rows: list[tuple[str, str | None, int]]) -> list[Example]:
    return [Example(f"e{i}", f"text {number}", label, group) for i, (label, group, number) in enumerate(rows)]


def ids(examples: list[Example]) -> list[str]:
    return [example.id for example in examples]


def units(examples: list[Example]) -> dict[str, set[str]]:
    """What no cut may divide: each group, and each input, with its rows."""
    found: dict[str, set[str]] = {}
    for example in examples:
        for name in filter(None, (example.group, example.input)):
            found.setdefault(name, set()).add(example.id)
    return found


@given(ROWS, st.integers(0, 5), st.booleans())
def test_fewer_rows_lie_among_more_and_no_group_is_divided(
    rows: list[tuple[str, str | None, int]], seed: int, stratify: bool
) -> None:
    examples = made(rows)
    order = nested(examples, seed, stratify)
    assert sorted(ids(flat(order))) == sorted(ids(examples))
    before: set[str] = set()
    for count in range(len(examples) + 2):
        kept = set(ids(beginning(order, count)))
        assert before <= kept
        assert kept, "never nothing"
        assert all(rows <= kept or not rows & kept for rows in units(examples).values())
        before = kept
    assert before == set(ids(examples))


@given(st.lists(st.sampled_from("aaab"), min_size=4, max_size=80), st.integers(0, 9), st.integers(1, 80))
def test_each_beginning_has_each_labels_share_to_a_row(labels: list[str], seed: int, count: int) -> None:
    examples = [Example(f"e{i}", f"text {i}", label) for i, label in enumerate(labels)]
    kept = beginning(nested(examples, seed, stratify=True), count)
    assert len(kept) == min(count, len(examples))
    for label, total in Counter(labels).items():
        share = total * len(kept) / len(examples)
        assert abs(sum(e.output == label for e in kept) - share) <= 1 + 1e-9


@given(ROWS, st.integers(1, 6), st.integers(0, 5))
def test_parts_share_no_group_and_lose_no_row(rows: list[tuple[str, str | None, int]], parts: int, seed: int) -> None:
    examples = made(rows)
    found = dealt(examples, parts, seed, stratify=True)
    assert sorted(ids(flat(found))) == sorted(ids(examples))
    for whole in units(examples).values():
        assert sum(bool(whole & set(ids(part))) for part in found) == 1


def test_parts_are_alike_where_rows_stand_alone() -> None:
    examples = [Example(f"e{i}", f"text {i}", "ab"[i % 3 == 0]) for i in range(30)]
    for part in dealt(examples, 4, 1, stratify=True):
        counts = Counter(example.output for example in part)
        assert counts["a"] == 5
        assert counts["b"] in (2, 3)


def test_the_order_depends_on_the_seed_and_not_on_the_order_of_the_file() -> None:
    examples = [Example(f"e{i}", f"text {i}", "ab"[i % 2]) for i in range(40)]
    assert nested(examples, 1, True) == nested(examples[::-1], 1, True)
    assert nested(examples, 1, True) != nested(examples, 2, True)
