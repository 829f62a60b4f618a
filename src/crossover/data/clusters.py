"""Which items count as one: those of a group, and those with the same input, whose answers are no independent evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crossover.data.compared import compared
from crossover.types import Example


def clusters(examples: Sequence[Example], twins: Iterable[tuple[int, int]] = ()) -> list[str]:
    """The name of each example's cluster: its group's, or its input's where no group is given.

    Two groups that share an input are one cluster. Case and white space of an input do not count. `twins`: places of
    examples that belong together besides, such as near duplicates.
    """
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(key: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    inputs = [("input", compared(example)) for example in examples]
    for example, key in zip(examples, inputs, strict=True):
        root(key)
        if example.group is not None:
            parent[root(key)] = root(("group", example.group))
    for one, other in twins:
        parent[root(inputs[one])] = root(inputs[other])
    return [" ".join(root(key)) for key in inputs]
