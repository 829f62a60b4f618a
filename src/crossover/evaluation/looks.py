"""In which order the rows of a race are met, and after how many of them one looks."""

from __future__ import annotations

import random
from collections.abc import Sequence

from crossover.data.clusters import clusters
from crossover.types import Example

FIRST = 32  # rows before the first look, and between two at the least: what is asked at once
GROWTH = 1.15  # between the rows of two looks: who is lost is asked no more than that too many


def shuffled(examples: Sequence[Example], seed: int) -> list[Example]:
    """The examples in random order, those of a cluster one behind the other."""
    members: dict[str, list[Example]] = {}
    for example, cluster in zip(examples, clusters(examples), strict=True):
        members.setdefault(cluster, []).append(example)
    names = list(members)
    random.Random(f"race {seed}").shuffle(names)
    return [example for name in names for example in members[name]]


def looks(examples: Sequence[Example]) -> list[int]:
    """After how many of the examples, as `shuffled` gives them, one looks: no cluster is parted; all of them come last."""
    names, found = clusters(examples), [0]
    for end in range(1, len(examples)):
        if names[end] != names[end - 1] and end >= max(found[-1] + FIRST, GROWTH * found[-1]):
            found.append(end)
    return [*found[1:], len(examples)]
