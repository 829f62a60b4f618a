"""What a run will take, before anything is spent: of each stage calls, tokens, time and money; and what test can show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crossover.data.finding import Finding
from crossover.data.splits import Splits
from crossover.decision.costs import CURRENCY
from crossover.decision.numbers import count, duration, plural
from crossover.decision.resolution import least_shown, resolution
from crossover.evaluation.bench import StudyBench
from crossover.models.base import Tunable, by_the_hour
from crossover.models.batches import in_batches
from crossover.study.costing import Costing
from crossover.study.curve_plan import planned_curve
from crossover.study.forecast import Forecaster
from crossover.study.foreseen import Forecast
from crossover.study.ladder import Rung
from crossover.study.limited import FOLDS_RESERVE, TEST_RESERVE, reached, reached_text
from crossover.study.outlook import Paces, outlook
from crossover.study.part import Part, together
from crossover.study.paying import paid_models
from crossover.study.several import specs_of
from crossover.study.stages import Stage, Stages, Worlds, speed_of
from crossover.study.work import CALLS, IN, OUT, Work

MUCH = 0.25  # of a total: how near a plan is to be


@dataclass(frozen=True)
class Preview:
    """`parts`: of calls, tokens and seconds the middle between `bounds`, of money the most. `bounds`: what all of it takes
    where the cheapest prompts win, tunes stop early and a judge meets the same answers again, and where none of it is so.
    `splits`: the rows of each; over `folds`, where not 0, all of them test. `models`: those that cost money or run
    elsewhere. `named`: of several models the specification of each. `unforeseen`: rungs of which nobody knows what they
    will ask, with the most calls where an option says it. `least`: the smallest difference that the test rows show with
    80 % power. `findings`: of the data, as a run says them."""

    task: str
    model: str
    splits: dict[str, int]
    parts: tuple[Part, ...]
    models: tuple[str, ...]
    unforeseen: tuple[tuple[str, int | None], ...]
    said: tuple[str, ...]
    least: float | None
    shows: tuple[str, ...]
    currency: str = CURRENCY
    folds: int = 0
    named: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    bounds: tuple[Part, Part] | None = None

    @property
    def total(self) -> Part:
        return replace(together(self.parts), kind="test", name="all")

    def to_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "model": self.model,
            "models": self.named or None,
            "splits": self.splits,
            "folds": self.folds or None,
            "stages": [asdict(part) for part in self.parts],
            "total": self.total.amounts,
            "bounds": self.bounds and dict(zip(("least", "most"), (end.amounts for end in self.bounds), strict=True)),
            "unforeseen": [{"name": name, "most_calls": most} for name, most in self.unforeseen],
            "paid_models": list(self.models),
            "currency": self.currency,
            "smallest_difference": self.least,
            "said": [*self.said, *self.shows],
            "findings": [asdict(finding) for finding in self.findings],
        }


@dataclass(frozen=True)
class _Foreseen:
    """The rungs that are climbed, foreseen at the most, with what was measured for that: `paces`, seconds of a token by
    model, and what measuring the first model's speed takes, `took` seconds of it where they are known."""

    rungs: list[Rung]
    forecast: Forecast
    paces: dict[str, dict[str, float]]
    speed: Work
    took: float | None
    said: list[str]


def previewed(
    rungs: Sequence[Rung],
    forecaster: Forecaster,
    bench: StudyBench,
    costing: Costing,
    splits: Splits,
    say: Callable[[str], None],
) -> Preview:
    """The stages of a ladder. A model that runs here is asked for its speed, as the run itself does first."""
    task = bench.task
    ahead = _ahead(rungs, forecaster, bench, costing, say)
    kept, currency = ahead.rungs, task.prices.currency or CURRENCY
    plan, too_few = planned_curve(task, splits)
    worlds = Worlds(forecaster.forecast(kept, "least"), forecaster.forecast(kept, "kept"), ahead.forecast)
    planner = Stages(kept, forecaster, bench, splits, ahead.paces, ahead.speed, ahead.took, plan)
    stages = planner.all(worlds)
    parts, bounds = [stage.thought for stage in stages], _bounds(stages)
    said = [*ahead.said, *too_few, *(f"{name} will fail: {why}" for name, why in worlds.failing.items())]

    reserve = FOLDS_RESERVE if forecaster.folds else TEST_RESERVE
    climb = [stage.most for stage in stages if stage.most.kind in ("speed", "judge", "climb", "forgetting")]
    cut = reached(task.limits, together(climb).limited, bounds[1].limited, reserve)
    said += [reached_text(name, limit, currency, reserve) for name, limit in cut.items()]
    if cut:
        bounds = replace(bounds[0], calls=0, tokens_in=0, tokens_out=0, seconds=bounds[0].seconds and 0.0), bounds[1]

    chained = any(len(rung.spec.steps) > 1 for rung in kept)
    sharing = [what for what, there in (("folds", forecaster.folds), ("sequences", chained)) if there]
    if (between := _between(*bounds, bool(planner.judging), sharing)) is not None:
        said.append(between)
    said += _better(stages, worlds.choosing)
    paid = paid_models(task, bench.evaluator.judge, kept, bench.model_of)
    batched = [spec for spec in specs_of(task) if in_batches(bench.model_of(spec))]
    said += [batches_text(spec, _asked(spec, task.model, kept, worlds.most)) for spec in batched]
    if paid and not batched and not task.exhaustive:
        said.append("who cannot be the best on dev, or has surely lost on test, stops early, which is not in the sum")
    unforeseen = [rung for rung in kept if rung.name in worlds.most.unforeseen]
    tested = splits.all if splits.folds else splits.test
    return Preview(
        task.name,
        task.model,
        {"train": len(splits.train), "dev": len(splits.dev), "test": len(tested)},
        tuple(parts),
        tuple(paid),
        tuple((rung.name, getattr(rung.strategy, "calls", None)) for rung in unforeseen),
        tuple(said),
        least_shown(len(tested), len(splits.folds)),
        tuple(resolution(len(tested), splits.cut, len(splits.folds))),
        currency,
        len(splits.folds),
        {name: one.spec for name, one in task.models.items()},
        bounds=bounds,
    )


def batches_text(spec: str, stages: int) -> str:
    """What batches mean for the time of a run."""
    return (
        f"'{spec}' answers in batches, each within 24 hours and mostly sooner, one after another: at least one in each of"
        f" the {plural(stages, 'stage')} with calls, and one for each further thing that waits for an answer (a step of a"
        " chain, another try of a search); its latency is not measured, and nothing is raced"
    )


def _ahead(
    rungs: Sequence[Rung], forecaster: Forecaster, bench: StudyBench, costing: Costing, say: Callable[[str], None]
) -> _Foreseen:
    """Foresees rungs, and measures what that wants to know of the models that run here."""
    task, model = bench.task, bench.model
    paces: dict[str, dict[str, float]] = {}
    if by_the_hour(model) and isinstance(model, Tunable) and not task.models:
        found = outlook(rungs, forecaster, bench, costing.speed(task.model), 0.0, say)
        kept, forecast, said, paces[task.model] = found.rungs, found.forecast, found.said, dict(found.pace)
        speed, took = _speed(bench), bench.meter.seconds
    else:
        kept, forecast, said, speed = list(rungs), forecaster.forecast(rungs), [], _speed(bench)
        here = [at for at in map(bench.on, specs_of(task)) if by_the_hour(at.model) and isinstance(at.model, Tunable)]
        alone = {at.task.model: costing.speed(at.task.model).prompt for at in here}
        took = bench.meter.seconds  # a run with several models measures no more of them
        for spec, at in zip(alone, here, strict=True):
            known = Paces(at, say).of(forecast.work, forecast.models.get(spec, {}))
            paces[spec] = known | {"alone": alone[spec]}
    if bench.evaluator.judge in paces:  # another one's speed is not measured
        judged = paces[bench.evaluator.judge].get("prompt", 0.0)
        paces = {spec: pace | {"judge": judged} for spec, pace in paces.items()}
    return _Foreseen(kept, forecast, paces, speed, took if by_the_hour(model) else None, said)


def _speed(bench: StudyBench) -> Work:
    """What measuring the speed takes: what it took, where that was done to foresee the rest."""
    calls, usage = bench.journal.spent()
    return {CALLS: calls, IN: usage.tokens_in, OUT: usage.tokens_out} if calls else speed_of(bench)


def _bounds(stages: Sequence[Stage]) -> tuple[Part, Part]:
    """All of it, at the least and at the most."""
    return together([stage.least for stage in stages]), together([stage.most for stage in stages])


def _asked(spec: str, first: str, rungs: Sequence[Rung], forecast: Forecast) -> int:
    """In how many stages a model is asked: of rungs, and where it is a finalist's."""
    own = [rung for rung in rungs if rung.strategy.family != "control" and (rung.found_on or rung.model or first) == spec]
    known = [forecast.parts.get(f"{again}{rung.name}", {}) for rung in own for again in ("", "folds of ")]
    return sum(bool(work.get(CALLS)) for work in (*known, forecast.finals.get(spec, {})))


def _between(least: Part, most: Part, judged: bool, sharing: Sequence[str]) -> str | None:
    """What the least and the most are, where they differ. `sharing`: what may ask the same by chance."""
    if (least.calls, least.tokens) == (most.calls, most.tokens):
        return None
    asked = f"{count(least.calls)} to {count(most.calls)} calls"
    if least.calls == most.calls:
        asked = plural(least.calls, "call")
    read = "" if least.tokens == most.tokens else f", {count(least.tokens)} to {count(most.tokens)} tokens"
    took = ""
    if least.seconds is not None and most.seconds is not None:
        took = f", {duration(least.seconds)} to {duration(most.seconds)}"
    fewer = f"; {' and '.join(sharing)} that choose the same prompt ask fewer yet" if sharing else ""
    less = "short prompts win and tunes stop early"
    if judged:
        less = "short prompts win, tunes stop early and the judge meets the same answers again"
    return (
        f"{asked}{read}{took}: less where {less}, more where none of it is so;"
        f" the table has the middle{', of money the most' if most.money else ''}{fewer}"
    )


def _better(stages: Sequence[Stage], choosing: set[str]) -> list[str]:
    """What the folds of rungs that find something better than their start may take beside what is thought, where that is
    much."""
    thought = sum(stage.thought.calls for stage in stages)
    return [
        f"{most.name} is thought to find nothing that is surely better than its start, and is then not made again in the"
        f" folds; else up to {plural(most.calls, 'call')} and {count(most.tokens)} tokens more"
        for most in (stage.most for stage in stages)
        if most.kind == "folds" and most.name in choosing and most.calls > MUCH * thought
    ]
