"""What a ladder will take, before it is climbed: each rung adapts at a bench where nothing is asked and nothing is tuned.

Tokens are counted on a few rows and scaled to all. Of several prompts the dearest is taken to win, and every tune
to last its epochs, so the forecast is rather too long than too short; or the cheapest, and to stop as early as it may,
with the same labels, which a judge grades once. What a search finds is then not surely better than its start, which it
keeps; or there is nothing to search for at all, and all answers to a row are the same, and as short as can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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
from crossover.study.promised import promised
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
        self._bench, self._begin, self.suites, self._tested, self.folds = bench, begin, suites, tested, folds
        self._count = Counter(bench)
        self.graded = self._count.graded

    def forecast(self, rungs: Sequence[Rung], world: World = "most") -> Forecast:
        """What these take in a world. Rungs that end in the same candidate are measured once, as in the study."""
        least = world != "most"
        ended: dict[str, Rung] = {}  # the first of each candidate
        twins: list[str] = []
        kept: list[str] = []
        refused: dict[str, str] = {}
        climbs: dict[str, Reckoned] = {}
        dries: dict[str, DryBench] = {}
        kinds: dict[str, list[_Finalist]] = {}  # who may be tested, as `finalists` has them: of each kind one
        sides: dict[str, list[_Finalist]] = {}  # and of each model and family
        parts: dict[str, Work] = {}
        unforeseen = []
        own = self._count.briefest() if world == "least" else self._count
        known = Known(self._trying() if world == "least" else set())
        same = repeated(world, self._bench.task)
        again: list[tuple[str, DryBench, Candidate | None]] = []  # in all folds
        for number, rung in enumerate(rungs, 1):
            self._bench.evaluator.progress(f"foreseeing {rung.name}", number, len(rungs))
            begin, at = begun(rung, self._begin, self._bench)
            count = own if at is self._bench else own.at(at)
            dry = dries.setdefault(at.task.model, DryBench(at, count, world, known))
            before, before_taught = dict(dry.work), dict(dry.teaching)
            dry.taught.clear()
            dry.tried.clear()
            known.begin(_path(rung), apart=world == "most")
            control = rung.strategy.family == "control"
            try:
                made = promised(rung.name, rung.strategy.adapt(begin, dry), begin, dry)
                made = moved(rung, made, rung.model or self._begin.model, at)
                dry.score(made)
                making, teaching, asked = less(dry.work, before), less(dry.teaching, before_taught), len(dry.taught)
            except (TuningError, OptionError, MissingExtra) as error:
                refused[rung.name] = str(error)  # it will say so when it is climbed, and take no time
                continue
            except (BudgetExceeded, ModelError, StudyError):
                raise
            except (Exception, SystemExit):  # noqa: BLE001  `Unforeseen`, or a strategy that looks into replies, which are empty here
                if control:  # what it computes by itself, into weights of its own, takes next to nothing
                    rows, sample = len(self._bench.dev), min(TRAIN_SAMPLE, len(self._bench.train))
                    asking = summed({CALLS: float(rows)}, self._count.graded(rows))
                    beside = {CALLS: float(sample + min(PROBES + 1, rows) + SPEED_CALLS)}
                    dry.add(summed(asking, beside, {} if same else self._count.graded(sample)))
                    parts[rung.name] = less(dry.work, before)
                    climbs[rung.name] = Reckoned(asking, {}, 0, {CALLS: 1.0}, alike=False)
                    if self.folds:
                        again.append((rung.name, dry, None))
                    kinds.setdefault("control", []).append(_Finalist(rung.name, "", {CALLS: float(self._tested)}))
                else:
                    unforeseen.append(rung.name)
                continue
            alike = made.weights is None and not made.prompt.demonstrations
            each = dry.count.of(made)
            climbs[rung.name] = Reckoned(making, teaching, asked, each, alike)
            if made.id in ended and (least or len(dry.tried) < 2):  # at the most, who chose among several chose otherwise
                twins.append(rung.name)
                if _begins(ended[made.id], rung):
                    kept.append(rung.name)
                parts[rung.name] = less(dry.work, before)
                continue
            ended[made.id] = rung
            dry.probe(made, 0.0 if control else PROBES * max(time_of(each), ALONE))
            if made.weights is not None:
                dry.rehearse(made, self._bench.train[:TRAIN_SAMPLE])
            parts[rung.name] = less(dry.work, before)
            if self.folds:
                again.append((rung.name, dry, made))
            if made.weights is not None:
                before = dict(dry.work)
                self._remember(dry, begin.model, made.weights)
                parts[f"forgetting {rung.name}"] = less(dry.work, before)
            final = {what: self._tested * tokens for what, tokens in each.items()}
            family = family_of(made, control)
            kind = kind_of(made, family)
            one = _Finalist(rung.name, "" if control else made.model, final, made, dry)
            kinds.setdefault(kind, []).append(one)
            if not control:
                sides.setdefault(f"{made.model} {family}", []).append(one)
        known.begin((), apart=False)
        every = Fold(tuple(self._bench.train), tuple(self._bench.dev), ())
        apart: dict[str, Work] = {}
        for place, (name, dry, last) in enumerate(again):  # after all: a search asks train rows of its start, too
            grade = _ungraded if same and place else self._count.graded
            met = rows_of(every.dev, dry.answered(last) if last and world == "least" else ())
            parts[f"folds of {name}"] = refitted(climbs[name], grade, self.folds, every, met, least)
            apart[f"folds of {name}"] = refitted(
                climbs[name], self._count.graded, self.folds, every, met, least, apart=True
            )
        tested: dict[str, Work] = {}
        champions, others = self._chosen(kinds, sides, world)
        for one in [*champions, *others]:
            if one in champions and one.made is not None and one.dry is not None and one.made.weights is not None:
                before = dict(one.dry.work)  # whether it overfits is told from what its prompt alone does
                alone = replace(one.made, weights=None)
                one.dry.rehearse(alone, self._bench.train[:TRAIN_SAMPLE])
                one.dry.score(alone)
                parts[one.name] = summed(parts[one.name], less(one.dry.work, before))
            if not self.folds:
                graded = {} if same and tested else self._count.graded(self._tested)
                work = one.dry.answering(one.made, "test", range(self._tested)) if one.made and one.dry else one.work
                tested[one.model] = summed(tested.get(one.model, {}), work, graded)
        whole = [dry.work for dry in dries.values()]
        parts["test"] = summed(*tested.values())
        refits = [work for name, work in parts.items() if name.startswith("folds of ")]
        models: dict[str, Recipes] = {spec: dry.recipes for spec, dry in dries.items()}
        recipes = {name: recipe for own in models.values() for name, recipe in own.items()}
        work = summed(*whole, parts["test"], *refits)
        return Forecast(
            work, recipes, tuple(unforeseen), parts, tested, models, tuple(twins), climbs, refused, tuple(kept), apart
        )

    def _chosen(
        self, kinds: Mapping[str, Sequence[_Finalist]], sides: Mapping[str, Sequence[_Finalist]], world: World
    ) -> tuple[list[_Finalist], list[_Finalist]]:
        """The finalists: of each kind one, and further ones of models. The dearest; at the least one is both
        where that can be."""
        if world != "least":
            best = [max(group, key=self._dear) for group in kinds.values()]
            return best, _apart((max(group, key=self._dear) for group in sides.values()), best)
        best = []
        for group in kinds.values():
            models = {one.model for one in best}
            best.append(min(group, key=lambda one: (one.model in models, self._dear(one))))
        return best, _apart((group[0] for group in sides.values() if not any(one in best for one in group)), best)

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
        for side in (None, weights) if self.suites else ():
            for suite in self.suites:
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


@dataclass(frozen=True, eq=False)
class _Finalist:
    """A rung that may be measured on test: its model ("" for a control's), and what its answers take; what it makes."""

    name: str
    model: str
    work: Work
    made: Candidate | None = None
    dry: DryBench | None = None
