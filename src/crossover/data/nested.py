"""Smaller data sets inside a larger one, each inside the next: like the whole in its labels, with groups left whole."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain

from crossover.data.clusters import clusters
from crossover.types import Example

Unit = list[Example]  # rows that stay together: of one group, or with the same input


def nested(examples: Sequence[Example], seed: int, stratify: bool) -> list[Unit]:
    """All examples as units in an order of which each beginning is a smaller data set like the whole.

    Each unit stands at its share of the rows of its (most frequent) label, in an order that only `seed` decides: so a
    beginning has every label's share, to a row. Without `stratify` labels do not count.
    """
    units = _units(examples, seed)
    labels = [_label(unit, stratify) for unit in units]
    totals: Counter[str] = Counter()
    for unit, label in zip(units, labels, strict=True):
        totals[label] += len(unit)
    done: Counter[str] = Counter()
    placed = []
    for order, (unit, label) in enumerate(zip(units, labels, strict=True)):
        placed.append(((done[label] + len(unit) / 2) / totals[label], order, unit))
        done[label] += len(unit)
    return [unit for *_, unit in sorted(placed, key=lambda place: place[:2])]


def beginning(units: Sequence[Unit], rows: int) -> list[Example]:
    """The first whole units, of as nearly so many rows as can be: at least one unit, and more of them for more rows."""
    kept: list[Example] = []
    for unit in units:
        if kept and len(kept) + len(unit) / 2 > rows:
            break
        kept += unit
    return kept


def dealt(examples: Sequence[Example], parts: int, seed: int, stratify: bool) -> list[list[Example]]:
    """The examples in so many parts of like size and like labels, whole units in each; a part may stay empty."""
    found: list[list[Example]] = [[] for _ in range(parts)]
    held: list[Counter[str]] = [Counter() for _ in range(parts)]
    for unit in sorted(_units(examples, seed), key=len, reverse=True):
        label = _label(unit, stratify)
        part = min(range(parts), key=lambda p: (held[p][label], len(found[p]), p))
        found[part] += unit
        held[part][label] += len(unit)
    return found


def flat(units: Sequence[Unit]) -> list[Example]:
    """All rows of the units, in their order."""
    return list(chain.from_iterable(units))


def _units(examples: Sequence[Example], seed: int) -> list[Unit]:
    """In an order that only the seed decides, as that inside a unit."""

    def key(example: Example) -> str:
        return hashlib.sha256(f"{seed}\0{example.id}".encode()).hexdigest()

    found: defaultdict[str, Unit] = defaultdict(list)
    for example, name in zip(examples, clusters(examples), strict=True):
        found[name].append(example)
    for unit in found.values():
        unit.sort(key=key)
    return sorted(found.values(), key=lambda unit: key(unit[0]))


def _label(unit: Unit, stratify: bool) -> str:
    return Counter(example.output for example in unit).most_common(1)[0][0] if stratify else ""
