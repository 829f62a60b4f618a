"""Search over whole prompts: instruction, format, demonstrations and order together, with more rows for survivors."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from crossover.engine.follow import calls_of
from crossover.errors import MissingExtra, OptionError
from crossover.strategies._calibration import CALIBRATED, score_best
from crossover.strategies._choice import first_best, noted, solved_already
from crossover.strategies._demonstrations import balanced, diverse
from crossover.strategies._formats import formats
from crossover.strategies._options import check
from crossover.strategies._phrasing import answer_form, phrasings
from crossover.strategies.base import Bench
from crossover.types import Candidate, Demonstration, Example, Family, Prompt, Run

FIRST = 16  # rows on which every prompt is met; half of them where there are calls for few prompts
FEW = 10
FACTOR = 3  # the best third goes on, to three times the rows
MOST = 432  # rows at most: FIRST * FACTOR ** 3
FORMATS = 8
DRAWS = 6


@dataclass(frozen=True)
class Search:
    """Tree-structured Parzen estimators (Bergstra et al. 2011) with asynchronous successive halving (Li et al. 2020).

    `calls`: the most model calls that searching and confirming may take. Prompts are tried on training rows, never with
    themselves as demonstrations; the `finalists` best are confirmed on dev, and the start is kept unless one is better
    there. A headroom test comes first: when the start solves the first rows, or no plain change of the prompt changes what
    is right, nothing is searched. Needs the extra `search`.
    """

    family: ClassVar[Family] = "prompt"

    calls: int = 1200
    shots: tuple[int, ...] = (0, 2, 4, 8)
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

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        begun = bench.score(start)
        size = calls_of(start) * len(begun.records)
        confirmed = min(self.finalists, max(1, self.calls // (3 * size)))
        walk = _Walk(start, bench, self.calls - size * (1 + confirmed), self.shots)
        if walk.left < 5 * walk.first * walk.each:
            least, rows = size * (1 + confirmed) + 5 * walk.first * walk.each, len(begun.records)
            raise OptionError(
                f"strategy 'search', option 'calls': received {self.calls}, valid is {least} or more with {rows} dev rows"
            )
        reason = walk.no_headroom(begun)
        if reason:
            return noted(start, f"not searched: {reason}")
        walk.go()
        tried = [(start, begun), *(score_best(candidate, bench) for candidate in walk.best(confirmed))]
        best, _ = tried[first_best([run for _, run in tried], bench)]
        values = ", ".join(f"{100 * run.estimate.value:.1f}" for _, run in tried[1:])
        calibration = CALIBRATED if best.decoding.label_bias else ""
        what = "the start was kept" if best.id == start.id else f"{len(best.prompt.demonstrations)} demonstrations"
        if best.prompt.selection == "nearest":
            what = f"{best.prompt.shots} nearest demonstrations"
        note = f"{what}{calibration}; {walk.prompts} prompts searched in {walk.used} calls on training rows, "
        return noted(best, f"{note}{len(tried) - 1} confirmed on dev ({values}; start {100 * begun.estimate.value:.1f})")


@dataclass
class _Walk:
    """One search: what may be tried, what was, and how many calls are left."""

    start: Candidate
    bench: Bench
    left: int
    shots: tuple[int, ...]
    used: int = 0
    prompts: int = 0
    met: dict[str, int] = field(default_factory=dict)  # rows answered, by candidate
    found: dict[str, tuple[Candidate, int, float]] = field(default_factory=dict)  # by id, on how many rows, how well

    def __post_init__(self) -> None:
        self.each = calls_of(self.start)
        self.first = FIRST if self.left >= FEW * FIRST * self.each else FIRST // 2
        train = list(self.bench.train)
        self.rows: list[Example] = random.Random(self.bench.seed).sample(train, min(len(train), MOST))
        self.pool = tuple(Demonstration(example.input, example.output) for example in train)
        phrased = [answer_form(self.bench.task), *phrasings(self.bench.task, self.bench.train)]
        if self.start.prompt.instruction:
            phrased.insert(0, self.start.prompt)
        self.forms = [[prompt, *formats(prompt, FORMATS, self.bench.seed)] for prompt in phrased]
        self.covering = {shots: diverse(self.pool, shots) for shots in self.shots}

    def no_headroom(self, begun: Run) -> str:
        """Why searching is not worth it; empty where it is. `begun`: the start on dev."""
        probes = [self.start, *(self._candidate(self._prompt(phrasing, 0, 0, "random", 0)) for phrasing in (1, 2))]
        probes.append(self._candidate(self._prompt(0, 0, max(self.shots), "nearest", 0)))
        runs = []
        for probe in probes:
            if self.bench.fits(probe):
                runs.append(self._run(probe, self.first))
        solved = solved_already([runs[0], begun])
        if solved:
            return solved
        right = [[record.score.value if record.score else None for record in run.records] for run in runs]
        if all(values == right[0] for values in right[1:]):
            return f"{len(right) - 1} other prompts are right on the very same of {len(right[0])} rows"
        return ""

    def go(self) -> None:
        """Try prompts until the calls are used up."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=self.bench.seed, multivariate=True, n_startup_trials=12)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for plain in self._plain():
            study.enqueue_trial(plain)
        reached: dict[int, list[float]] = {}
        misses = 0
        while self.left >= self.first * self.each and misses < 50:
            trial = study.ask()
            prompt = self._prompt(
                trial.suggest_categorical("phrasing", range(len(self.forms))),
                trial.suggest_categorical("format", range(FORMATS + 1)),
                trial.suggest_categorical("shots", self.shots),
                trial.suggest_categorical("selection", ["random", "nearest", "diverse"]),
                trial.suggest_categorical("draw", range(DRAWS)),
            )
            candidate = self._candidate(prompt)
            if candidate.id in self.found or not self.bench.fits(candidate):
                misses += 1
                known = self.found.get(candidate.id)
                study.tell(trial, known[2] if known else None, state=None if known else optuna.trial.TrialState.FAIL)
                continue
            self.prompts += 1
            value, pruned = self._climb(candidate, trial, reached)
            study.tell(trial, None if pruned else value, state=optuna.trial.TrialState.PRUNED if pruned else None)

    def best(self, count: int) -> list[Candidate]:
        """The best that were met on the most rows."""
        order = sorted(self.found.values(), key=lambda entry: (-entry[1], -entry[2], entry[0].id))
        return [candidate for candidate, _, _ in order if candidate.id != self.start.id][:count]

    def _climb(self, candidate: Candidate, trial: Any, reached: dict[int, list[float]]) -> tuple[float, bool]:
        """Meet more and more rows while the candidate is among the best of those that met as many."""
        size = self.first
        while True:
            run = self._run(candidate, size)
            value = run.estimate.value
            self.found[candidate.id] = (candidate, len(run.records), value)
            trial.report(value, len(run.records))
            peers = reached.setdefault(size, [])
            peers.append(value)
            if size >= len(self.rows):
                return value, False
            ahead = sum(other > value for other in peers)
            further = min(size * FACTOR, len(self.rows))
            if ahead >= max(1, len(peers) // FACTOR) or self.left < (further - size) * self.each:
                return value, True
            size = further

    def _run(self, candidate: Candidate, size: int) -> Run:
        rows = self.rows[:size]
        fresh = len(rows) - self.met.get(candidate.id, 0)  # what it has answered is not asked again
        self.met[candidate.id] = len(rows)
        self.left -= fresh * self.each
        self.used += fresh * self.each
        return self.bench.rehearse(candidate, rows)

    def _plain(self) -> Iterator[dict[str, Any]]:
        """What a person would try first."""
        plain = {"format": 0, "selection": "random", "draw": 0}
        for phrasing in range(len(self.forms)):
            yield plain | {"phrasing": phrasing, "shots": min(self.shots)}
        for selection in ("random", "nearest"):
            yield plain | {"phrasing": 0, "shots": max(self.shots), "selection": selection}

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
