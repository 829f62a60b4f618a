"""What a ladder will take, before it is climbed: each rung adapts at a bench where nothing is asked and nothing is tuned.

Tokens are counted on a few rows and scaled to all. Of several prompts the dearest is taken to win, and every tune
to last its epochs, so the forecast is rather too long than too short; or the cheapest, and to stop as early as it may,
with the same labels, which a judge grades once. What a search finds is then not surely better than its start, which it
keeps; or there is nothing to search for at all, and all answers to a row are the same, and as short as can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from crossover.data.splits import Fold
from crossover.decision.contenders import family_of
from crossover.decision.contenders import rung as kind_of
from crossover.errors import BudgetExceeded, MissingExtra, ModelError, OptionError, StudyError, TuningError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.forgetting import CONTINUE, Suite
from crossover.evaluation.general import passages
from crossover.evaluation.judging import check_requests
from crossover.evaluation.probe import PROBES, SPEED_CALLS
from crossover.metrics.base import Judging
from crossover.study.counter import Counter
from crossover.study.dry import DryBench, Known, World, repeated
from crossover.study.foreseen import Forecast, Recipes
from crossover.study.ladder import TRAIN_SAMPLE, Rung, begun, moved
from crossover.study.promised import changed, lent_to_one, promised
from crossover.study.refits import Reckoned, refitted, rows_of
from crossover.study.several import without_places
from crossover.study.work import (
    CALLS,
    IN,
    OUT,
    Work,
    asked_for,
    less,
    summed,
    time_of,
)
from crossover.types import (
    Candidate,
    Decoding,
    Example,
    Weights,
    content_hash,
)

ALONE = 64  # tokens: what a request that comes alone takes at the least


class Forecaster:
    """Forecasts ladders of one study; `suites` are asked of tuned weights, `tested` rows of the finalists, or with `folds`
    all rows of each rung, made again in each of them."""

    def __init__(
        self, bench: StudyBench, begin: Candidate, suites: Sequence[Suite], tested: int, folds: Sequence[Fold] = ()
    ) -> None:
        self.bench, self.begin, self.suites, self.tested, self.folds = bench, begin, suites, tested, folds
        self.count = Counter(bench)
        self.graded = self.count.graded

    def forecast(self, rungs: Sequence[Rung], world: World = "most") -> Forecast:
        """What these take in a world. Rungs that end in the same candidate are measured once, as in the study."""
        dry_run = _DryRun(self, world)
        for number, rung in enumerate(rungs, 1):
            self.bench.evaluator.progress(f"foreseeing {rung.name}", number, len(rungs))
            dry_run.climb(rung)
        dry_run.fold()
        dry_run.test()
        return dry_run.forecast()


@dataclass(frozen=True, eq=False)
class _Finalist:
    """A rung that may be measured on test: its model ("" for a control's), and what its answers take; what it makes."""

    name: str
    model: str
    work: Work
    made: Candidate | None = None
    dry: DryBench | None = None


class _DryRun:
    """A ladder as it is climbed in one world: rung by rung, then again in the folds, then its finalists on test."""

    def __init__(self, given: Forecaster, world: World) -> None:
        self._given, self._world, self._bench = given, world, given.bench
        self._least = world != "most"
        self._same = repeated(world, given.bench.task)
        self._count = given.count.briefest() if world == "least" else given.count
        self._known = Known(self._trying() if world == "least" else set())
        self._dries: dict[str, DryBench] = {}  # by model
        self._ended: dict[str, Rung] = {}  # the first of each candidate
        self._again: list[tuple[str, DryBench, Candidate | None]] = []  # in all folds
        self._kinds: dict[str, list[_Finalist]] = {}  # who may be tested, as `finalists` has them: of each kind one
        self._sides: dict[str, list[_Finalist]] = {}  # and of each model and family
        self._parts: dict[str, Work] = {}
        self._apart: dict[str, Work] = {}
        self._finals: dict[str, Work] = {}
        self._climbs: dict[str, Reckoned] = {}
        self._refused: dict[str, str] = {}
        self._unforeseen: list[str] = []
        self._twins: list[str] = []
        self._kept: list[str] = []

    def climb(self, rung: Rung) -> None:
        """Let a rung adapt, with what is measured of what it makes."""
        begin, at = begun(rung, self._given.begin, self._bench)
        count = self._count if at is self._bench else self._count.at(at)
        dry = self._dries.setdefault(at.task.model, DryBench(at, count, self._world, self._known))
        before, before_taught = dict(dry.work), dict(dry.teaching)
        dry.taught.clear()
        dry.tried.clear()
        self._known.begin(_path(rung), apart=self._world == "most")
        try:
            lent = replace(dry, bench=lent_to_one(at))
            made = promised(rung.name, rung.strategy.adapt(begin, lent), begin, dry)
            if lent.task != at.task:
                raise changed(rung.name, ["task"])
            made = moved(rung, made, rung.model or self._given.begin.model, at)
            dry.score(made)
        except (TuningError, OptionError, MissingExtra) as error:
            self._refused[rung.name] = str(error)  # it will say so when it is climbed, and take no time
        except (BudgetExceeded, ModelError, StudyError):
            raise
        except (Exception, SystemExit):  # noqa: BLE001  `Unforeseen`, or a strategy that looks into replies, which are empty here
            if rung.strategy.family == "control":
                self._computed(rung, dry, before)
            else:
                self._unforeseen.append(rung.name)
        else:
            self._climbed(rung, dry, begin, made, less(dry.work, before), less(dry.teaching, before_taught))

    def _computed(self, rung: Rung, dry: DryBench, before: Work) -> None:
        """A control that computes by itself, into weights of its own, which takes next to nothing."""
        rows, sample = len(self._bench.dev), min(TRAIN_SAMPLE, len(self._bench.train))
        asking = summed({CALLS: float(rows)}, self._given.graded(rows))
        beside = {CALLS: float(sample + min(PROBES + 1, rows) + SPEED_CALLS)}
        dry.add(summed(asking, beside, {} if self._same else self._given.graded(sample)))
        self._parts[rung.name] = less(dry.work, before)
        self._climbs[rung.name] = Reckoned(asking, {}, 0, {CALLS: 1.0}, alike=False)
        if self._given.folds:
            self._again.append((rung.name, dry, None))
        self._kinds.setdefault("control", []).append(_Finalist(rung.name, "", {CALLS: float(self._given.tested)}))

    def _climbed(self, rung: Rung, dry: DryBench, begin: Candidate, made: Candidate, making: Work, teaching: Work) -> None:
        """What a rung `made` of its start, and measuring that. `teaching`: of `making`, what is asking train rows."""
        control, each, before = rung.strategy.family == "control", dry.count.of(made), dict(dry.work)
        alike = made.weights is None and not made.prompt.demonstrations
        self._climbs[rung.name] = Reckoned(making, teaching, len(dry.taught), each, alike)
        self._parts[rung.name] = making
        alone = self._least or len(dry.tried) < 2  # at the most, who chose among several chose otherwise
        if made.id in self._ended and alone:
            self._twins.append(rung.name)
            if _begins(self._ended[made.id], rung):
                self._kept.append(rung.name)
            return
        self._ended[made.id] = rung
        dry.probe(made, 0.0 if control else PROBES * max(time_of(each), ALONE))
        if made.weights is not None:
            dry.rehearse(made, self._bench.train[:TRAIN_SAMPLE])
        self._parts[rung.name] = summed(making, less(dry.work, before))
        if self._given.folds:
            self._again.append((rung.name, dry, made))
        if made.weights is not None:
            before = dict(dry.work)
            self._remember(dry, begin.model, made.weights)
            self._parts[f"forgetting {rung.name}"] = less(dry.work, before)
        family = family_of(made, control)
        final = {what: self._given.tested * tokens for what, tokens in each.items()}
        one = _Finalist(rung.name, "" if control else made.model, final, made, dry)
        self._kinds.setdefault(kind_of(made, family), []).append(one)
        if not control:
            self._sides.setdefault(f"{made.model} {family}", []).append(one)

    def fold(self) -> None:
        """Make each rung again in all folds: after all, since a search asks train rows of its start, too."""
        self._known.begin((), apart=False)
        folds = self._given.folds
        every = Fold(tuple(self._bench.train), tuple(self._bench.dev), ())
        for place, (name, dry, last) in enumerate(self._again):
            climb, graded = self._climbs[name], self._given.graded
            met = rows_of(every.dev, dry.answered(last) if last and self._world == "least" else ())
            again = partial(refitted, climb, folds=folds, whole=every, met=met, least=self._least)
            self._parts[f"folds of {name}"] = again(grade=_ungraded if self._same and place else graded)
            self._apart[f"folds of {name}"] = again(grade=graded, apart=True)

    def test(self) -> None:
        """Ask the finalists, where no folds did, and the prompts of tuned ones alone: so is told who overfits."""
        champions, others = self._chosen()
        for one in [*champions, *others]:
            if one in champions and one.made is not None and one.dry is not None and one.made.weights is not None:
                before = dict(one.dry.work)
                alone = replace(one.made, weights=None)
                one.dry.rehearse(alone, self._bench.train[:TRAIN_SAMPLE])
                one.dry.score(alone)
                self._parts[one.name] = summed(self._parts[one.name], less(one.dry.work, before))
            if not self._given.folds:
                graded = {} if self._same and self._finals else self._given.graded(self._given.tested)
                rows = range(self._given.tested)
                work = one.dry.answering(one.made, "test", rows) if one.made and one.dry else one.work
                self._finals[one.model] = summed(self._finals.get(one.model, {}), work, graded)
        self._parts["test"] = summed(*self._finals.values())

    def forecast(self) -> Forecast:
        """All of it."""
        models: dict[str, Recipes] = {spec: dry.recipes for spec, dry in self._dries.items()}
        refits = [work for name, work in self._parts.items() if name.startswith("folds of ")]
        return Forecast(
            work=summed(*(dry.work for dry in self._dries.values()), self._parts["test"], *refits),
            recipes={name: recipe for own in models.values() for name, recipe in own.items()},
            unforeseen=tuple(self._unforeseen),
            parts=self._parts,
            finals=self._finals,
            models=models,
            twins=tuple(self._twins),
            climbs=self._climbs,
            refused=self._refused,
            kept=tuple(self._kept),
            apart=self._apart,
        )

    def _chosen(self) -> tuple[list[_Finalist], list[_Finalist]]:
        """The finalists: of each kind one, and further ones of models. The dearest; at the least one is both
        where that can be."""
        if self._world != "least":
            best = [max(group, key=self._dear) for group in self._kinds.values()]
            return best, _apart((max(group, key=self._dear) for group in self._sides.values()), best)
        best = []
        for group in self._kinds.values():
            models = {one.model for one in best}
            best.append(min(group, key=lambda one: (one.model in models, self._dear(one))))
        return best, _apart((group[0] for group in self._sides.values() if not any(one in best for one in group)), best)

    def _trying(self) -> set[str]:
        """Dev rows whose gold answers a judge grades as it is tried: the same again is not graded anew."""
        judge = self._bench.evaluator.metric
        if not isinstance(judge, Judging):
            return set()
        tried = {request.messages for request in check_requests(judge, self._bench.dev, self._bench.task)}
        return {f"dev {e.id}" for e in self._bench.dev if judge.request(e.input, e.output, e.output).messages in tried}

    def _dear(self, final: _Finalist) -> tuple[float, float, float]:
        """By what the dearest finalist of a kind is told: money where calls cost some, then time."""
        work, at = final.work, self._bench.on(final.model)
        money = 0.0 if not at.meter.paid(at.model) else asked_for(work.get(IN, 0.0), work.get(OUT, 0.0), at.task.prices)
        return money or 0.0, time_of(work), work.get(CALLS, 0.0)

    def _remember(self, dry: DryBench, model: str, weights: Weights) -> None:
        """Asking the suites and the prose of the bare model and of tuned weights."""
        for side in (None, weights) if self._given.suites else ():
            for suite in self._given.suites:
                for part in suite.parts:
                    dry.answers(Candidate(model, part.prompt, part.decoding, side), part.examples)
            prose = [Example(p.text, CONTINUE.format(p.opening), p.text) for p in passages()]
            for one in prose:
                dry.answers(Candidate(model, decoding=Decoding(labels=(one.output,)), weights=side), [one])


def _begins(first: Rung, rung: Rung) -> bool:
    """Whether what a rung ends in, as `first` does, is what it starts from."""
    steps = first.spec.steps if first.spec.name != "zero_shot" else ()
    return len(steps) < len(rung.spec.steps) and rung.spec.steps[: len(steps)] == steps


def _path(rung: Rung) -> tuple[str, ...]:
    """Its steps, each with its options, and where it is climbed."""
    steps, own = rung.spec.steps, without_places(rung.spec).options
    options = [own] if len(steps) == 1 else [own.get(step) or {} for step in steps]
    return tuple(content_hash([rung.model, rung.found_on, *step]) for step in zip(steps, options, strict=True))


def _apart(chosen: Iterable[_Finalist], best: Sequence[_Finalist]) -> list[_Finalist]:
    names = {one.name for one in best}
    return [one for one in chosen if one.name not in names]


def _ungraded(answers: float) -> Work:
    return {}
