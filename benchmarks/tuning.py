"""Prompts, weights and both on the same rows: python -m benchmarks.tuning --data FOLDER [--quick] [--json FILE]

On public tasks. `cells`: for each task and number of labels, each family's best on dev (prompt,
weights, hybrid), on test. `full`: LoRA beside full tuning, over seeds. `distill`: what of a long prompt's gain a short one
keeps. `forgetting`: how much of the general suite replay saves. `--data` as for benchmarks.prompting.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import model as models
from benchmarks.board import Board
from benchmarks.peers import WORK
from benchmarks.tasks import CASES, Case, Drawn, chosen, draw, present
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.forgetting import Memory, open_suites
from crossover.evaluation.paired import compare
from crossover.models.hf import Hf
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import toy_bench
from crossover.types import Candidate, Decoding, Example, Run, Score

DEV, TEST = 100, 400
EVERY = 10**6  # labels: as many as there are
TASKS = ("banking10", "clincbank15", "trec6", "restaurant_slots")
FAMILIES = {
    "prompt": ("instruction", "few_shot", "instruction+instruction"),
    "weights": ("lora", "lora+lora"),
    "hybrid": ("instruction+lora", "lora+instruction", "instruction+lora+instruction", "lora+few_shot"),
}
QUICK = {"prompt": ("few_shot",), "weights": ("lora",), "hybrid": ("instruction+lora",)}  # of each family one
EPOCHS: dict[str, dict[str, Any]] = {"lora": {"epochs": 3}, "instruction+lora": {"lora": {"epochs": 3}}}
PARTS = ("distill", "cells", "full", "forgetting")
LONG = {"shots": [10], "selection": ["nearest"]}


@dataclass(frozen=True)
class Ground:
    """What all parts share: the data, the model, rows of dev and test; `few`: one strategy a family, few epochs."""

    data: Path
    model: Hf
    dev: int = DEV
    test: int = TEST
    few: bool = False


class Place:
    """A task's rows at a bench: scores strategies, each once."""

    def __init__(self, bench: StudyBench, test: Sequence[Example], start: Candidate) -> None:
        self.bench, self.test, self.start = bench, test, start

    def made(self, name: str, **options: object) -> tuple[Candidate, Run, Run]:
        """What a strategy makes, on dev and on test."""
        candidate = open_strategy(name, options).adapt(self.start, self.bench)
        return candidate, self.bench.score(candidate), self.tested(candidate)

    def tested(self, candidate: Candidate) -> Run:
        return self.bench.evaluator.run(candidate, "test", self.test)


@contextmanager
def place(on: Ground, case: Case, rows: int, seed: int) -> Iterator[Place]:
    """A fresh bench with `rows` training rows."""
    drawn: Drawn = draw(case, on.data, seed, rows + on.dev, on.test)
    examples = [Example(f"e{i}", text, label) for i, (text, label) in enumerate((*drawn.pool, *drawn.test))]
    pool, test = examples[: len(drawn.pool)], examples[len(drawn.pool) :]
    changes: dict[str, Any] = {
        "labels": dict.fromkeys(drawn.labels, ""),
        "instruction": case.goal,
        "seed": seed,
        "model": on.model.target,
    }
    if case.extract:
        changes |= {"kind": "extract", "metric": "field_f1"}
    decoding = Decoding(max_tokens=96) if case.extract else Decoding(labels=drawn.labels, max_tokens=16)
    with tempfile.TemporaryDirectory() as folder:
        bench = toy_bench(Path(folder), pool[on.dev :], pool[: on.dev], **changes)
        bench.evaluator.model_of = lambda spec: on.model
        try:
            yield Place(bench, test, Candidate(on.model.target, decoding=decoding))
        finally:
            bench.journal.close()


def cells(on: Ground, sizes: Sequence[int], tasks: Sequence[str], board: Board) -> None:
    """The table of families; a hybrid is tied where the paired test finds no difference from the best other."""
    best = tied = 0
    for task, rows in itertools.product(tasks, sizes):
        with place(on, CASES[task], rows, 0) as at:
            size = len(at.bench.train)
            found: dict[str, tuple[str, Run]] = {}
            for family, names in (QUICK if on.few else FAMILIES).items():
                made = {name: at.made(name, **(EPOCHS.get(name, {}) if on.few else {})) for name in names}
                for name, (_, dev, test) in made.items():
                    print(f"{task} {size}: {name} dev {_percent(dev)} test {_percent(test)}", flush=True)
                chosen = max(names, key=lambda name: made[name][1].estimate.value)
                found[family] = (chosen, made[chosen][2])
            hybrid = found["hybrid"][1]
            other = max((found[f][1] for f in ("prompt", "weights")), key=lambda run: run.estimate.value)
            metric = at.bench.evaluator.metric
            one, two = ([record.score for record in run.records] for run in (hybrid, other))
            change = compare(one, two, metric.aggregate, metric.binary)
            best += change.difference >= 0
            tied += change.difference < 0 and change.p >= 0.05
            for family, (name, run) in found.items():
                board.add(f"{task}, {size} labels: {family} ({name})", [100 * run.estimate.value])
            gain = (100 * change.difference, 100 * change.low, 100 * change.high)
            print(
                f"{task} {size}: hybrid over the best other {gain[0]:+.1f} ({gain[1]:+.1f} to {gain[2]:+.1f})", flush=True
            )
    board.add("cells in which the hybrid is best", [best], unit="cells")
    goal = round(len(tasks) * len(sizes) * 6 / 9)
    board.add("cells in which the hybrid is best or tied", [best + tied], goal, "cells")


def full(on: Ground, rows: int, tasks: Sequence[str], seeds: int, board: Board) -> None:
    """LoRA beside full tuning."""
    for task in tasks:
        found: dict[str, list[float]] = {"lora": [], "full": []}
        for seed, name in itertools.product(range(seeds), found):
            with place(on, CASES[task], rows, seed) as at:
                _, _, test = at.made(name)
            found[name].append(100 * test.estimate.value)
            print(f"{task} {rows}, seed {seed}: {name} {_percent(test)}", flush=True)
        for name, values in found.items():
            board.add(f"{task}, {rows} labels: {name}, {seeds} seeds", values)
        below = [f - lo for lo, f in zip(found["lora"], found["full"], strict=True)]
        board.add(f"{task}: full above LoRA", below, 2.0, "points", lower=True)


def distill(on: Ground, rows: int, tasks: Sequence[str], board: Board) -> None:
    """The nearest ten demonstrations, learnt from their answers alone."""
    for task in tasks:
        with place(on, CASES[task], rows, 0) as at:
            teacher, _, long = at.made("few_shot", **LONG)
            student, _, short = at.made("few_shot+distill", few_shot=LONG)
            bare = at.tested(at.start)
        gain, kept = (run.estimate.value - bare.estimate.value for run in (long, short))
        tokens = [run.usage.tokens_in for run in (long, short)]
        print(f"{task}: bare {_percent(bare)}, long {_percent(long)}, distilled {_percent(short)}", flush=True)
        print(f"  {student.provenance.note}", flush=True)
        assert len(student.prompt.demonstrations) < len(teacher.prompt.demonstrations)
        board.add(f"{task}: share of the long prompt's gain that is kept", [100 * kept / gain], 95.0)
        board.add(f"{task}: the short prompt's share of the tokens", [100 * tokens[1] / tokens[0]], 25.0, lower=True)


def forgetting(on: Ground, rows: int, tasks: Sequence[str], board: Board) -> None:
    """LoRA without replay and with a quarter of it; the suite's items are paired, over all tasks."""
    scores: dict[float, list[Score | None]] = {0.0: [], 0.25: []}
    for task, share in itertools.product(tasks, scores):
        with place(on, CASES[task], rows, 0) as at:
            candidate, _, test = at.made("lora", replay=share)
            assert candidate.weights is not None
            suites = open_suites(at.bench.task, at.bench.model)
            found = Memory(at.bench.evaluator, at.start.model, suites).measure(candidate.weights)
        [lost] = found.suites
        assert found.perplexity is not None
        scores[share] += lost.scores
        after, worse = 100 * lost.after, found.perplexity[1] / found.perplexity[0]
        print(f"{task}: replay {share:g}, test {_percent(test)}", flush=True)
        board.add(f"{task}: general suite, replay {share:g} (bare {100 * lost.before:.1f})", [after])
        board.add(f"{task}: perplexity of prose over the bare model's, replay {share:g}", [worse], unit="times")
    metric, items = lost.suite.metric, [example.id for _ in tasks for example in lost.suite.examples]
    saved = compare(scores[0.25], scores[0.0], metric.aggregate, metric.binary, items)
    board.add("replay 0.25 saves of the general suite, over all tasks", [100 * saved.difference], unit="points")
    board.add("the same, lower end of its interval", [100 * saved.low], 0.0, "points")


def _percent(run: Run) -> str:
    shown = run.estimate
    return f"{100 * shown.value:.1f} ({100 * shown.low:.1f}-{100 * shown.high:.1f})"


def _size(parser: argparse.ArgumentParser, text: str) -> int:
    if text != "all" and not (text.isdecimal() and int(text) > 0):
        parser.error(f"--rows: '{text}' is no number of labels; valid: a number above 0, or all")
    return EVERY if text == "all" else int(text)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the public data sets")
    quick = "cells alone: one task, 100 labels, 100 test rows, a strategy of each family, 3 epochs; under five minutes"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--parts", default=",".join(PARTS), help="comma-separated, of them all")
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated")
    parser.add_argument("--rows", default="100,300,all", help="numbers of labels for cells, comma-separated")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here")
    models.arguments(parser)
    given = parser.parse_args()
    tasks = chosen(parser, "--tasks", given.tasks, TASKS)
    parts = chosen(parser, "--parts", given.parts, PARTS)
    sizes = [_size(parser, text) for text in given.rows.split(",")]
    if given.seeds < 1:
        parser.error(f"--seeds is {given.seeds}; valid is 1 or more")
    if given.quick:
        tasks, sizes, parts = ["banking10"], [100], ["cells"]
    present(parser, given.data, [CASES[task] for task in tasks])
    model = models.opened(parser, given)
    on = Ground(given.data, model, 60, 100, True) if given.quick else Ground(given.data, model)
    labelled = [task for task in tasks if not CASES[task].extract]
    board = Board(given.json or WORK / "tuning.json", models.prefix(given.model, "pocket"))
    for part in parts:
        if part == "distill":
            distill(on, 600, labelled, board)
        elif part == "cells":
            cells(on, sizes, labelled, board)
        elif part == "forgetting":
            forgetting(on, 300, labelled, board)
        else:
            full(on, 300, tasks, given.seeds, board)
        board.save()
    print(board.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
