"""What each rung's candidate costs, at the speed that was measured, and so who contends for the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.data.task import Task
from crossover.decision.contenders import Contender, rung
from crossover.decision.costs import Cost, Prices, local_cost
from crossover.decision.limits import removal
from crossover.errors import BudgetExceeded
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.probe import Speed, measure_speed
from crossover.study.ladder import Climbed
from crossover.types import Example, to_json

SPEED_CALLS = 6  # that measuring a speed takes: two answers, three times each


def speed_text(examples: Sequence[Example]) -> str:
    """What is asked to measure a model's speed."""
    return "\n".join(example.input for example in examples[:20])[:400]


@dataclass(frozen=True)
class Costing:
    """`bench`: whose training rows were labelled, and whose journal keeps each model's speed."""

    task: Task
    bench: StudyBench

    def speed(self, spec: str) -> Speed:
        """The machine's token speed with a model, measured once in a study; zeros where a limit came before."""
        name, journal = f"speed of {spec}", self.bench.journal
        known = journal.fact(name)
        if known is None:
            model, text = self.bench.model_of(spec), speed_text(self.bench.train)
            try:
                known = to_json(measure_speed(self.bench.evaluator.caller, model, text))
            except BudgetExceeded:
                return Speed(0.0, 0.0)  # the limit came before anything was measured: there is no cost to compare
            journal.set_fact(name, known)
        return Speed(**known)

    def contenders(self, climbed: Sequence[Climbed]) -> list[Contender]:
        """Those that gave a candidate of their own, in the ladder's order; `removed` says which limit one breaks."""
        requests = Prices.of(self.task.limits).requests
        found = []
        for order, made in enumerate(climbed):
            if made.candidate is None or made.dev is None or made.same_as is not None:
                continue
            cost = self._cost(made)
            local = self.bench.model_of(made.candidate.model).local
            found.append(
                Contender(
                    made.name,
                    made.candidate.id,
                    made.family,
                    rung(made.candidate, made.family),
                    order,
                    made.dev.estimate,
                    cost,
                    cost.over(requests),
                    removal(self.task.limits, made.name, local, made.probe, made.dev),
                    made.strategy,
                )
            )
        return found

    def _cost(self, made: Climbed) -> Cost:
        assert made.candidate is not None
        assert made.dev is not None
        candidate, calls = made.candidate, max(len(made.dev.records), 1)
        labels = len(self.bench.train) if candidate.weights else len(candidate.prompt.demonstrations)
        return local_cost(
            Prices.of(self.task.limits),
            self.speed(candidate.model),
            made.dev.usage.tokens_in / calls,
            made.dev.usage.tokens_out / calls,
            self.bench.tuning_seconds(candidate.weights),
            labels,
        )
