"""The model at work: it answers, is scored, is tuned; all through the package's own rooms."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossover.data.task import Task
from crossover.engine.answer import vote
from crossover.engine.follow import follow
from crossover.engine.render import Renderer
from crossover.evaluation.aggregate import estimate
from crossover.metrics.accuracy import Accuracy
from crossover.metrics.base import Metric
from crossover.models.hf import Hf
from crossover.strategies.base import Strategy
from crossover.tuning import fit
from crossover.tuning.batches import TrainingRow
from crossover.types import Candidate, Epoch, Example, Kind, Prompt, Recipe, Record, Reply, Run, Score, Weights
from training.pocket.measures.draws import Draw

STARTED = time.monotonic()


def say(text: str) -> None:
    """A progress line."""
    sys.stderr.write(f"[{time.monotonic() - STARTED:6.0f} s] {text}\n")
    sys.stderr.flush()


@dataclass
class Lab:
    """What every part is given. `tests`: test rows of a draw; `quick`: fewer rows to choose by."""

    model: Hf
    data: Path
    tests: int = 200
    quick: bool = False

    def dev(self, drawn: Draw) -> tuple[Example, ...]:
        """The rows for calibration and for choosing an epoch: fewer when it has to be quick."""
        return drawn.dev[:40] if self.quick else drawn.dev

    def ask(self, candidate: Candidate, examples: Sequence[Example]) -> list[Reply]:
        """The model's replies. A call that fails is said, and counts as wrong."""
        answered = follow(candidate, Renderer(candidate.prompt), [e.input for e in examples], self.model.complete)
        replies = [one.reply for one in answered]
        failed = [reply.error for reply in replies if reply.error is not None]
        if failed:
            say(f"  {len(failed)} of {len(replies)} calls failed: {failed[0]}")
        return replies

    def run(self, candidate: Candidate, examples: Sequence[Example], metric: Metric | None = None) -> Run:
        """Ask and score; accuracy unless another metric is given."""
        return scored(candidate, examples, self.ask(candidate, examples), metric)

    def percent(self, candidate: Candidate, examples: Sequence[Example]) -> float:
        """Accuracy in percent."""
        return percent(self.run(candidate, examples))

    @contextmanager
    def tuned(
        self,
        strategy: Strategy,
        start: Candidate,
        train: Sequence[Example],
        dev: Sequence[Example],
        seed: int,
        metric: Metric | None = None,
        more: Sequence[TrainingRow] = (),
    ) -> Iterator[Candidate]:
        """The candidate with weights tuned as `strategy` would; they are gone behind the `with`.

        `more`: rows that are learnt too, each with a conversation of its own.
        """
        recipe = recipe_of(strategy, self.model, seed, train, "classify" if start.decoding.labels else "extract")
        with tempfile.TemporaryDirectory() as folder:

            def value(weights: Weights) -> float:
                return self.run(replace(start, weights=weights), dev, metric).estimate.value

            def told(epoch: Epoch) -> None:
                say(f"  {recipe.method}, {len(train) + len(more)} rows, epoch {epoch.epoch}: {epoch.observation}")

            rows = [*rows_of(start.prompt, train), *more]
            weights = fit(
                self.model,
                rows=rows,
                dev_rows=rows_of(start.prompt, dev),
                recipe=recipe,
                folder=Path(folder),
                evaluate=value,
                on_epoch=told,
            )
            yield replace(start, weights=weights)


def scored(
    candidate: Candidate, examples: Sequence[Example], replies: Sequence[Reply], metric: Metric | None = None
) -> Run:
    """Score replies that are there: another calibration costs no further call."""
    metric = metric or Accuracy()
    records = []
    for example, reply in zip(examples, replies, strict=True):
        _, answer = vote([reply], candidate.decoding)
        score = metric.score(example.output, answer) if reply.error is None else Score(0.0, valid=False)
        records.append(Record(example, reply, answer, score))
    total = estimate([record.score for record in records], metric.aggregate, metric.binary)
    return Run(candidate.id, "test", type(metric).__name__, tuple(records), total)


def percent(run: Run) -> float:
    """A run's estimate in percent."""
    return 100 * run.estimate.value


def top_share(run: Run) -> float:
    """The share of the most frequent answer, in percent."""
    [(_, count)] = Counter(record.prediction for record in run.records).most_common(1)
    return 100 * count / len(run.records)


def valid_share(run: Run) -> float:
    """The share of answers that could be parsed, in percent."""
    return 100 * sum(bool(record.score and record.score.valid) for record in run.records) / len(run.records)


def rows_of(prompt: Prompt, examples: Sequence[Example]) -> list[TrainingRow]:
    """Training rows: each example rendered with the prompt."""
    renderer = Renderer(prompt)
    return [(renderer.messages(e.input), e.output) for e in examples]


@dataclass
class _Recorder:
    """As much of a bench as a strategy of weights needs to say which recipe it would tune with."""

    model: Hf
    seed: int
    train: Sequence[Example]
    task: Task
    recipes: list[Recipe] = field(default_factory=list)

    def tune(self, candidate: Candidate, recipe: Recipe) -> Candidate:
        self.recipes.append(recipe)
        return candidate


def recipe_of(strategy: Strategy, model: Hf, seed: int, train: Sequence[Example], kind: Kind) -> Recipe:
    """The recipe that a strategy tunes with: its own defaults for this model, these rows and this kind of task."""
    recorder = _Recorder(
        model, seed, train, Task(name="measure", data="rows.csv", input="text", output="answer", kind=kind)
    )
    bench: Any = recorder
    strategy.adapt(Candidate(model.target), bench)
    [recipe] = recorder.recipes
    return recipe
