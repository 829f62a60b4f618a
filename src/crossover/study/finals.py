"""The finals: each family's best by dev is scored on the test split, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crossover.data.task import Task
from crossover.decision.contenders import Contender, finalists
from crossover.decision.limits import removal
from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded
from crossover.evaluation.run import Evaluator
from crossover.study.listener import Listener, Stage
from crossover.study.scoring import Scoring
from crossover.types import Candidate, Example, Run


@dataclass(frozen=True)
class Finals:
    task: Task
    test: Sequence[Example]
    evaluator: Evaluator
    rule: Scoring
    journal: Journal
    listener: Listener

    def held(self, contenders: list[Contender], candidates: Mapping[str, Candidate], warnings: list[str]) -> dict[str, Run]:
        """The finalists' runs, by candidate; one that proves useless is marked in `contenders`, and the next is scored.

        `candidates`: by the contender's name. What a limit cut off is added to `warnings`.
        """
        chosen = finalists(contenders, self.task.margin)
        self.rule.tested(self.journal)
        count_use(self.journal, [c.id for c in chosen], warnings)
        runs: dict[str, Run] = {}
        met: set[str] = set()
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
            reason = removal(self.task.limits, contender.name, True, None, runs[contender.id])
            if reason:
                self.listener.say(reason)
                contenders[contenders.index(contender)] = replace(contender, removed=reason)
                chosen = [c for c in finalists(contenders, self.task.margin) if c.name not in met]
        return runs


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
