"""Prompt search beside DSPy's optimisers: python -m benchmarks.prompting --data FOLDER [--quick] [--json FILE]

At equal numbers of model calls, on the same rows of the same tasks, with the same model: `search` against
BootstrapFewShotWithRandomSearch and MIPROv2. `--data` holds the public sets: banking77, clinc150, trec, sst2, each with
train.csv and test.csv. A paired test runs over all runs (task, seed).
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks import model as models
from benchmarks.answers import Answers, served
from benchmarks.board import Board
from benchmarks.peers import WORK, Failed, environment, peer
from benchmarks.tasks import CASES, Drawn, chosen, draw, present
from crossover.engine.render import Renderer
from crossover.models.hf import Hf
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import toy_bench
from crossover.types import Candidate, Decoding, Example, Message, Prompt, Request, content_hash

POOL, TEST = 200, 200  # labelled rows for searching, and rows that only the end is measured on
FEW = 60  # such rows with --quick
DEV = {100: 16, 400: 40, 1600: 100}  # of the pool, to select on, by the number of calls
HALVED = 400  # calls from which half of them are enough to begin with
PEERS = ("random_search", "mipro")
LABELLED = 16  # demonstrations that a peer may show: its random search's own default
TASKS = [name for name, case in CASES.items() if not case.extract]
TEMPLATE = "Text: {input}\nLabel:"


def ours(model: Hf, drawn: Drawn, calls: int, dev: int, seed: int) -> tuple[float, float, int]:
    """Test accuracy of what `search` found, of its start, and the calls that it took."""
    examples = [Example(f"e{i}", text, label) for i, (text, label) in enumerate((*drawn.pool, *drawn.test))]
    pool, test = examples[: len(drawn.pool)], examples[len(drawn.pool) :]
    start = Candidate(model.target, Prompt(drawn.instruction, TEMPLATE), Decoding(labels=drawn.labels, max_tokens=16))
    changes = {"labels": dict.fromkeys(drawn.labels, ""), "instruction": drawn.instruction.split("\n")[0], "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        bench = toy_bench(Path(folder), pool[dev:], pool[:dev], model=model.target, **changes)
        bench.evaluator.model_of = lambda spec: model
        with closing(bench.journal):
            found = open_strategy("search", {"calls": calls}).adapt(start, bench)
            used = bench.meter.calls
            values = [bench.evaluator.run(candidate, "test", test).estimate.value for candidate in (found, start)]
    return values[0], values[1], used


def theirs(model: Hf, drawn: Drawn, optimiser: str, calls: int, dev: int, seed: int) -> tuple[float, int]:
    """Test accuracy of what an optimiser of DSPy found, and the calls that it took."""
    # a program costs the dev rows and some six calls to bootstrap its demonstrations, proposals from 400 calls on thirty
    programs = max(1, round(calls / (dev + 6)) - 3)
    trials = max(1, round((calls - 30 * (calls >= HALVED)) / dev) - 1)
    job: dict[str, Any] = {"optimiser": optimiser, "instruction": drawn.instruction, "seed": seed}
    job |= {"labels": drawn.labels, "train": drawn.pool[dev:], "dev": drawn.pool[:dev]}
    job |= {"bootstrapped": 4, "labelled": LABELLED, "programs": programs, "trials": trials}
    job |= {"candidates": max(3, trials // 2)}
    kept = WORK / "prompting" / f"{content_hash([job, model.identity])}.json"  # what a peer found is not looked for again
    if not kept.is_file():
        answers = Answers(model)
        with served(answers) as url:
            found = peer("dspy", job | {"url": url}) | {"calls": answers.calls}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found))
    found = json.loads(kept.read_text())
    return _accuracy(model, found["messages"], drawn), found["calls"]


def _accuracy(model: Hf, messages: list[dict[str, Any]], drawn: Drawn) -> float:
    """Of a conversation with {input} in its last message, on test."""
    *before, last = (Message(**message) for message in messages)
    renderer, decoding = Renderer(Prompt(template=last.content)), Decoding(labels=drawn.labels)
    asked = [Request((*before, *renderer.messages(text)), decoding) for text, _ in drawn.test]
    replies = model.complete(asked)
    return mean(float(reply.text == label) for reply, (_, label) in zip(replies, drawn.test, strict=True))


def sign_flips(differences: list[float]) -> float:
    """One-sided p of a mean above 0: the share of all sign changes with a mean at least as high (Fisher 1935)."""
    seen = sum(differences)
    signs = itertools.product((1, -1), repeat=len(differences))
    sums = [sum(s * d for s, d in zip(flip, differences, strict=True)) for flip in signs]
    return sum(total >= seen - 1e-12 for total in sums) / len(sums)


@dataclass(frozen=True)
class Piece:
    """One run of all sides: a task, a seed and a number of calls."""

    model: str
    device: str
    data: Path
    task: str
    seed: int
    calls: int
    test: int


def measured(piece: Piece) -> dict[str, float]:
    """The accuracy of each side, in percent; `lost`: 1 where ours ends below its start by more than noise."""
    model = _model(piece.model, piece.device)
    calls, dev, seed = piece.calls, DEV[piece.calls], piece.seed
    drawn = draw(CASES[piece.task], piece.data, seed, POOL, piece.test)
    found, begun, used = ours(model, drawn, calls, dev, seed)
    run = {"ours": 100 * found, "start": 100 * begun}
    line = f"{piece.task} {seed} {calls} calls: start {run['start']:.1f}, ours {run['ours']:.1f} ({used})"
    if calls >= HALVED:
        run["half"] = 100 * ours(model, drawn, calls // 2, dev // 2, seed)[0]
        line += f", with half the calls {run['half']:.1f}"
    for optimiser in PEERS:
        value, took = theirs(model, drawn, optimiser, calls, dev, seed)
        run[optimiser] = 100 * value
        line += f", {optimiser} {100 * value:.1f} ({took})"
    noise = 1.96 * (run["start"] * (100 - run["start"]) / len(drawn.test)) ** 0.5
    run["lost"] = float(run["ours"] < run["start"] - noise)
    print(line, flush=True)
    return run


@cache
def _model(spec: str, device: str) -> Hf:
    return Hf(spec, device=device)


def _figures(board: Board, calls: int, runs: list[dict[str, float]]) -> None:
    for side in ("start", "ours", *PEERS):
        board.add(f"{calls} calls, test accuracy: {side}", [run[side] for run in runs])
    for side in PEERS:
        apart = [run["ours"] - run[side] for run in runs]
        board.add(f"{calls} calls: ours above {side}", apart, 0.0, "points")
        board.add(f"{calls} calls: p of ours above {side}", [sign_flips(apart)], unit="")
        if calls >= HALVED:
            half = [run["half"] - run[side] for run in runs]
            board.add(f"{calls} calls: ours with half of them above {side}", half, 0.0, "points")


def main() -> int:
    """Measure; 1 when a side failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the public data sets")
    quick = f"one task, one seed, 100 calls, {FEW} test rows: under five minutes"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budgets", default=",".join(map(str, DEV)), help="numbers of calls, comma-separated")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with a task, a seed and a number of calls")
    parser.add_argument("--json", type=Path, help="write the figures here")
    models.arguments(parser)
    given = parser.parse_args()
    tasks = chosen(parser, "--tasks", given.tasks, TASKS)
    budgets = [int(text) for text in chosen(parser, "--budgets", given.budgets, list(map(str, DEV)))]
    for name in ("seeds", "jobs"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} is {getattr(given, name)}; valid is 1 or more")
    test, seeds = TEST, given.seeds
    if given.quick:
        tasks, budgets, test, seeds = tasks[:1], budgets[:1], FEW, 1
    present(parser, given.data, [CASES[task] for task in tasks])
    models.opened(parser, given)
    board = Board(given.json or WORK / "prompting.json", models.prefix(given.model, "pocket"))
    pieces = [
        Piece(given.model, given.device, given.data, task, seed, calls, test)
        for calls, seed, task in itertools.product(budgets, range(seeds), tasks)
    ]
    found: list[dict[str, float]] = []
    try:
        environment("dspy")  # made before several processes want it
        with ProcessPoolExecutor(given.jobs, get_context("spawn")) if given.jobs > 1 else nullcontext() as pool:
            for run in pool.map(measured, pieces) if pool else map(measured, pieces):
                found.append(run)
                done = len(found) // (seeds * len(tasks))
                if done * seeds * len(tasks) == len(found):  # all of one number of calls
                    _figures(board, budgets[done - 1], found[-seeds * len(tasks) :])
                    board.save()
    except Failed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    board.add(
        "runs that end below their start by more than noise", [sum(run["lost"] for run in found)], 0.0, "runs", lower=True
    )
    board.save()
    print(board.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
