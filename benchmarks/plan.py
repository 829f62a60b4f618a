"""Whether `crossover run --plan` says what a run then takes, in calls and tokens: to classify, to extract, to generate.

    python -m benchmarks.plan [--quick] [--json FILE] [--only TASK ...] [--model MODEL]

The rows are made up here, so that nothing but the model is needed. Each task is planned, then run with all its finalists
answering all test rows, in a folder that is thrown away.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.board import Board
from crossover.study.run import preview_study, run_study

GOAL = 25.0  # percent, either way
NAMES = ["Anna", "Bela", "Carl", "Dora", "Emil", "Finn", "Gerd", "Hans", "Ida", "Jan", "Kim", "Lea", "Max", "Nora"]
DISHES = ["soup", "rice", "fish", "bread", "salad", "cake"]
HOURS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
THINGS = {
    "garden": ["the hedge", "the pond", "a rose", "the lawn", "the shed", "an apple tree"],
    "kitchen": ["the oven", "a knife", "the soup", "the dough", "a pan", "the fridge"],
    "journey": ["the train", "a ticket", "the border", "the ferry", "the hotel", "a map"],
}
WAYS = ["we must see to {} today", "who left {} like this?", "{} again, and it rains", "nobody spoke of {}"]


def topics(rng: random.Random) -> Iterator[tuple[str, str]]:
    while True:
        topic = rng.choice(list(THINGS))
        yield f"{rng.choice(WAYS).format(rng.choice(THINGS[topic]))} ({rng.choice(NAMES)}, {rng.randrange(1, 99)})", topic


def orders(rng: random.Random) -> Iterator[tuple[str, str]]:
    while True:
        name, dish, count = rng.choice(NAMES), rng.choice(DISHES), str(rng.randrange(2, 40))
        text = rng.choice(["{n} wants {c} times {d}", "{c} {d}, please, says {n}", "for {n}: {d}, {c} of them"])
        body = {"name": name, "dish": dish, "count": count}
        yield text.format(n=name, d=dish, c=count), json.dumps(body, sort_keys=True)


def clocks(rng: random.Random) -> Iterator[tuple[str, str]]:
    while True:
        hour, minute = rng.randrange(12), rng.choice([15, 30])
        said = f"{'quarter' if minute == 15 else 'half'} past {HOURS[hour]}, {rng.choice(NAMES)} {rng.randrange(1, 99)}"
        yield said, f"the clock shows {hour + 1:02d}:{minute}"


TASKS: dict[str, tuple[Callable[[random.Random], Iterator[tuple[str, str]]], str]] = {
    "classify": (topics, "Say whether the note is about the garden, the kitchen or a journey."),
    "extract": (orders, "Find name, dish and count of the order."),
    "generate": (clocks, "Write the time in digits."),
}


def written(folder: Path, kind: str, model: str, quick: bool) -> Path:
    """The task file, with its data beside it."""
    make, instruction = TASKS[kind]
    rows = make(random.Random(kind))
    seen: dict[str, str] = {}
    sizes = {"train": 60, "dev": 24, "test": 60} if quick else {"train": 240, "dev": 80, "test": 200}
    while len(seen) < sum(sizes.values()):
        text, answer = next(rows)
        seen.setdefault(text, answer)
    left = iter(seen.items())
    for split, count in sizes.items():
        with (folder / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "answer"), *(next(left) for _ in range(count))])
    lora: dict[str, Any] = {"epochs": 3} if quick else {}
    body = {
        "name": kind,
        "instruction": instruction,
        "data": {split: f"{split}.csv" for split in sizes},
        "input": "text",
        "output": "answer",
        "kind": kind,
        "model": model,
        "strategies": ["majority", "nearest_neighbour", "zero_shot", "instruction", "few_shot", {"lora": lora}],
        "forgetting": not quick,
        "exhaustive": True,
    }
    path = folder / "task.yaml"
    path.write_text(json.dumps(body), encoding="utf-8")  # YAML reads JSON
    return path


def measure(kind: str, model: str, quick: bool, board: Board) -> None:
    """How far a plan is from what the run then takes, in percent."""
    with tempfile.TemporaryDirectory() as scratch:
        task = written(Path(scratch), kind, model, quick)
        total = preview_study(task).total
        folder = run_study(task, Path(scratch) / "study")
        spent = json.loads(folder.decision.read_text(encoding="utf-8"))["spent"]
    tokens = (total.tokens_in + total.tokens_out, spent["tokens_in"] + spent["tokens_out"])
    for what, (planned, taken) in {"calls": (total.calls, spent["calls"]), "tokens": tokens}.items():
        name = f"{kind}: {what} planned, off from what was taken"
        board.add(name, [100 * abs(planned - taken) / taken], GOAL, lower=True)
        print(f"{kind}: {what} planned {planned:,}, taken {taken:,}", file=sys.stderr, flush=True)
    if total.seconds is not None:
        board.add(f"{kind}: seconds planned, share of those taken", [100 * total.seconds / spent["seconds"]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rows, and nothing of what tuning forgets")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--model", default="pocket")
    given = parser.parse_args()
    board = Board(given.json or Path("plan.json"))
    for kind in given.only:
        measure(kind, given.model, given.quick, board)
        if given.json:
            board.save()
    print(board.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
