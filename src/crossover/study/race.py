"""Finalists meet the test rows block by block: who has surely lost stops, and so does the last one that nobody beat.

All of them meet the rows in one random order. Any rule may stop them, as what is said of them afterwards holds whenever
one stops (`evaluation/stopped.py`); this one stops whom the verdict needs no further.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crossover.data.clusters import clusters
from crossover.decision.contenders import Contender
from crossover.decision.pairs import ALPHA
from crossover.decision.rule import SIDE
from crossover.evaluation.looks import looks, shuffled
from crossover.evaluation.race import enough
from crossover.evaluation.run import Evaluator
from crossover.evaluation.stopped import estimated, lead
from crossover.types import Candidate, Example, Raced, Run, Score

DOUBTFUL = math.log(20)  # a lead over who will hardly win


@dataclass
class _Runner:
    contender: Contender
    champion: bool
    blocks: Iterator[Run]
    run: Run | None = None
    looked: int = 0  # how often
    lost_to: str | None = None


@dataclass
class Race:
    """`begins`: told who is asked next. `target`: what the metric is to reach, if anything."""

    evaluator: Evaluator
    test: Sequence[Example]
    seed: int
    target: float | None = None
    begins: Callable[[Contender], None] = lambda contender: None
    _runners: dict[str, _Runner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rows = shuffled(self.test, self.seed)
        self._ends = looks(self._rows)
        names = clusters(self._rows)
        self._groups = names if len(set(names)) < len(names) else [None] * len(names)

    def enter(self, contender: Contender, candidate: Candidate, champion: bool) -> None:
        """Also while others have met rows already: it catches up with them first."""
        blocks = self.evaluator.blocks(candidate, "test", self._rows, self._ends)
        self._runners[contender.id] = _Runner(contender, champion, blocks)

    def withdraw(self, contender: Contender) -> None:
        """It cannot be chosen after all: whom it beat goes on."""
        del self._runners[contender.id]
        for runner in self._runners.values():
            if runner.lost_to == contender.id:
                runner.lost_to = None

    def go(self) -> None:
        """Until nobody is needed further. Raises `BudgetExceeded`; what was met by then stays."""
        while racing := self._needed():
            behind = min(runner.looked for runner in racing)
            for runner in racing:
                if runner.looked == behind:
                    self.begins(runner.contender)
                    runner.run = next(runner.blocks)
                    runner.looked += 1
            self._drop()

    def runs(self) -> dict[str, Run]:
        """Of those that met any rows, by contender id, their records in the split's order."""
        place = {example.id: number for number, example in enumerate(self.test)}
        found = {}
        for id, runner in self._runners.items():
            if runner.run is None:
                continue
            records = tuple(sorted(runner.run.records, key=lambda record: place[record.example.id]))
            run = replace(runner.run, records=records, raced=Raced(len(self.test), runner.lost_to))
            if run.stopped:
                scores = [record.score for record in records]
                run = replace(run, estimate=estimated(scores, clusters([r.example for r in records])))
            found[id] = run
        return found

    def _needed(self) -> list[_Runner]:
        """Who is asked further."""
        left = [r for r in self._runners.values() if r.lost_to is None]
        racing = [r for r in left if r.looked < len(self._ends)]
        if len(left) == 1 and len(self._runners) > 1 and left[0].looked and self._told(left[0]):
            return []
        return racing

    def _told(self, runner: _Runner) -> bool:
        """Whether it is known if it reaches the target."""
        if self.target is None:
            return True
        scores = self._scores(runner)
        known = estimated(scores, self._groups[: len(scores)], 1 - ALPHA / len(self._runners))
        return not known.low < self.target <= known.high

    def _drop(self) -> None:
        met = {id: runner for id, runner in self._runners.items() if runner.run is not None}
        leads = {(a, b): self._lead(met[a], met[b]) for a, b in itertools.permutations(met, 2)}
        sure = self._sure(leads)
        for id, runner in met.items():
            if runner.lost_to is None:
                better = [other for other in met if (other, id) in sure and met[other].champion >= runner.champion]
                if better and all((other, id) in sure for other in self._needing(id, leads)):
                    runner.lost_to = max(better, key=lambda other: (met[other].lost_to is None, leads[other, id]))

    def _sure(self, leads: Mapping[tuple[str, str], float]) -> set[tuple[str, str]]:
        """Who is surely better than whom: among champions by Holm's steps over their pairs, as the verdict takes them."""
        champions = {id for id, runner in self._runners.items() if runner.champion}
        own = {pair: lead for pair, lead in leads.items() if champions.issuperset(pair)}
        found, left = set(), math.comb(len(champions), 2)
        for pair in sorted(own, key=lambda pair: -own[pair]):
            if own[pair] < enough(left):
                break
            found.add(pair)
            left -= 1
        least = enough(len(self._runners) - 1)
        return found | {pair for pair, lead in leads.items() if pair not in own and lead >= least}

    def _needing(self, id: str, leads: Mapping[tuple[str, str], float]) -> list[str]:
        """The champions that have to prove themselves against it and may still win: dearer ones of another side."""
        runner = self._runners[id]
        own, found = runner.contender, []
        for name, other in self._runners.items():
            dearer = SIDE[other.contender.family] != SIDE[own.family] and other.contender.horizon_cost > own.horizon_cost
            if runner.champion and other.champion and other.lost_to is None and dearer:
                behind = max((lead for (_, worse), lead in leads.items() if worse == name), default=0.0)
                if behind < DOUBTFUL:
                    found.append(name)
        return found

    def _lead(self, better: _Runner, worse: _Runner) -> float:
        first, second = self._scores(better), self._scores(worse)
        both = min(len(first), len(second))
        return lead(first[:both], second[:both], self._groups[:both])

    def _scores(self, runner: _Runner) -> list[Score | None]:
        return [record.score for record in runner.run.records] if runner.run else []
