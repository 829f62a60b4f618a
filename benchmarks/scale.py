"""What work on a Ray cluster costs beside the work itself, and what it gains.

    python -m benchmarks.scale [--quick] [--json FILE]

- `overhead_200`: 200 pieces of work over two workers, each of which asks and journals as a rung does (chunks of 32 calls);
  by how much longer they take than half of the time that such pieces take one after the other in one process (`Serial`), as
  a share of it.
- `speedup of scoring over two workers`: rows that the bundled model labels a second, by two workers with one core each, to
  those by one worker.

Each is measured in a process of its own, with nothing else on the machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.board import Board
from crossover.data.task import Task
from crossover.engine.caller import CHUNK
from crossover.engine.journal import Journal
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.fake import Fake
from crossover.models.open import open_model
from crossover.study.folder import StudyFolder
from crossover.study.joining import start_here
from crossover.study.listener import Quiet
from crossover.study.on_ray import RayExecutor, cluster
from crossover.study.works import Scene, Serial
from crossover.types import Candidate, Decoding, Example, Message, Reply, Request

PIECES = 200
PAIRS = 3  # of one worker and two, one after the other
LABELS = ("garden", "kitchen", "journey")
WORDS = ("roses", "soup", "train", "slugs", "dough", "ticket", "bulbs", "oven", "border", "lawn", "butter", "hotel")


class Pausing(Fake):
    """Each chunk takes a while."""

    pause = 0.0

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        time.sleep(self.pause)
        return super().complete(requests)


@dataclass(frozen=True)
class Paced:
    """Work of `seconds`, in which it asks so many chunks, and notes facts and tries."""

    number: int
    seconds: float
    chunks: int

    @property
    def name(self) -> str:
        return f"paced {self.number}"

    def do(self, scene: Scene) -> float:
        began, bench = time.perf_counter(), scene.bench
        model = Pausing("echo")
        object.__setattr__(model, "pause", self.seconds / self.chunks)
        asked = [Request((Message("user", f"{self.number} {n}"),)) for n in range(CHUNK * self.chunks)]
        bench.evaluator.caller.ask(model, asked, self.name)
        bench.remember(self.name, lambda: self.number)
        bench.journal.add_try(self.name, str(self.number), {"n": self.number})
        return time.perf_counter() - began


def rows(number: int) -> list[Example]:
    texts = (" ".join(WORDS[(n // len(WORDS) ** k) % len(WORDS)] for k in range(6)) + f" {n}" for n in range(number))
    return [Example(str(n), text, LABELS[n % 3], source=f"row {n + 1}") for n, text in enumerate(texts)]


def worked(workers: int, scratch: Path, begin: Candidate) -> tuple[Scene, Task, Journal]:
    if workers:
        start_here(workers)
    few = rows(12)
    task = Task(
        name="scale", instruction="Which is it?", data="rows.csv", input="text", output="label", kind="classify",
        metric="accuracy", labels=dict.fromkeys(LABELS, ""), model=begin.model, forgetting=False,
    )  # fmt: skip
    journal = Journal(scratch / "study.db")
    model = open_model(begin.model, Path())
    bench = open_bench(task, few[:8], few[8:], scratch, journal, lambda spec: model, relevance_scorer())
    return Scene(bench, begin, StudyFolder(scratch)), task, journal


def serial(pieces: int, seconds: float, chunks: int) -> float:
    """Seconds that a piece takes in one process."""
    with tempfile.TemporaryDirectory() as place:
        scene, _, journal = worked(0, Path(place), Candidate("fake"))
        with closing(journal):
            executor = Serial(scene)
            executor.start([Paced(-1, 0.1, 1)])[0].result()
            return sum(one.result() for one in executor.start([Paced(n, seconds, chunks) for n in range(pieces)])) / pieces


def overhead(pieces: int, seconds: float, chunks: int) -> dict[str, float]:
    """Of so many pieces over two workers; the first few, in which the workers start, are not counted."""
    with tempfile.TemporaryDirectory() as place:
        scene, task, journal = worked(2, Path(place), Candidate("fake"))
        with closing(journal), cluster("ray", {}) as ray:
            assert ray is not None
            executor = ray.executor(scene, task, Quiet())
            for one in executor.start([Paced(-n, 0.1, 1) for n in range(1, 5)]):
                one.result()
            began = time.perf_counter()
            own = sum(one.result() for one in executor.start([Paced(n, seconds, chunks) for n in range(pieces)]))
            wall = time.perf_counter() - began
    return {"each": 2 * wall / pieces, "own": own / pieces}


def rate(workers: int, number: int) -> dict[str, float]:
    """Rows a second."""
    begin = Candidate("pocket", decoding=Decoding(labels=LABELS, max_tokens=8))
    with tempfile.TemporaryDirectory() as place:
        scene, task, journal = worked(workers, Path(place), begin)
        with closing(journal), cluster("ray", {}) as ray:
            assert ray is not None
            executor: RayExecutor = ray.executor(scene, task, Quiet())
            scene.bench.evaluator.caller.spread = executor.spread
            warm, asked = rows(number + 4 * CHUNK)[number:], rows(number)
            scene.bench.evaluator.run(begin, "new", warm)
            began = time.perf_counter()
            run = scene.bench.evaluator.run(begin, "new", asked)
            wall = time.perf_counter() - began
    return {"rows": number / wall, "seconds": wall, "accuracy": run.estimate.value}


def _alone(function: Any, *given: Any) -> Any:
    """In a process of its own: each has its own cluster."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(function, given)
        pool.close()
        pool.join()
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="pieces of half a second, and fewer rows: under five minutes")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    seconds, number = (0.5, 2_000) if options.quick else (2.0, 20_000)
    peer, spent = _alone(serial, 20, seconds, 8), _alone(overhead, PIECES, seconds, 8)
    pairs = [(_alone(rate, 1, number), _alone(rate, 2, number)) for _ in range(PAIRS)]
    assert len({found["accuracy"] for pair in pairs for found in pair}) == 1, "who answers changes no answer"
    board = Board(options.json or Path())
    board.add("overhead_200", [100 * (spent["each"] / peer - 1)], 5, lower=True)
    board.add("of it in asking and journaling, by the workers", [100 * (spent["own"] / peer - 1)], None)
    board.add("a piece's own time, one after the other in one process", [peer], None, "s")
    board.add("speedup of scoring over two workers", [two["rows"] / one["rows"] for one, two in pairs], 1.8, "times")
    board.add("rows a second of one worker", [one["rows"] for one, _ in pairs], None, "rows")
    if options.json:
        board.save()
    print(board.table())
    return 0


if __name__ == "__main__":
    from benchmarks import scale  # by this name the workers find its classes

    sys.exit(scale.main())
