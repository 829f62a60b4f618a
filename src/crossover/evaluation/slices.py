"""How a candidate does in parts of the items: by label, by group, and by the columns that a task names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossover.data.clusters import clusters
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.paired import Comparison, compare, holm
from crossover.evaluation.stopped import compared, estimated
from crossover.metrics.base import Aggregate, Metric
from crossover.types import Estimate, Example, Run, Score

LEAST = 10  # items: of fewer nothing is said alone
MOST = 40  # slices of a column: beyond, the smallest are pooled
DISTINCT = 12  # numbers of a column that stay as they are; more are put into ranges
RANGES = 4
EMPTY = "(empty)"


@dataclass(frozen=True)
class Slice:
    """The items of one value of a column, by the ids of their examples; of `pooled` values where those are too small."""

    column: str
    value: str
    items: frozenset[str]
    pooled: int = 0


@dataclass(frozen=True)
class Against:
    """In one slice, the first run minus another on the same items; `p_adjusted` by Holm over all slices and runs."""

    slice: Slice
    other: str  # the other run's candidate
    result: Comparison
    p_adjusted: float


def slices_of(examples: Sequence[Example], label: str | None, group: str | None) -> tuple[list[Slice], list[str]]:
    """The slices of some items, and in sentences what was pooled, put into ranges or left out.

    `label`: the name of the outputs' column where they are labels; `group`: that of the groups. Values of fewer than
    `LEAST` items are pooled, and numbers of more than `DISTINCT` values put into quarters, by their values alone. A column
    in which no value has enough items, or all have the same, gives no slice.
    """
    columns: dict[str, list[str]] = {}
    if label is not None:
        columns[label] = [example.output for example in examples]
    if group is not None:
        columns.setdefault(group, [example.group or EMPTY for example in examples])
    named = set(columns)  # labels and groups that are numbers are names all the same
    asked = list(dict.fromkeys(column for example in examples for column in example.slices))
    for column in asked:
        columns.setdefault(column, [example.slices.get(column) or EMPTY for example in examples])
    found: list[Slice] = []
    said: list[str] = []
    for column, values in columns.items():
        given, told = (values, "") if column in named else _in_ranges(values)
        cut, note = _cut(column, given, examples)
        found += cut
        if column in asked or cut:
            said += [f"slices by '{column}': {sentence}" for sentence in (told, note) if sentence]
    return found, said


def by_slice(run: Run, metric: Metric, slices: Sequence[Slice], seed: int = 0) -> list[Estimate]:
    """The run's value in each slice with its 95 % interval, over its `n` answered items; in the slices' order.

    Intervals are of the kind that the run's own estimate has: those of a race that stopped, or of a design effect.
    """
    aggregate, binary = measure(metric, [run])
    found = []
    for one in slices:
        records = [record for record in run.records if record.example.id in one.items]
        groups, scores = clusters([record.example for record in records]), [record.score for record in records]
        if run.stopped:
            found.append(estimated(scores, groups))
        else:
            found.append(estimate(scores, aggregate, binary, groups, seed, design=run.design))
    return found


def differences(
    run: Run, others: Sequence[Run], metric: Metric, slices: Sequence[Slice], seed: int = 0, label: str | None = None
) -> list[Against]:
    """The run against each other one in each slice that is not pooled, on the items that both answered.

    `label`: the column of labels. By it, who gives all items the same answer is no rival: it is right in all of one label.
    """
    aggregate, binary = measure(metric, [run, *others])
    constant = {id(other) for other in others if len({record.prediction for record in other.records}) == 1}
    found: list[tuple[Slice, str, Comparison]] = []
    for one in (one for one in slices if not one.pooled):
        for other in (other for other in others if one.column != label or id(other) not in constant):
            first, second = _scores(run, one), _scores(other, one)
            shared = [identity for identity in first if identity in second]
            examples = {record.example.id: record.example for record in run.records}
            groups = clusters([examples[identity] for identity in shared])
            sides = [[side[identity] for identity in shared] for side in (first, second)]
            if run.stopped or other.stopped:
                result = compared(sides[0], sides[1], groups)
            else:
                design = max(run.design, other.design)
                result = compare(sides[0], sides[1], aggregate, binary, groups, seed, design=design)
            if result.n:
                found.append((one, other.candidate, result))
    adjusted = holm([result.p for *_, result in found])
    return [Against(one, other, result, p) for (one, other, result), p in zip(found, adjusted, strict=True)]


def measure(metric: Metric, runs: Sequence[Run]) -> tuple[Aggregate, bool]:
    """How scores become one number within a slice, and whether each is 0 or 1.

    The mean of the items' values in the place of a macro F1: within one label that would count other labels' mistakes.
    """
    if metric.aggregate != "macro_f1":
        return metric.aggregate, metric.binary
    return "mean", all(r.score is None or r.score.value in (0.0, 1.0) for run in runs for r in run.records)


def _scores(run: Run, one: Slice) -> Mapping[str, Score | None]:
    return {record.example.id: record.score for record in run.records if record.example.id in one.items}


def _cut(column: str, values: Sequence[str], examples: Sequence[Example]) -> tuple[list[Slice], str]:
    """A column's slices, the largest first, and what there is to say of them."""
    counts = Counter(values)
    if len(counts) < 2:
        return [], "all test items have the same value, so it makes no slice"
    large = [value for value, n in counts.most_common(MOST) if n >= LEAST]
    if not large:
        return [], f"{len(counts)} values, none with {LEAST} test items or more, so nothing is said by it"
    ids: dict[str, set[str]] = {}
    small: set[str] = set()
    for value, example in zip(values, examples, strict=True):
        (ids.setdefault(value, set()) if value in large else small).add(example.id)
    found = [Slice(column, value, frozenset(ids[value])) for value in large]
    rest = len(counts) - len(large)
    if not rest:
        return found, ""
    found.append(Slice(column, f"{rest} other value{'s' if rest > 1 else ''}", frozenset(small), rest))
    few = f"fewer than {LEAST} test items" if counts.most_common(MOST)[-1][1] < LEAST else "the fewest test items"
    return found, f"{rest} value{'s' if rest > 1 else ''} with {few} {'are' if rest > 1 else 'is'} pooled"


def _in_ranges(values: Sequence[str]) -> tuple[list[str], str]:
    """Values that are many different numbers as the ranges that they fall into; others as they are."""
    numbers = [_number(value) for value in values]
    known = sorted(number for number in numbers if number is not None)
    distinct = len(set(known))
    if distinct <= DISTINCT or any(n is None and v != EMPTY for n, v in zip(numbers, values, strict=True)):
        return list(values), ""
    edges = sorted({known[len(known) * part // RANGES] for part in range(1, RANGES)})  # each begins a range

    def place(number: float) -> int:
        return sum(number >= edge for edge in edges)

    ends: dict[int, list[float]] = {}
    for number in known:
        ends.setdefault(place(number), []).append(number)
    names = {at: _range(inside[0], inside[-1]) for at, inside in ends.items()}
    given = [EMPTY if number is None else names[place(number)] for number in numbers]
    return given, f"{distinct} different numbers, in {len(names)} ranges of about as many test items each"


def _range(low: float, high: float) -> str:
    one, other = (f"{end:.15g}" for end in (low, high))  # in full: shorter, two ranges of large numbers may have one name
    return one if low == high else f"{one} to {other}"


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
