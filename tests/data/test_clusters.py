"""clusters: which examples count as one."""

from crossover.data.clusters import clusters
from crossover.types import Example


def named(*rows: tuple[str, str | None]) -> list[int]:
    found = clusters([Example(str(i), text, "gold", group) for i, (text, group) in enumerate(rows)])
    return [found.index(name) for name in found]


def test_the_same_input_counts_once_whatever_its_case_and_spaces() -> None:
    assert named(("a b", None), ("c", None), ("A  b ", None)) == [0, 1, 0]


def test_a_group_is_one_and_groups_that_share_an_input_are_one() -> None:
    assert named(("a", "x"), ("b", "x"), ("c", "y"), ("d", None)) == [0, 0, 2, 3]
    assert named(("a", "x"), ("b", "y"), ("c", "z"), ("a", "y"), ("c", None)) == [0, 0, 2, 0, 2]


def test_a_group_is_never_taken_for_an_input() -> None:
    assert named(("x", None), ("b", "x")) == [0, 1]
    assert named() == []
