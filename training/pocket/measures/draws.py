"""Seeded draws from public data sets: some labels, and for them training, dev and test rows that share no text."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.tasks import CASES
from benchmarks.tasks import slots as read_slots
from crossover.types import Example
from training.pocket.sources import HELD_OUT_DOMAINS, rows

Pair = tuple[str, str]  # text and answer
DEV = 100  # rows for calibration and for choosing an epoch


@dataclass(frozen=True)
class Draw:
    """Rows of one draw. Every beginning of `train` is as equal over the labels as the rows allow."""

    seed: int
    labels: tuple[str, ...]
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]


def banking(data: Path, seed: int, tests: int, labels: int = 10) -> Draw:
    """Some of Banking77's intents."""
    train, test = (_table(data / "banking77" / f"{name}.csv", "text", "category") for name in ("train", "test"))
    return draw(train, test, seed, labels, tests)


def clinc(data: Path, seed: int, tests: int, labels: int = 15) -> Draw:
    """Some intents of clinc150's domains banking and credit cards."""
    train, test = (_clinc(data, name, HELD_OUT_DOMAINS) for name in ("train", "test"))
    return draw(train, test, seed, labels, tests)


def clinc_elsewhere(data: Path, seed: int, tests: int, domains: int = 5, each: int = 2) -> Draw:
    """Two intents of each of five of clinc150's other domains: what the model may know."""
    intents: dict[str, set[str]] = {}
    for row in rows(data / "clinc150" / "test.csv"):
        intents.setdefault(row["domain"], set()).add(row["intent"])
    rng = random.Random(seed)
    chosen = rng.sample(sorted(set(intents) - set(HELD_OUT_DOMAINS)), domains)
    kept = [intent for domain in chosen for intent in rng.sample(sorted(intents[domain]), each)]
    train, test = ([pair for pair in _clinc(data, name, chosen) if pair[1] in kept] for name in ("train", "test"))
    return draw(train, test, seed, len(kept), tests)


def slots(data: Path, seed: int, trains: int, tests: int) -> Draw:
    """Restaurant bookings with at least one slot, in random order; one-word texts are left out.

    What a single word ("13") means depends on the question before it, which the task does not show.
    """
    rng = random.Random(seed)
    train, test = (_distinct(read_slots(CASES["restaurant_slots"], data, name)) for name in ("train", "test"))
    chosen = _examples(rng.sample(test, min(tests, len(test))), "test")
    seen = {_folded(e.input) for e in chosen}
    rest = [pair for pair in rng.sample(train, len(train)) if _folded(pair[0]) not in seen]
    half = DEV // 2  # generating is slow
    return Draw(seed, (), _examples(rest[half : half + trains], "train"), _examples(rest[:half], "dev"), chosen)


def draw(train: Sequence[Pair], test: Sequence[Pair], seed: int, labels: int, tests: int, dev: int = DEV) -> Draw:
    """Draw `labels` labels, `tests` test rows balanced over them, `dev` balanced dev rows; all other rows are `train`.

    A training text that also stands among the drawn test rows is left out.
    """
    rng = random.Random(seed)
    chosen = tuple(rng.sample(sorted({answer for _, answer in test}), labels))
    tested = _examples(interleaved([pair for pair in test if pair[1] in chosen], rng)[:tests], "test")
    seen = {_folded(e.input) for e in tested}
    kept = [(text, answer) for text, answer in _distinct(train) if answer in chosen and _folded(text) not in seen]
    order = interleaved(kept, rng)
    rest = interleaved(order[dev:], rng)  # balanced from its own beginning
    return Draw(seed, chosen, _examples(rest, "train"), _examples(order[:dev], "dev"), tested)


def interleaved(pairs: Iterable[Pair], rng: random.Random) -> list[Pair]:
    """The pairs in random order, one of each label in turn until a label has no more."""
    queues: dict[str, list[Pair]] = {}
    for pair in pairs:
        queues.setdefault(pair[1], []).append(pair)
    left = [rng.sample(queue, len(queue)) for _, queue in sorted(queues.items())]
    order: list[Pair] = []
    while left:
        rng.shuffle(left)
        order += [queue.pop() for queue in left]
        left = [queue for queue in left if queue]
    return order


def spelled(drawn: Draw) -> Draw:
    """The draw with spaces for the underscores of its labels."""

    def plain(examples: Sequence[Example]) -> tuple[Example, ...]:
        return tuple(replace(e, output=in_words(e.output)) for e in examples)

    labels = tuple(map(in_words, drawn.labels))
    return Draw(drawn.seed, labels, plain(drawn.train), plain(drawn.dev), plain(drawn.test))


def in_words(label: str) -> str:
    return label.replace("_", " ")


def _table(path: Path, text: str, answer: str) -> list[Pair]:
    return [(row[text], row[answer]) for row in rows(path)]


def _clinc(data: Path, name: str, domains: Sequence[str]) -> list[Pair]:
    return [(row["text"], row["intent"]) for row in rows(data / "clinc150" / f"{name}.csv") if row["domain"] in domains]


def _distinct(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs, of those with the same text the first."""
    found: dict[str, Pair] = {}
    for pair in pairs:
        found.setdefault(_folded(pair[0]), pair)
    return list(found.values())


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _examples(pairs: Sequence[Pair], split: str) -> tuple[Example, ...]:
    return tuple(Example(f"{split}-{i}", text, answer) for i, (text, answer) in enumerate(pairs))
