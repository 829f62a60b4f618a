"""Rows that are met twice: inside a split, in two splits, or nearly, so that scores look better or surer than they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from crossover.data.clusters import clusters
from crossover.data.compared import compared
from crossover.data.disguised import known_again
from crossover.data.finding import Finding, count_inputs, count_rows
from crossover.data.near import near_pairs, near_twins
from crossover.data.splits import Splits
from crossover.data.text import comparable
from crossover.types import Example

NEAR = 0.9
MUCH = 0.1  # of the test rows: more than the odd row that people write twice
FEWEST = 2  # such rows beside others

Told = Callable[[str, int, int], None]  # is told what is done, and how much of it, of how much


def untold(what: str, done: int, total: int) -> None:
    """Nobody is told how far it is."""


def duplicates(splits: Splits) -> list[Finding]:
    """Rows that stand twice in a split (code `duplicates`)."""
    findings = []
    for name, examples in splits.items():
        first: dict[tuple[str, str], Example] = {}
        again = [
            (example, original)
            for example in examples
            if (original := first.setdefault((compared(example), comparable(example.output)), example)) is not example
        ]
        if again:
            message = (
                f"{name}: {count_rows(len(again))} with the same input and output as an earlier row{_other_form(again)}"
            )
            rows = tuple(f"{example.source} = {original.source}" for example, original in again)
            findings.append(Finding("warning", "duplicates", message, rows))
    return findings


def _other_form(pairs: Sequence[tuple[Example, Example]]) -> str:
    """How many inputs are only the same in Unicode's composed form and without invisible marks, where some are."""
    found = sum(" ".join(a.input.casefold().split()) != " ".join(b.input.casefold().split()) for a, b in pairs)
    return f" ({found} of them in another Unicode form)" if found else ""


def met_before(splits: Splits, told: Told = untold) -> list[Finding]:
    """What stands in two splits, and test rows that are nearly each other. Codes: leak_exact, leak_near, known_before,
    alike_test, leak_group."""
    dev = leaks("dev", splits.dev, {"train": splits.train}, told)
    test = leaks("test", splits.test, {"train": splits.train, "dev": splits.dev}, told)
    return [*dev, *test, *_known_before(splits), *_alike(splits.test, told), *_group_leaks(splits)]


def leaks(
    name: str, examples: Sequence[Example], others: Mapping[str, Sequence[Example]], told: Told = untold
) -> list[Finding]:
    """Inputs of `examples`, called `name`, that other rows have too (code `leak_exact`), or nearly (`leak_near`)."""
    findings, plainly = [], cache(known_again)
    for other, reference in others.items():
        known = {compared(example): example for example in reversed(reference)}
        plain = [compared(e) for e in examples]
        exact = [(e, known[text]) for e, text in zip(examples, plain, strict=True) if text in known]
        rest = [e for e, text in zip(examples, plain, strict=True) if text not in known]
        if exact:
            shared = f"{name} shares {count_inputs(len(exact))} of its {len(examples)} with {other}{_other_form(exact)}"
            message = f"{shared}: scores on {name} will look too good"
            rows = tuple(f"{e.source} = {original.source}" for e, original in exact)
            findings.append(Finding("warning", "leak_exact", message, rows))
        here, there = ([plainly(example.input) for example in some] for some in (rest, reference))
        pairs = near_pairs(here, there, NEAR, partial(told, f"comparing {name} with {other}"))
        if pairs:
            message = (
                f"{name} has {count_inputs(len(pairs))} of its {len(examples)} nearly the same as one in {other} "
                f"(similarity {NEAR} or more)"
            )
            rows = tuple(f"{rest[i].source} ~ {reference[j].source}" for i, j in pairs)
            findings.append(Finding("warning", "leak_near", message, rows))
    return findings


def _known_before(splits: Splits) -> list[Finding]:
    """That so many test rows were learnt or chosen from that the whole study says little."""
    known = {compared(example) for example in (*splits.train, *splits.dev)}
    rows = tuple(example.source for example in splits.test if compared(example) in known)
    if not rows or len(rows) < MUCH * len(splits.test):
        return []
    message = f"{len(rows)} of {len(splits.test)} test rows stand in train or dev, too, so this says little about new texts"
    return [Finding("info", "known_before", message, rows)]


def _alike(examples: Sequence[Example], told: Told) -> list[Finding]:
    """That many test rows are nearly each other: they may be right or wrong together, and count as if they were not."""
    first: dict[str, int] = {}  # equal inputs are one cluster already, and their pairs are many
    for place, example in enumerate(examples):
        first.setdefault(compared(example), place)
    places = list(first.values())
    twins = [
        (places[one], places[other]) for one, other in near_twins(list(first), NEAR, partial(told, "comparing test rows"))
    ]
    apart, kin = clusters(examples), clusters(examples, twins)
    if len(set(apart)) - len(set(kin)) < max(FEWEST, MUCH * len(examples)):
        return []
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for one, home in zip(apart, kin, strict=True):
        homes[home].add(one)
    rows = tuple(example.source for example, home in zip(examples, kin, strict=True) if len(homes[home]) > 1)
    message = (
        f"{len(rows)} of {len(examples)} test rows are nearly the same as another one (similarity {NEAR} or more): if they"
        " are right or wrong together, the intervals are too narrow; a column that names what belongs together (group:)"
        " counts it as one, and so do folds"
    )
    return [Finding("warning", "alike_test", message, rows)]


def _group_leaks(splits: Splits) -> list[Finding]:
    home: dict[str, str] = {}
    crossing: defaultdict[str, list[str]] = defaultdict(list)
    for name, examples in splits.items():
        for example in examples:
            if example.group is not None and home.setdefault(example.group, name) != name:
                crossing[example.group].append(example.source)
    if not crossing:
        return []
    some = ", ".join(f"'{group}'" for group in list(crossing)[:3])
    message = f"{len(crossing)} group(s) are in more than one split, such as {some}: scores will look too good"
    return [Finding("warning", "leak_group", message, tuple(row for rows in crossing.values() for row in rows))]
