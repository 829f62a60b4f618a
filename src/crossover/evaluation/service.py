"""A tune at a service, as the study sees it: what may be paid before it begins, what was paid, and how dev answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crossover.data.economics import highest
from crossover.engine.render import lessons
from crossover.errors import BudgetExceeded, OptionError, TuningError
from crossover.tuning.job import JobFailed
from crossover.tuning.providers import Lesson
from crossover.tuning.recipe import HostedRecipe
from crossover.tuning.trainer import Events, Trainer, Tuned, most_tokens
from crossover.types import Candidate, Epoch, Example, Reply, Run, Usage, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crossover.data.task import Task
    from crossover.engine.journal import Journal
    from crossover.engine.meter import Meter
    from crossover.evaluation.run import Evaluator

MILLION = 1e6
TUNING = "tuning"  # the purpose of a job's row among the calls
HOURLY = "services bill reinforcement by the hour, which costs nothing here"


def trained_at_most(evaluator: Evaluator, candidate: Candidate, recipe: HostedRecipe, examples: Sequence[Example]) -> int:
    """Tokens that a job for a candidate can train on; a wrong answer is thought to be as long as the right one."""
    both = recipe.objective == "dpo"
    taught = lessons(evaluator.renderer(candidate.prompt), candidate.decoding, examples)
    return most_tokens([Lesson(messages, answer, "", answer if both else "") for messages, answer in taught], recipe)


@dataclass(frozen=True)
class Service:
    """One tune, by its `key`."""

    task: Task
    evaluator: Evaluator
    journal: Journal
    meter: Meter
    dev: Sequence[Example]
    key: str

    def tune(
        self,
        trainer: Trainer,
        candidate: Candidate,
        rows: Sequence[Lesson],
        dev: Sequence[Lesson],
        recipe: HostedRecipe,
        folder: Path,
    ) -> Tuned:
        """The tuned weights, paid for once. Raises what the trainer raises, `BudgetExceeded` and `OptionError`."""
        known = {body["epoch"] for body in self.journal.epochs(self.key)}

        def on_epoch(epoch: Epoch) -> None:
            if epoch.epoch not in known:
                self.journal.add_epoch(self.key, epoch.epoch, epoch)
            self.evaluator.progress("checkpoints", epoch.epoch, epoch.epoch)

        def on_step(step: int, steps: int, loss: float) -> None:
            self.meter.tick()
            self.meter.check()
            if steps:
                self.evaluator.progress(TUNING, step, steps)

        def evaluate(weights: Weights) -> float:
            run = self.evaluator.run(replace(candidate, weights=weights), "dev", self.dev)
            self._answers(weights, run)
            return run.estimate.value

        def before(most: int) -> None:
            self._commit(most, recipe)

        def paid(job: str, trained: int) -> None:
            self._pay(job, "", 0 if recipe.hourly else trained)

        events = Events(evaluate, on_epoch, on_step, before, paid)
        try:
            tuned = trainer.tune(rows, dev, recipe, folder, candidate.weights, events)
        except JobFailed:
            self.meter.settled(self.key)
            raise
        if recipe.hourly:
            self._pay(tuned.job, tuned.weights.ref, 0)
            return replace(tuned, usage=Usage(), said=(*tuned.said, HOURLY))
        self._pay(tuned.job, tuned.weights.ref, tuned.usage.tokens_in)
        if self.task.prices.training is not None:
            return tuned
        free = f"{tuned.usage.tokens_in:,} tokens that the service trained on cost nothing here, without prices.training"
        return replace(tuned, said=(*tuned.said, free))

    def _answers(self, weights: Weights, run: Run) -> None:
        errors = [record.reply.error for record in run.records if record.reply.error is not None]
        if errors and len(errors) == len(run.records):
            raise TuningError(f"the tuned model '{weights.ref}' does not answer ({errors[0]})")

    def _commit(self, most: int, recipe: HostedRecipe) -> None:
        """Hold what a job may cost. Without a price there is no saying that it keeps within a limit."""
        price = self.task.prices.training
        if recipe.hourly and self.task.limits.money is not None:
            raise OptionError(
                f"limits.money is {self.task.limits.money:g}, and services bill reinforcement by the hour, so that nobody"
                " knows what the job will cost; valid: another objective, or no such limit"
            )
        if price is None and self.task.limits.money is not None:
            name = next((f"models.{name}." for name, one in self.task.models.items() if one.spec == self.task.model), "")
            raise OptionError(
                f"limits.money is {self.task.limits.money:g}, and what training at the service costs is not known: give"
                f" {name}prices.training, of a million trained tokens"
            )
        money = 0.0 if recipe.hourly else most / MILLION * highest(price)
        try:
            self.meter.commit(self.key, money)
        except BudgetExceeded as error:
            raise BudgetExceeded(f"{error}: a job on up to {most:,} tokens may cost {money:.3g}") from error

    def _pay(self, job: str, made: str, trained: int) -> None:
        """Journal what a job cost, once, however often its end is met; one that another study began was paid there."""
        name = f"job {job}"
        if not trained or self.journal.replies([name]) or not self.meter.holds(self.key):
            self.meter.settled(self.key)
            return
        usage = Usage(money=trained / MILLION * highest(self.task.prices.training))
        self.journal.add_calls(TUNING, {name: Reply(made, usage=usage)})
        self.meter.settled(self.key, usage)
