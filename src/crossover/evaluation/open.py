"""A task, its rows and a journal -> a bench: the one way, for a study, for contract suites and for benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from crossover.data.economics import PriceList
from crossover.data.modelspec import prices_for
from crossover.data.task import Task
from crossover.engine.caller import Caller
from crossover.engine.desk import Desk
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.engine.taken import REPORTED
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.relevance import Relevance
from crossover.evaluation.run import Evaluator, Progress, silent
from crossover.metrics.base import Judging, Metric
from crossover.metrics.open import fingerprint, metric_of
from crossover.models.base import Model
from crossover.types import Example

METRIC = "accuracy"  # where the task names none


def open_bench(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    folder: Path,
    journal: Journal,
    model_of: Callable[[str], Model],
    relevance: Relevance,
    progress: Progress = silent,
    barred: Sequence[str] = (),
    metric: Metric | None = None,
    desk: Desk | None = None,
) -> StudyBench:
    """A bench over `journal`, with its tunes in `folder`. `barred`: the inputs of the test split.

    `model_of` opens the model that a candidate names; `metric`: the task's, where it is open already: opening one runs a
    user's file; `desk`: of a process that is not the study's own. Raises `OptionError` for a metric that there is not.
    """
    name = task.metric or METRIC
    own = task.model_copy(update={"prices": prices_for(task.model, task.models, task.prices)})
    purse, payee = desk.purse if desk else None, partial(_payee, task, model_of)
    meter = Meter(journal, task.limits, partial(_prices_of, task, model_of), purse, payee)
    caller = Caller(journal, meter, desk.claims, desk.spool) if desk else Caller(journal, meter)
    metric = metric or metric_of(task, "the task")
    judge = (metric.model or task.model) if isinstance(metric, Judging) else ""
    known = fingerprint(metric, task.metric_options)
    evaluator = Evaluator(caller, model_of, metric, name, relevance, task.seed, progress, judge, known)
    bench = StudyBench(own, tuple(train), tuple(dev), evaluator, journal, meter, folder, frozenset(barred))
    return replace(bench, carrier=desk.carrier) if desk else bench


def _prices_of(task: Task, model_of: Callable[[str], Model], model: Model) -> PriceList:
    """What the answers of a model that is open cost; of one that the task does not name, as the task says, which with
    several models, each at its own prices, is nothing."""
    return prices_for(_spec_of(task, model_of, model), task.models, task.prices)


def _payee(task: Task, model_of: Callable[[str], Model], model: Model) -> str:
    """Whose prices a model's are: the task's, of several models its own, or those that it reports itself where it is none
    of several."""
    spec = _spec_of(task, model_of, model)
    return REPORTED if task.models and not spec else spec


def _spec_of(task: Task, model_of: Callable[[str], Model], model: Model) -> str:
    """The specification of one of several models of a task; "" where it is none of them."""
    return next((one.spec for one in task.models.values() if model_of(one.spec) is model), "")
