"""Public tasks to measure on: which rows and labels of a data set a run takes. Their text stays where it is."""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A task: its file's columns, how many of its labels are drawn, and of which rows. `extract`: answers are JSON."""

    folder: str
    text: str
    label: str
    labels: int | None
    goal: str
    domain: str | None = None
    extract: bool = False


CASES = {
    "banking10": Case("banking77", "text", "category", 10, "What is the customer's message about?"),
    "clincbank15": Case("clinc150", "text", "intent", 15, "What does the user want?", "banking"),
    "trec6": Case("trec", "question", "type", None, "What does the question ask for?"),
    "sst2": Case("sst2", "sentence", "sentiment", None, "Is the review positive or negative?"),
    "restaurant_slots": Case(
        "restaurant8k", "text", "slots", None, "Find the details of the booking in the message.", extract=True
    ),
}


def chosen(parser: argparse.ArgumentParser, option: str, text: str, valid: Sequence[str]) -> list[str]:
    """The parts of a comma-separated option; ends with status 2 and a sentence at one that there is not."""
    parts = text.split(",")
    for part in parts:
        if part not in valid:
            parser.error(f"{option}: there is no '{part}'; valid: {', '.join(valid)}")
    return parts


def present(parser: argparse.ArgumentParser, data: Path, cases: Iterable[Case]) -> None:
    """End with status 2 and a sentence where a data set that is needed is not there."""
    for case in cases:
        for split in ("train", "test"):
            file = data / case.folder / f"{split}.{'jsonl' if case.extract else 'csv'}"
            if not file.is_file():
                parser.error(f"--data: {file} is missing; valid is a folder of the public data sets")


@dataclass(frozen=True)
class Drawn:
    """The rows of one run: the pool in random order, and test."""

    labels: tuple[str, ...]
    pool: list[tuple[str, str]]
    test: list[tuple[str, str]]
    instruction: str


def draw(case: Case, data: Path, seed: int, pool: int, test: int) -> Drawn:
    """The labels and rows of a seed: so many labelled ones, and so many to measure the end on."""
    rows = {split: slots(case, data, split) if case.extract else _read(case, data, split) for split in ("train", "test")}
    every = [] if case.extract else sorted({label for _, label in rows["train"]})
    rng = random.Random(seed)
    labels = sorted(rng.sample(every, case.labels)) if case.labels else every
    kept = {split: [row for row in found if case.extract or row[1] in labels] for split, found in rows.items()}
    rows = {name: rng.sample(kept[name], min(most, len(kept[name]))) for name, most in (("train", pool), ("test", test))}
    return Drawn(tuple(labels), rows["train"], rows["test"], f"{case.goal}\nLabels: {', '.join(labels)}.")


def _read(case: Case, data: Path, split: str) -> list[tuple[str, str]]:
    with (data / case.folder / f"{split}.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if case.domain in (None, row.get("domain"))]
    return [(row[case.text], row[case.label].replace("_", " ")) for row in rows]


def slots(case: Case, data: Path, split: str) -> list[tuple[str, str]]:
    """Messages of two words or more: what a single one ("13") means depends on a question that is not shown."""
    lines = (data / case.folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line]
    return [
        (row[case.text], json.dumps(row[case.label], sort_keys=True, ensure_ascii=False))
        for row in rows
        if row[case.label] and len(row[case.text].split()) > 1
    ]
