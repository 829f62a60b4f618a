"""The finals: each family's best by dev is scored on the test split, once; where calls cost something, as a race."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from crossover.data.task import Task
from crossover.decision.contenders import Contender, champions, finalists
from crossover.decision.limits import removal
from crossover.engine.journal import Journal
from crossover.engine.meter import Meter
from crossover.errors import BudgetExceeded
from crossover.evaluation.run import Evaluator
from crossover.models.batches import in_batches
from crossover.study.listener import Listener, Stage
from crossover.study.race import Race
from crossover.study.scoring import Scoring
from crossover.types import Candidate, Example, Run

SLOW = 600.0  # seconds of a test that is worth a race: where calls cost nothing else, whole figures are worth more
RACES = "the finals are a race"


@dataclass(frozen=True)
class Finals:
    """`seconds`: what a row took on dev, by the contender's name."""

    task: Task
    test: Sequence[Example]
    evaluator: Evaluator
    meter: Meter
    rule: Scoring
    journal: Journal
    listener: Listener
    seconds: Mapping[str, float]

    def held(
        self, contenders: list[Contender], candidates: Mapping[str, Candidate], warnings: list[str], said: list[str]
    ) -> dict[str, Run]:
        """The finalists' runs, by candidate; one that proves useless is marked in `contenders`, and the next is scored.

        `candidates`: by the contender's name. What a limit cut off is added to `warnings`, a race to `said`.
        """
        chosen = finalists(contenders, self.task.margin)
        self.rule.tested(self.journal)
        count_use(self.journal, [c.id for c in chosen], warnings)
        if not self._races(chosen, candidates, said):
            return self._whole(chosen, contenders, candidates, warnings)
        said.append(
            "the finalists meet the test rows block by block, and who has surely lost stops there; write `exhaustive: true`"
            " into the task file to have all of them answer all rows"
        )
        self.listener.note(said[-1])
        return self._raced(contenders, candidates, warnings)

    def _whole(
        self,
        chosen: list[Contender],
        contenders: list[Contender],
        candidates: Mapping[str, Candidate],
        warnings: list[str],
    ) -> dict[str, Run]:
        runs: dict[str, Run] = {}
        met: set[str] = set()
        with suppress(BudgetExceeded):  # each then says so itself
            self.evaluator.ahead([candidates[contender.name] for contender in chosen], "test", self.test)
        while chosen:
            contender = chosen.pop(0)
            met.add(contender.name)
            self.listener.stage(Stage("test", contender.name, len(met), len(met) + len(chosen)))
            try:
                runs[contender.id] = self.evaluator.run(candidates[contender.name], "test", self.test)
            except BudgetExceeded as error:
                warnings.append(f"{error} on the test split; not tested: {contender.name}")
                continue
            self.listener.result(contender.name, runs[contender.id].estimate, "on test")
            if self._useless(contender, contenders, runs[contender.id]):
                chosen = [c for c in finalists(contenders, self.task.margin) if c.name not in met]
        return runs

    def _raced(
        self, contenders: list[Contender], candidates: Mapping[str, Candidate], warnings: list[str]
    ) -> dict[str, Run]:
        met: list[str] = []
        useless: dict[str, Run] = {}

        def begins(contender: Contender) -> None:
            self.listener.stage(Stage("test", contender.name, met.index(contender.name) + 1, len(met)))

        race = Race(self.evaluator, self.test, self.task.seed, self.task.target, begins)
        while True:
            best = {c.id for c in champions(contenders, self.task.margin).values()}
            for contender in finalists(contenders, self.task.margin):
                if contender.name not in met:
                    met.append(contender.name)
                    race.enter(contender, candidates[contender.name], contender.id in best)
            try:
                race.go()
            except BudgetExceeded as error:
                behind = ", ".join(c.name for c in contenders if c.name in met and c.id not in race.runs())
                warnings.append(f"{error} on the test split; {f'not tested: {behind}' if behind else 'it ends there'}")
                break
            runs = race.runs()
            left = [c for c in contenders if c.id in runs and c.removed is None]
            lost = [c for c in left if self._useless(c, contenders, runs[c.id])]
            for contender in lost:
                useless[contender.id] = runs[contender.id]
                race.withdraw(contender)
            if not lost:
                break
        runs = race.runs() | useless
        for contender in contenders:
            if contender.id in runs:
                self.listener.result(contender.name, runs[contender.id].estimate, "on test")
        return runs

    def _useless(self, contender: Contender, contenders: list[Contender], run: Run) -> bool:
        """Whether its failed calls remove it, which is said and marked in `contenders`."""
        reason = removal(self.task.limits, contender.name, True, None, run)
        if reason:
            self.listener.say(reason)
            contenders[contenders.index(contender)] = replace(contender, removed=reason)
        return bool(reason)

    def _races(self, chosen: Sequence[Contender], candidates: Mapping[str, Candidate], said: list[str]) -> bool:
        """Whether there is a race: where the task file says so, or calls cost money or much time. Decided once in a study.

        Only of a mean over rows: of no other metric is it known when a lead is sure.
        """
        if self.rule.metric.aggregate != "mean":
            if self.task.exhaustive is False:
                said.append(f"there is no race on the test split: {self.rule.name} is no mean over rows")
            return False
        if self.task.exhaustive is not None:
            return not self.task.exhaustive
        known = self.journal.fact(RACES)
        if known is None:
            models = [self.evaluator.model_of(candidates[c.name].model) for c in chosen]
            slow = any(map(in_batches, models))  # each look would wait for a batch
            long = len(self.test) * sum(self.seconds.get(c.name, 0.0) for c in chosen) > SLOW
            known = not slow and (self.meter.cost(models) or long)
            self.journal.set_fact(RACES, known)
        return bool(known)


def count_use(journal: Journal, candidates: Sequence[str], warnings: list[str]) -> None:
    """Note that these are tested, and warn where others were tested on the same rows before."""
    names, uses = sorted(candidates), journal.fact("test uses", [])
    if names not in uses:
        uses.append(names)
        journal.set_fact("test uses", uses)
    if len(uses) > 1:
        warnings.append(
            f"The test split was used for {len(uses)} different sets of finalists in this folder: each further"
            " use makes its numbers a little too good."
        )
