"""Train, dev and test: the user's own where given, the rest cut by seed, label and group, or all in folds; hashed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crossover.data.clusters import clusters
from crossover.data.compared import compared
from crossover.data.infer_kind import infer_kind
from crossover.data.labels import Merged, one_spelling
from crossover.data.load import load_tables, to_examples
from crossover.data.near import near_twins
from crossover.data.rows import Row
from crossover.data.task import Files, Task
from crossover.data.text import is_blank
from crossover.errors import DataError
from crossover.types import Example, SplitName, to_json

Name = TypeVar("Name", bound=str)

LEAST = 6  # fewer examples cannot be trained, selected and tested on
LITTLE = 100  # test rows: fewer say little
FEWEST = 4  # groups: one tests, and of the others some are dev
# parts of the whole, by what has to be cut
THREE: dict[SplitName, int] = {"train": 3, "dev": 1, "test": 1}
NO_TEST: dict[SplitName, int] = {"train": 4, "test": 1}
NO_DEV: dict[SplitName, int] = {"train": 4, "dev": 1}
IN_FOLD: dict[SplitName, int] = {"train": 8, "dev": 1}  # a fold lacks rows, and a rung is worth more by train than by dev


@dataclass(frozen=True)
class Fold:
    """A part of the rows (`test`), and what is made for it of all the others: taught by `train`, chosen by `dev`."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]


@dataclass(frozen=True)
class Splits:
    """The frozen data. `sha256` covers ids, inputs, outputs and groups; `blank` names the rows that were left out.

    `cut`: the splits that were cut here rather than given by the user. `merged`: labels
    that were written in several ways. `folds`: where each row tests once, `train` and `dev` are all rows, `test` none.
    """

    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]
    sha256: str
    blank: tuple[str, ...] = ()
    cut: tuple[SplitName, ...] = ()
    merged: tuple[Merged, ...] = ()
    folds: tuple[Fold, ...] = ()

    def items(self) -> list[tuple[SplitName, tuple[Example, ...]]]:
        """Name and examples of each split."""
        return [("train", self.train), ("dev", self.dev), ("test", self.test)]

    @property
    def all(self) -> tuple[Example, ...]:
        return self.train + self.dev + self.test


def make_splits(task: Task, tables: Mapping[str, Sequence[Row]] | None = None) -> Splits:
    """The task's data as three splits; `tables` are its rows, where `load_tables` has read them already.

    Given splits stay as they are, in the file's order. One file becomes 60/20/20; a missing dev (or test) is 20 % of
    train. Cuts are seeded and do not depend on the order of the rows; they are stratified by label for kind classify,
    and a group (without a group column: rows with the same input) is never divided. Rows with a blank input or output
    are left out. Labels that are the same in another form have one spelling (`data/labels.py`). Where the task has folds,
    all rows are train and dev, 4 to 1, and each is in the test part of one fold, whose other rows are cut 8 to 1, so that
    they teach nearly as many; near duplicates then stay together too. Raises `DataError`, also for fewer than 6 examples.
    """
    tables = load_tables(task) if tables is None else tables
    names = task.data.given() if isinstance(task.data, Files) else dict.fromkeys(tables, str(task.data))
    parts: dict[str, list[Example]] = {}
    blank: list[str] = []
    for split, rows in tables.items():
        examples = to_examples(task, rows, names[split])
        parts[split] = [example for example in examples if not _is_blank(example)]
        blank += [example.source for example in examples if _is_blank(example)]
        if not parts[split]:
            raise DataError(f"{names[split]}: every row has a blank '{task.input}' or a blank '{task.output}'")
    count = sum(map(len, parts.values()))
    if count < LEAST:
        usable = "1 usable row" if count == 1 else f"{count} usable rows"
        raise DataError(f"{', '.join(names.values())}: {usable}; at least {LEAST} labelled rows are needed")
    parts, merged = _one_spelling(task, parts)
    whole = parts.pop("all", None)
    given: dict[SplitName, list[Example]] = {name: parts[name] for name in THREE if name in parts}
    if task.folds:
        own = [str(names[name]) for name in ("dev", "test") if name in given]
        if own:
            raise DataError(
                f"{' and '.join(own)}: with folds every row tests once, and dev is cut inside each fold; give all labelled"
                " rows as one table, or leave out 'folds'"
            )
        return _folded(task, given.get("train", []) if whole is None else whole, tuple(blank), tuple(merged))
    shares = _shares(given, whole is not None)
    if shares:
        source = given.get("train", []) if whole is None else whole
        stratify = (task.kind or infer_kind([*source, *given.get("test", [])])) == "classify"
        given |= cut(source, shares, task.seed, stratify)
    train, dev, test = (tuple(given[name]) for name in THREE)
    new = tuple(name for name in shares if whole is not None or name != "train")
    return Splits(train, dev, test, _digest(train, dev, test), tuple(blank), new, tuple(merged))


def _folded(task: Task, rows: Sequence[Example], blank: tuple[str, ...], merged: tuple[Merged, ...]) -> Splits:
    """Splits whose rows each test in one fold."""
    assert task.folds is not None
    stratify = (task.kind or infer_kind(rows)) == "classify"
    kin = dict(zip((e.id for e in rows), clusters(rows, near_twins([compared(e) for e in rows])), strict=True))
    if (units := len(set(kin.values()))) < max(task.folds, FEWEST):
        raise DataError(
            f"{rows[0].source} and {len(rows) - 1} more rows are {units} group(s), with rows that are nearly the same in"
            f" one: too few for {task.folds} folds; valid are at least {max(task.folds, FEWEST)} groups, or fewer folds"
        )

    def inner(some: Sequence[Example], shares: Mapping[SplitName, int]) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
        parts = cut(some, shares, task.seed, stratify, kin)
        return tuple(parts["train"]), tuple(parts["dev"])

    tests = cut(rows, {f"fold {number}": 1 for number in range(1, task.folds + 1)}, task.seed, stratify, kin)
    folds = []
    for test in tests.values():
        held = {example.id for example in test}
        folds.append(Fold(*inner([example for example in rows if example.id not in held], IN_FOLD), tuple(test)))
    train, dev = inner(rows, NO_DEV)
    digest = _digest(train, dev, *(part for fold in folds for part in (fold.train, fold.dev, fold.test)))
    return Splits(train, dev, (), digest, blank, ("train", "dev"), merged, tuple(folds))


def cut(
    examples: Sequence[Example],
    shares: Mapping[Name, int],
    seed: int,
    stratify: bool,
    kin: Mapping[str, str] | None = None,
) -> dict[Name, list[Example]]:
    """Divide examples by shares, whole groups at a time, the largest first. `kin`: each example's group, by its id, where
    more belong together than the data say.

    A group goes where its labels are most wanted: where it adds least to the squared distance from the quotas, each
    label's weighed by its frequency; ties go by the distance of the totals. A label (or the whole) with at least as
    many groups as there are splits is wanted in each of them. Raises `DataError` with fewer groups than splits.
    """
    units = _units(examples, seed, kin)
    if len(units) < len(shares):
        named = any(example.group is not None for example in examples)
        are = f"are {len(units)} group(s)" if named or kin else f"have {_different(len(units))}"
        raise DataError(
            f"{examples[0].source} and {len(examples) - 1} more rows {are}, too few for {' and '.join(shares)}; valid are"
            f" at least {len(shares)} {'groups' if named or kin else 'different inputs'}, or splits of your own"
        )
    tallies = [Counter(example.output if stratify else "" for example in unit) for unit in units]
    totals: Counter[str] = Counter()
    for tally in tallies:  # adding walks over all labels each time
        totals.update(tally)
    holders = Counter(label for tally in tallies for label in tally)
    quotas = _quotas(totals, shares, holders)
    sizes = _quotas(Counter({"": len(examples)}), shares, Counter({"": len(units)}))[""]
    chosen: dict[Name, list[Example]] = {name: [] for name in shares}
    now: dict[Name, Counter[str]] = {name: Counter() for name in shares}
    for left, (unit, tally) in zip(range(len(units), 0, -1), zip(units, tallies, strict=True), strict=False):
        empty = [name for name in shares if not chosen[name]]

        def distance(name: Name, unit: list[Example] = unit, tally: Counter[str] = tally) -> tuple[float, float]:
            labels = sum(n * (2 * (now[name][k] - quotas[k][name]) + n) / totals[k] for k, n in tally.items())
            return labels, 2 * (len(chosen[name]) - sizes[name]) + len(unit)

        best = min(empty if left <= len(empty) else shares, key=distance)
        chosen[best] += unit
        now[best].update(tally)
    return chosen


def _one_spelling(task: Task, parts: dict[str, list[Example]]) -> tuple[dict[str, list[Example]], list[Merged]]:
    """The examples of each part with one spelling a label, where the task is, or then seems, to classify."""
    examples = [example for part in parts.values() for example in part]
    respelled, merged = one_spelling(examples, list(task.labels))
    if not merged or (task.kind or ("classify" if task.labels else infer_kind(respelled))) != "classify":
        return parts, []
    left = iter(respelled)
    return {name: [next(left) for _ in part] for name, part in parts.items()}, merged


def _different(count: int) -> str:
    return "one and the same input" if count == 1 else f"only {count} different inputs"


def _is_blank(example: Example) -> bool:
    return is_blank(example.input) or is_blank(example.output)


def _shares(given: Mapping[SplitName, list[Example]], whole: bool) -> dict[SplitName, int]:
    if whole or ("dev" not in given and "test" not in given):
        return THREE
    if "test" not in given:
        return NO_TEST
    return {} if "dev" in given else NO_DEV


def _units(examples: Sequence[Example], seed: int, kin: Mapping[str, str] | None) -> list[list[Example]]:
    """Groups of examples, largest first; among equals, and inside a group, in an order that only the seed decides."""

    def key(text: str) -> str:
        return hashlib.sha256(f"{seed}\0{text}".encode()).hexdigest()

    groups: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        if kin is not None:
            groups["kin", kin[example.id]].append(example)
            continue
        named = example.group is not None
        groups["group" if named else "input", example.group or compared(example)].append(example)
    for unit in groups.values():
        unit.sort(key=lambda example: (key(example.id), example.id))
    return sorted(groups.values(), key=lambda unit: (-len(unit), key(unit[0].id), unit[0].id))


def _quotas(totals: Counter[str], shares: Mapping[Name, int], holders: Counter[str]) -> dict[str, dict[Name, int]]:
    """Each label's total divided by shares in whole numbers, by largest remainder; among equal remainders the split
    that is furthest behind goes first. None is 0 for a label with enough holders (groups)."""
    whole = sum(shares.values())
    ahead = dict.fromkeys(shares, 0)
    quotas: dict[str, dict[Name, int]] = {}
    for label, count in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        quota = {name: count * share // whole for name, share in shares.items()}
        by_remainder = sorted(shares, key=lambda name: (-(count * shares[name] % whole), ahead[name]))
        for name in by_remainder[: count - sum(quota.values())]:
            quota[name] += 1
        for name in shares if holders[label] >= len(shares) else ():
            if not quota[name]:
                quota[name] += 1
                quota[max(quota, key=lambda other: quota[other])] -= 1
        for name, share in shares.items():
            ahead[name] += quota[name] * whole - count * share
        quotas[label] = quota
    return quotas


def _digest(*splits: tuple[Example, ...]) -> str:
    content = [[to_json((e.id, e.input, e.output, e.group)) for e in split] for split in splits]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
