"""Public tasks to measure on: which rows and labels of a data set a run takes. Their text stays where it is."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A task: its file's columns, how many of its labels are drawn, and of which rows."""

    folder: str
    text: str
    label: str
    labels: int | None
    goal: str
    domain: str | None = None


CASES = {
    "banking10": Case("banking77", "text", "category", 10, "What is the customer's message about?"),
    "clincbank15": Case("clinc150", "text", "intent", 15, "What does the user want?", "banking"),
    "trec6": Case("trec", "question", "type", None, "What does the question ask for?"),
    "sst2": Case("sst2", "sentence", "sentiment", None, "Is the review positive or negative?"),
}


@dataclass(frozen=True)
class Drawn:
    """The rows of one run: the pool in random order, and test."""

    labels: tuple[str, ...]
    pool: list[tuple[str, str]]
    test: list[tuple[str, str]]
    instruction: str


def draw(case: Case, data: Path, seed: int, pool: int, test: int) -> Drawn:
    """The labels and rows of a seed: so many labelled ones, and so many to measure the end on."""
    rows = {split: _read(case, data / case.folder / f"{split}.csv") for split in ("train", "test")}
    every = sorted({label for _, label in rows["train"]})
    rng = random.Random(seed)
    labels = sorted(rng.sample(every, case.labels)) if case.labels else every
    kept = {split: [row for row in found if row[1] in labels] for split, found in rows.items()}
    rows = {name: rng.sample(kept[name], min(most, len(kept[name]))) for name, most in (("train", pool), ("test", test))}
    return Drawn(tuple(labels), rows["train"], rows["test"], f"{case.goal}\nLabels: {', '.join(labels)}.")


def _read(case: Case, path: Path) -> list[tuple[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if case.domain in (None, row.get("domain"))]
    return [(row[case.text], row[case.label].replace("_", " ")) for row in rows]
