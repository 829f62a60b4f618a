"""The stages of a ladder that is planned, and what each takes in time and money in the worlds that a forecast supposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crossover.data.economics import highest
from crossover.data.splits import Splits
from crossover.decision.costs import Prices
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.judging import check_requests
from crossover.evaluation.probe import SPEED_CALLS
from crossover.metrics.base import Judging
from crossover.models.batches import in_batches
from crossover.strategies.then import Then
from crossover.study.costing import speed_text
from crossover.study.curve_plan import CURVE, CurvePlan
from crossover.study.dry import World, repeated
from crossover.study.forecast import Forecaster
from crossover.study.foreseen import Forecast
from crossover.study.ladder import Rung
from crossover.study.part import Kind, Part, ends, middle, together
from crossover.study.plan import FINALISTS
from crossover.study.refits import drawn
from crossover.study.several import specs_of
from crossover.study.work import (
    AWAY_IN,
    AWAY_MONEY,
    AWAY_OUT,
    CALLS,
    IN,
    MONEY,
    OUT,
    TRAINED,
    UNPRICED,
    Work,
    asked_for,
    summed,
)
from crossover.types import Message

# which of a family's rungs a curve is drawn of, from 0, the cheapest, to 1, the dearest
DEAR: dict[World, float] = {"least": 0.0, "kept": 0.5, "most": 1.0}


@dataclass(frozen=True)
class Worlds:
    """A ladder as it is foreseen in each world."""

    least: Forecast
    kept: Forecast
    most: Forecast

    @property
    def failing(self) -> dict[str, str]:
        """Rungs that fail in all, and why: in one alone a rung may, since its dearest prompt is too long, say."""
        least, kept = self.least.refused, self.kept.refused
        return {name: why for name, why in self.most.refused.items() if name in kept and name in least}

    @property
    def choosing(self) -> set[str]:
        """Rungs that may keep what they start from, and mostly do on few rows."""
        return set(self.kept.kept) - set(self.most.twins)

    def foresee(self, name: str) -> bool:
        """Whether any has this part."""
        return any(name in one.parts for one in (self.most, self.kept, self.least))


@dataclass(frozen=True)
class Stage:
    """What a stage takes at the least, is `thought` to take, and takes at the most."""

    least: Part
    thought: Part
    most: Part


class Stages:
    """The stages of `rungs`. `paces`: seconds of a token by what is done with it, of each model; `speed`: what measuring
    the first model's speed takes, `took` seconds where they are known; `plan`: of a learning curve, or None."""

    def __init__(
        self,
        rungs: Sequence[Rung],
        forecaster: Forecaster,
        bench: StudyBench,
        splits: Splits,
        paces: Mapping[str, Mapping[str, float]],
        speed: Work,
        took: float | None,
        plan: CurvePlan | None,
    ) -> None:
        self._rungs, self._forecaster, self._bench, self._splits = rungs, forecaster, bench, splits
        self._paces, self._plan = paces, plan
        self._timing = self._timed(speed, took)
        self.judging = _judging(bench, splits)

    def all(self, worlds: Worlds) -> list[Stage]:
        """In their order."""
        choosing, found = worlds.choosing, []
        searching = {("climb", rung.name) for rung in self._rungs if _searches(rung)}
        for least, kept, most, apart in zip(
            self._of(worlds, worlds.least, "least"),
            self._of(worlds, worlds.kept, "kept"),
            self._of(worlds, worlds.most, "most"),
            self._of(worlds, worlds.most, "most", apart=True),
            strict=True,
        ):
            first, last = ends(least, kept, most, apart)
            low, high = ends(kept, most)
            thought = middle(low, high, both=(low.kind, low.name) in searching)
            if low.kind == "folds" and low.name in choosing:
                thought = replace(low, money=high.money)
            if last.kind != "forgetting" or last.calls:
                found.append(Stage(first, thought, last))
        return found

    def _of(self, worlds: Worlds, forecast: Forecast, world: World, apart: bool = False) -> Iterator[Part]:
        """In one world; `apart`: where each fold chooses among others."""
        folded = forecast.apart if apart else forecast.parts
        yield self._timing
        if self.judging:
            yield self._part("judge", "the judge", self.judging, self._bench.evaluator.judge)
        for rung in self._rungs:
            spec = rung.found_on or rung.model
            if worlds.foresee(rung.name):
                yield self._part("climb", rung.name, forecast.parts.get(rung.name, {}), spec)
            if worlds.foresee(lost := f"forgetting {rung.name}"):
                yield self._part("forgetting", rung.name, forecast.parts.get(lost, {}), rung.model)
            if self._forecaster.folds and rung.name not in worlds.failing:
                yield self._part("folds", rung.name, folded.get(f"folds of {rung.name}", {}), spec)
        if not self._forecaster.folds:
            yield together([self._part("test", FINALISTS, work, spec) for spec, work in forecast.finals.items()])
        if self._plan is not None:
            asked_by = self._curve(self._plan, forecast, world)
            yield together([self._part("curve", CURVE, work, spec) for spec, work in asked_by.items()])

    def _part(self, kind: Kind, name: str, work: Work, spec: str = "", seconds: float | None = None) -> Part:
        """A stage's work at a model ("": the study's first), in time and money: of prices that are ranges at their most."""
        at = self._bench.on(spec)
        if seconds is None and (pace := self._paces.get(at.task.model)) is not None:
            seconds = sum(amount * pace.get(what, 0.0) for what, amount in work.items())
        calls, tokens_in, tokens_out = (round(work.get(what, 0.0)) for what in (CALLS, IN, OUT))
        money = _money(at, work, seconds)
        tokens_in, tokens_out = tokens_in + round(work.get(AWAY_IN, 0.0)), tokens_out + round(work.get(AWAY_OUT, 0.0))
        return Part(kind, name, calls, tokens_in, tokens_out, seconds, money)

    def _timed(self, speed: Work, took: float | None) -> Part:
        """Measuring the speed of all models that are climbed with."""
        timing = [self._part("speed", "speed", speed, seconds=took)]
        for spec in specs_of(self._bench.task)[1:]:
            if any(rung.model == spec for rung in self._rungs):
                timing.append(self._part("speed", "speed", speed_of(self._bench.on(spec)), spec))
        return together(timing)

    def _curve(self, plan: CurvePlan, forecast: Forecast, world: World) -> dict[str, Work]:
        """What a learning curve takes, by model: of each family one rung."""
        have, same = (len(self._splits.train), len(self._splits.dev)), repeated(world, self._bench.task)
        families: dict[str, list[tuple[str, Work]]] = {}
        for rung in self._rungs:
            climb, work = forecast.climbs.get(rung.name), Work()
            if climb is not None:
                work = drawn(climb, self._forecaster.graded, plan, have, world != "most", same)
            families.setdefault(rung.strategy.family, []).append((rung.found_on or rung.model, work))
        found: dict[str, Work] = {}
        for climbed in families.values():
            ranked = sorted(climbed, key=lambda one: (one[1].get(IN, 0.0), one[1].get(CALLS, 0.0)))
            spec, work = ranked[min(int(DEAR[world] * len(ranked)), len(ranked) - 1)]
            found[spec] = summed(found.get(spec, {}), work)
        return found


def _money(at: StudyBench, work: Work, seconds: float | None) -> float | None:
    """What calls and tuning cost at a model's bench, or the machine for so many `seconds`; None where nobody knows."""
    here, prices = not at.meter.paid(at.model), at.task.prices
    second = highest(Prices.of(at.task.limits, prices).machine_cost_per_hour) / 3600
    money = work.get(MONEY)
    if here and (seconds is not None or not second):
        money = (seconds or 0.0) * second
    elif not here and prices.input is not None:
        money = asked_for(round(work.get(IN, 0.0)), round(work.get(OUT, 0.0)), prices)
    if trained := work.get(TRAINED):
        known = prices.training is not None and (money is not None or not round(work.get(CALLS, 0.0)))
        money = (money or 0.0) + trained / 1e6 * highest(prices.training) if known else None
    if money is None or work.get(UNPRICED):
        return None
    return money + work.get(AWAY_MONEY, 0.0)


def _searches(rung: Rung) -> bool:
    """Whether a rung tries prompts until its calls are used up."""
    steps = rung.strategy.strategies() if isinstance(rung.strategy, Then) else [rung.strategy]
    return any(hasattr(step, "calls") for step in steps)


def _judging(bench: StudyBench, splits: Splits) -> Work:
    """What trying the judge takes; nothing where none judges."""
    judge = bench.evaluator.metric
    if not isinstance(judge, Judging):
        return {}
    grader = bench.model_of(bench.evaluator.judge)
    asked = check_requests(judge, splits.dev, bench.task)
    tokens = float(sum(grader.count_tokens(request.messages) for request in asked))
    return {CALLS: len(asked), IN: tokens, OUT: 2.0 * len(asked), "judge": tokens}


def speed_of(bench: StudyBench) -> Work:
    """What measuring a model's speed takes."""
    if in_batches(bench.model):
        return {CALLS: 0}
    tokens = bench.model.count_tokens([Message("user", speed_text(bench.train))])
    return {CALLS: SPEED_CALLS, IN: SPEED_CALLS * tokens, OUT: SPEED_CALLS * 9.0}
