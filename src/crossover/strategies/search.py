"""Search over whole prompts: instruction, format, demonstrations and order together, with more rows for survivors."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import Any, ClassVar

from crossover.data.task import Task
from crossover.engine.follow import calls_of
from crossover.engine.phrasing import answer_form, phrasings, reasoning, speaks, worded
from crossover.errors import MissingExtra, OptionError
from crossover.strategies._calibration import score_all
from crossover.strategies._choice import dev_values, noted, solved_already
from crossover.strategies._demonstrations import balanced, diverse
from crossover.strategies._formats import formats
from crossover.strategies._options import check
from crossover.strategies._worth import surely_best, worth
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Demonstration, Example, Family, Prompt, Run

FIRST = 16  # rows on which every prompt is met; half of them where there are calls for few prompts
FEW = 20
FACTOR = 3  # the best third goes on, to three times the rows
MOST = 432  # rows at most: FIRST * FACTOR ** 3
PRIOR = 16  # rows that the mean of all prompts counts for in what one is believed to be worth
MISSES = 50  # proposals of what was met or does not fit, after which the search ends
LEAST = 5  # prompts that there have to be calls for
FORMATS = 8
DRAWS = 6


@dataclass(frozen=True)
class Search(Outlining):
    """Tree-structured Parzen estimators (Bergstra et al. 2011) with asynchronous successive halving (Li et al. 2020).

    Prompts are tried on training rows, never with themselves as demonstrations, and compared by the mean probability of
    the right answer where the model has probabilities: on few rows it says more than how many are right. The start is
    kept unless one is better on dev beyond luck. A headroom test comes first: when the start solves the first rows, or
    no plain change of the prompt changes what is right, nothing is searched. In a chain, and where
    the start reasons, it searches the (last) instruction alone. Needs the extra `search`.

    - `calls`: the most model calls that searching and confirming may take.
    - `shots`: the numbers of demonstrations to try, of those that fit the context window.
    - `finalists`: how many of the best meet dev, where the calls allow.
    """

    family: ClassVar[Family] = "prompt"

    calls: int = 1200
    shots: tuple[int, ...] = (0, 2, 4, 8, 16)
    finalists: int = 3

    def __post_init__(self) -> None:
        check(
            "search",
            self,
            ("calls", "1 or more", self.calls >= 1),
            ("shots", "0 or more", bool(self.shots) and min(self.shots, default=0) >= 0),
            ("finalists", "1 or more", self.finalists >= 1),
        )
        if importlib.util.find_spec("optuna") is None:
            raise MissingExtra("strategy 'search'", "search")

    def outline(self, start: Outline, task: Task | None) -> Outline:
        return replace(start, worded=True)

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        begun = bench.score(start)
        size = calls_of(start) * len(begun.records)
        finalists = min(self.finalists, max(1, self.calls // (4 * size)))
        walk = _Walk(start, bench, self.calls - size * (1 + finalists), self.shots)
        if walk.left < LEAST * walk.first * walk.each:
            least, rows = size * (1 + finalists) + LEAST * walk.first * walk.each, len(begun.records)
            raise OptionError(
                f"strategy 'search', option 'calls': received {self.calls}, valid is {least} or more with {rows} dev rows"
            )
        reason = walk.no_headroom(begun)
        if reason:
            return noted(start, f"not searched: {reason}")
        walk.go()
        tried = [(start, begun), *score_all(walk.best(finalists), bench, [begun])]
        best = surely_best(tried, bench)
        values = dev_values([run for _, run in tried[1:]])
        what = "the start was kept" if best.id == start.id else f"{len(best.prompt.demonstrations)} demonstrations"
        if best.prompt.selection == "nearest":
            what = f"{best.prompt.shots} nearest demonstrations"
        note = f"{what}; {len(walk.met)} prompts searched in {walk.used} calls on training rows, "
        return noted(best, f"{note}{len(tried) - 1} met dev ({values}; start {100 * begun.estimate.value:.1f})")


@dataclass
class _Met:
    """A prompt that was tried: on how many rows, and what it was worth on each rung."""

    candidate: Candidate
    rows: int = 0
    values: list[float] = field(default_factory=list)

    @property
    def rung(self) -> int:
        return len(self.values) - 1


@dataclass
class _Walk:
    """One search: what may be tried, what was, and how many calls are left."""

    start: Candidate
    bench: Bench
    left: int
    given: tuple[int, ...]
    used: int = 0
    met: dict[str, _Met] = field(default_factory=dict)  # by the candidate's id

    def __post_init__(self) -> None:
        self.each = calls_of(self.start)
        self.first = FIRST if self.left >= FEW * FIRST * self.each else FIRST // 2
        train = list(self.bench.train)
        self.rows: list[Example] = random.Random(self.bench.seed).sample(train, min(len(train), MOST))
        self.pool = tuple(Demonstration(e.input, self.start.decoding.spoken(e.output)) for e in train)
        forms = [answer_form(self.bench.task), *phrasings(self.bench.task, self.bench.train)]
        plain = [worded(form, self.start.prompt) for form in forms]
        phrased = list(dict.fromkeys(reasoning(plain, self.start, self.bench.task, self.bench.train)))
        if self.start.prompt.steps or self.start.decoding.pattern:
            self.given = (0,)
        if speaks(self.start.prompt):
            phrased.insert(0, self.start.prompt)
        self.forms = [[prompt, *formats(prompt, FORMATS, self.bench.seed)] for prompt in phrased]
        self.covering = {shots: diverse(self.pool, shots) for shots in self.given}
        self.shots = [n for n in self.given if self.bench.fits(self._candidate(self._prompt(0, 0, n, "nearest", 0)))]
        self.shots = self.shots or [min(self.given)]

    def no_headroom(self, begun: Run) -> str:
        """Why searching is not worth it; empty where it is. `begun`: the start on dev."""
        probes = [
            self.start,
            *(self._candidate(self._prompt(phrasing, 0, 0, "random", 0)) for phrasing in range(len(self.forms))[1:3]),
        ]
        probes.append(self._candidate(self._prompt(0, 0, max(self.shots), "nearest", 0)))
        runs = [self._run(probe, self.first) for probe in probes if self.bench.fits(probe)]
        solved = solved_already([runs[0], begun])
        if solved:
            return solved
        right = [[record.score.value if record.score else None for record in run.records] for run in runs]
        if all(values == right[0] for values in right[1:]):
            return f"{len(right) - 1} other prompts are right on the very same of {len(right[0])} rows"
        return ""

    def go(self) -> None:
        """Try prompts, and the promising ones on more rows, until the calls are used up."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=self.bench.seed, multivariate=True, n_startup_trials=12)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for plain in self._plain():
            study.enqueue_trial(plain)
        misses = 0
        while misses < MISSES:
            ahead = self._promising()
            if ahead is not None:
                self._run(ahead.candidate, self._size(ahead.rung + 1))
                continue
            if self.left < self.first * self.each:
                return
            trial = study.ask()
            prompt = self._prompt(
                trial.suggest_categorical("phrasing", range(len(self.forms))),
                trial.suggest_categorical("format", range(FORMATS + 1)),
                trial.suggest_categorical("shots", self.shots),
                trial.suggest_categorical("selection", ["random", "nearest", "diverse"]),
                trial.suggest_categorical("draw", range(DRAWS)),
            )
            candidate = self._candidate(prompt)
            if candidate.id in self.met:
                misses += 1
            elif not self.bench.fits(candidate):
                misses += 1
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            else:
                self._run(candidate, self.first)
            study.tell(trial, self.met[candidate.id].values[0])

    def best(self, count: int) -> list[Candidate]:
        """The best, each believed to be nearer to the mean of all the fewer rows it was met on."""
        usual = mean(met.values[0] for met in self.met.values())
        believed = {
            name: (met.rows * met.values[-1] + PRIOR * usual) / (met.rows + PRIOR) for name, met in self.met.items()
        }
        order = sorted(believed, key=lambda name: (-believed[name], name))
        return [self.met[name].candidate for name in order if name != self.start.id][:count]

    def _promising(self) -> _Met | None:
        """The best prompt that is in the best third of those that reached its rung, and that there are calls for."""
        for rung in range(max((met.rung for met in self.met.values()), default=-1), -1, -1):
            reached = [met for met in self.met.values() if met.rung >= rung]
            further = self._size(rung + 1) - self._size(rung)
            if not 0 < further * self.each <= self.left:
                continue
            reached.sort(key=lambda met: (-met.values[rung], met.candidate.id))
            for met in reached[: len(reached) // FACTOR]:
                if met.rung == rung:
                    return met
        return None

    def _size(self, rung: int) -> int:
        return min(self.first * int(FACTOR**rung), len(self.rows))

    def _run(self, candidate: Candidate, size: int) -> Run:
        """Answer the first `size` rows; what was answered before is not asked again."""
        met = self.met.setdefault(candidate.id, _Met(candidate))
        rows = self.rows[:size]
        fresh = (len(rows) - met.rows) * self.each
        self.left -= fresh
        self.used += fresh
        run = self.bench.rehearse(candidate, rows)
        met.values.append(worth(candidate, run))
        met.rows = len(rows)
        return run

    def _plain(self) -> Iterator[dict[str, Any]]:
        """What a person would try first."""
        plain = {"format": 0, "draw": 0}
        for selection, shots in (("nearest", max(self.shots)), ("random", max(self.shots)), ("random", min(self.shots))):
            for phrasing in range(len(self.forms)):
                yield plain | {"phrasing": phrasing, "shots": shots, "selection": selection}

    def _candidate(self, prompt: Prompt) -> Candidate:
        return replace(self.start, prompt=prompt, decoding=replace(self.start.decoding, label_bias=()))

    def _prompt(self, phrasing: int, other: int, shots: int, selection: str, draw: int) -> Prompt:
        variants = self.forms[phrasing]
        prompt = variants[other % len(variants)]
        shown, shots = self.covering[shots], min(shots, len(self.pool))
        if not shots:
            return replace(prompt, demonstrations=(), selection="fixed", shots=0)
        if selection == "nearest":
            return replace(prompt, demonstrations=self.pool, selection="nearest", shots=shots)
        if selection == "random":
            shown = balanced(self.pool, shots, self.bench.seed + draw)
        elif draw:
            shown = tuple(random.Random(draw).sample(shown, len(shown)))
        return replace(prompt, demonstrations=shown, selection="fixed", shots=shots)
