"""Logs of others with our statistics: an interval beside each number, and the paired difference of two logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from crossover.evaluation.aggregate import estimate
from crossover.evaluation.paired import Comparison, compare, holm
from crossover.importing.base import Log, Printed
from crossover.types import Estimate, Score

ROUNDED = 5.1e-5  # a share that a tool printed with two decimals of a percent may be this far from the mean
Key = tuple[str, int]


@dataclass(frozen=True)
class Figure:
    """A metric of a log: the mean over its items with its 95 % interval, and the tool's own number.

    `failed`: items without a score, which are left out. `treatment`: how the tool's number comes from the items: "same",
    "failed as zero", "other" (not as a mean of these scores), or "none" (the tool gives no number).
    """

    metric: str
    estimate: Estimate
    failed: int
    printed: Printed | None
    treatment: str


@dataclass(frozen=True)
class Difference:
    """A metric of two logs on the same items: `second` minus `first`, by their positions. `p` is adjusted over the pairs of
    the metric (Holm); `apart`: items of either log that the other does not have."""

    metric: str
    first: int
    second: int
    comparison: Comparison
    p: float
    apart: int


def figures(log: Log) -> list[Figure]:
    """A figure for each metric that has a number for an item, in the log's order."""
    found = []
    for metric in metrics(log):
        scores = [value for value in _scores(log, metric).values() if value is not None]
        failed = len(_keys(log)) - len(scores)
        low, high = _range(scores)
        measured = estimate([Score((value - low) / (high - low)) for value in scores], "mean", _binary(scores))
        scaled = Estimate(measured.n, *(low + (high - low) * end for end in (measured.value, measured.low, measured.high)))
        printed = next((printed for printed in log.printed if printed.metric == metric), None)
        found.append(Figure(metric, scaled, failed, printed, _treatment(printed, scores, failed)))
    return found


def metrics(log: Log) -> list[str]:
    """The metrics that have a number for at least one item, and for each item that has any score."""
    names = dict.fromkeys(name for item in log.items for name in item.scores)
    return [name for name in names if any(value is not None for value in _scores(log, name).values())]


def differences(logs: Sequence[Log], only: str | None = None) -> list[Difference]:
    """Each further log of a task against the task's first, by every metric that both have, or by one of them alone."""
    found = []
    for members in _tasks(logs):
        first, *others = members
        for metric in metrics(logs[first]):
            if only not in (None, metric):
                continue
            pairs = [
                (other, _compared(logs[first], logs[other], metric)) for other in others if metric in metrics(logs[other])
            ]
            ps = holm([comparison.p for _, (comparison, _) in pairs])
            found += [
                Difference(metric, first, other, comparison, p, apart)
                for (other, (comparison, apart)), p in zip(pairs, ps, strict=True)
            ]
    return found


def _tasks(logs: Sequence[Log]) -> list[list[int]]:
    """The logs of each task, by their positions."""
    found: dict[tuple[str, str], list[int]] = {}
    for position, log in enumerate(logs):
        found.setdefault((log.tool, log.task), []).append(position)
    return list(found.values())


def _keys(log: Log) -> dict[str, Key]:
    """An item's identity by its id: what it is, and which one among equals, by their ids. So two logs in another order are
    still paired, and other data under the same number is not."""
    counted: Counter[str] = Counter()
    found = {item.id: (item.fingerprint, 0) for item in log.items}
    for identity in sorted(found):
        fingerprint, _ = found[identity]
        found[identity] = (fingerprint, counted[fingerprint])
        counted[fingerprint] += 1
    return found


def _scores(log: Log, metric: str) -> dict[Key, float | None]:
    """An item's score, the mean over its epochs that have one; None where all failed."""
    keys = _keys(log)
    found: dict[Key, list[float]] = {key: [] for key in keys.values()}
    for item in log.items:
        if (value := item.scores.get(metric)) is not None:
            found[keys[item.id]].append(value)
    return {key: fmean(values) if values else None for key, values in found.items()}


def _compared(first: Log, second: Log, metric: str) -> tuple[Comparison, int]:
    a, b = _scores(second, metric), _scores(first, metric)
    common = [key for key in b if key in a]
    known = [value for key in common for value in (a[key], b[key]) if value is not None]
    low, high = _range(known)
    width = high - low

    def brought(side: Mapping[Key, float | None]) -> list[Score | None]:
        return [None if (value := side[key]) is None else Score((value - low) / width) for key in common]

    raw = compare(brought(a), brought(b), "mean", _binary(known))
    ends = {end: width * getattr(raw, end) for end in ("difference", "low", "high", "lower", "upper")}
    return replace(raw, **ends), len(a) + len(b) - 2 * len(common)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """What values are brought to [0, 1] from: 0 to 1 itself; where some lie outside, from the smallest to the largest."""
    if all(0 <= value <= 1 for value in values):
        return 0.0, 1.0
    low, high = min(values), max(values)
    return (low, high) if low < high else (low, low + max(1.0, abs(low)))  # 1e17 + 1 is 1e17


def _binary(values: Sequence[float]) -> bool:
    return all(value in (0.0, 1.0) for value in values)


def _treatment(printed: Printed | None, scores: Sequence[float], failed: int) -> str:
    if printed is None:
        return "none"
    given = printed.value / printed.scale
    if abs(given - fmean(scores)) <= ROUNDED:
        return "same"
    return "failed as zero" if abs(given - sum(scores) / (len(scores) + failed)) <= ROUNDED else "other"
