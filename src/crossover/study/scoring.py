"""The study's metric: opened before the folder is made, held to what it was once test was scored; a judge is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crossover.data.task import Task
from crossover.decision.judging import told
from crossover.engine.journal import Journal, JournalReader
from crossover.errors import OptionError, StudyError
from crossover.evaluation.judging import JudgeCheck, graded_by_hand, measure_judge
from crossover.evaluation.run import Evaluator
from crossover.metrics.base import Judging, Metric, score_of
from crossover.metrics.open import code_of, fingerprint, metric_of
from crossover.models.open import open_language_model
from crossover.study.folder import StudyFolder
from crossover.types import Example

TESTED = "metric of the test split"
TRIED = 20  # gold outputs that a metric is tried on before anything is spent


@dataclass(frozen=True)
class Scoring:
    """`id`: what the metric is beside its name, empty where the name says all. `judge`: the model that it asks, if any."""

    metric: Metric
    name: str
    id: str
    judge: str

    def said(self) -> list[str]:
        """What a user should know of it."""
        code = code_of(self.metric)
        if code is not None:
            return [f"the metric runs the code in {code[0]} (SHA-256 {code[1][:12]})"]
        return [f"the metric asks the model {self.judge} about every answer"] if self.judge else []

    def hold(self, journal: JournalReader, folder: StudyFolder) -> None:
        """Raise `StudyError` where test was scored with other code, or other options, of this metric: it is met once."""
        known = journal.fact(TESTED)
        if known is not None and known["name"] == self.name and known["id"] != self.id:
            raise StudyError(
                f"{folder.path} scored its test split with another version of the metric {self.name}: name another folder"
                " with --out"
            )

    def tested(self, journal: Journal) -> None:
        """Note what test is scored with."""
        journal.set_fact(TESTED, {"name": self.name, "id": self.id})

    def measured(
        self, evaluator: Evaluator, examples: Sequence[Example], task: Task, say: Callable[[str], None]
    ) -> JudgeCheck | None:
        """What the judge is worth, which is also said; None where the metric asks no model.

        Raises `OptionError`, `DataError`, `BudgetExceeded`.
        """
        if not isinstance(self.metric, Judging):
            return None
        model = evaluator.model_of(self.judge)
        if task.limits.data_stays_here and not model.local:
            raise OptionError(
                f"limits.data_stays_here is true, and the judge '{self.judge}' runs elsewhere; valid: a local model"
            )
        check = measure_judge(self.metric, self.judge, model, evaluator.caller, examples, task)
        for sentence in told(check):
            say(sentence)
        return check


def scoring(task: Task, where: str, examples: Sequence[Example]) -> Scoring:
    """The metric of a completed task, with all that a judge needs; `where` opens a message.

    It is tried on gold outputs of `examples`, with themselves, another's and no answer: a mistake in a user's file is met
    here. Raises `OptionError`, `MetricError`, and for a judge `ModelError`, `DataError`: before anything is spent on it.
    """
    metric, judge = metric_of(task, where), ""
    golds = [example.output for example in examples[:TRIED]]
    for gold, other in () if isinstance(metric, Judging) else zip(golds, [*golds[1:], *golds[:1]], strict=True):
        for answer in (gold, other, ""):
            score_of(metric, gold, answer)
    if isinstance(metric, Judging):
        judge = metric.model or task.model
        graded_by_hand(metric, task)
        if judge != task.model:
            open_language_model(judge, task.folder)
    return Scoring(metric, task.metric or "accuracy", fingerprint(metric, task.metric_options), judge)
