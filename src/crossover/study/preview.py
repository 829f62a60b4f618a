"""What a run will take, before anything is spent: of each stage calls, tokens, time and money; and what test can show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from crossover.data.economics import highest
from crossover.data.finding import Finding
from crossover.data.splits import Splits
from crossover.decision.costs import CURRENCY, Prices
from crossover.decision.numbers import count, duration, plural
from crossover.decision.resolution import least_shown, resolution
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.judging import check_requests
from crossover.evaluation.probe import SPEED_CALLS
from crossover.metrics.base import Judging
from crossover.models.base import Tunable, by_the_hour
from crossover.models.batches import in_batches
from crossover.strategies.then import Then
from crossover.study.costing import Costing, speed_text
from crossover.study.curve_plan import CURVE, planned_curve
from crossover.study.dry import World, repeated
from crossover.study.forecast import Forecaster
from crossover.study.foreseen import Forecast
from crossover.study.ladder import Rung
from crossover.study.limited import FOLDS_RESERVE, TEST_RESERVE, reached, reached_text
from crossover.study.outlook import Paces, outlook
from crossover.study.paying import paid_models
from crossover.study.plan import FINALISTS
from crossover.study.refits import Reckoned, drawn
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

MUCH = 0.25  # of a total: how near a plan is to be
Kind = Literal["speed", "judge", "climb", "forgetting", "folds", "test", "curve"]


@dataclass(frozen=True)
class Part:
    """A stage of the run. `seconds` and `money` are None where nobody knows; money is what calls cost, or the machine's
    price for the seconds."""

    kind: Kind
    name: str
    calls: int
    tokens_in: int
    tokens_out: int
    seconds: float | None = None
    money: float | None = None


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
        return replace(_together(self.parts), kind="test", name="all")

    def to_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "model": self.model,
            "models": self.named or None,
            "splits": self.splits,
            "folds": self.folds or None,
            "stages": [asdict(part) for part in self.parts],
            "total": _amounts(self.total),
            "bounds": self.bounds and dict(zip(("least", "most"), map(_amounts, self.bounds), strict=True)),
            "unforeseen": [{"name": name, "most_calls": most} for name, most in self.unforeseen],
            "paid_models": list(self.models),
            "currency": self.currency,
            "smallest_difference": self.least,
            "said": [*self.said, *self.shows],
            "findings": [asdict(finding) for finding in self.findings],
        }


def previewed(
    rungs: Sequence[Rung],
    forecaster: Forecaster,
    bench: StudyBench,
    costing: Costing,
    splits: Splits,
    say: Callable[[str], None],
) -> Preview:
    """The stages of a ladder. A model that runs here is asked for its speed, as the run itself does first."""
    task, model = bench.task, bench.model
    said: list[str] = []
    paces: dict[str, dict[str, float]] = {}  # seconds of a token, by model
    if by_the_hour(model) and isinstance(model, Tunable) and not task.models:
        ahead = outlook(rungs, forecaster, bench, costing.speed(task.model), 0.0, say)
        kept, forecast, paces[task.model] = ahead.rungs, ahead.forecast, dict(ahead.pace)
        said += ahead.said  # the time is what the parts say
        speed, took = _speed(bench), bench.meter.seconds
    else:
        kept, forecast, speed = list(rungs), forecaster.forecast(rungs), _speed(bench)
        here = [at for at in map(bench.on, specs_of(task)) if by_the_hour(at.model) and isinstance(at.model, Tunable)]
        alone = {at.task.model: costing.speed(at.task.model).prompt for at in here}
        took = bench.meter.seconds  # a run with several models measures no more of them
        for spec, at in zip(alone, here, strict=True):
            known = Paces(at, say).of(forecast.work, forecast.models.get(spec, {}))
            paces[spec] = known | {"alone": alone[spec]}
    if bench.evaluator.judge in paces:  # another one's speed is not measured
        judged = paces[bench.evaluator.judge].get("prompt", 0.0)
        paces = {spec: pace | {"judge": judged} for spec, pace in paces.items()}
    currency = task.prices.currency or CURRENCY

    def part(kind: Kind, name: str, work: Work, seconds: float | None = None, spec: str = "") -> Part:
        at = bench.on(spec)
        here, prices = not bench.meter.paid(at.model), at.task.prices
        second = highest(Prices.of(task.limits, prices).machine_cost_per_hour) / 3600  # of ranges the most, as is spent
        if seconds is None and (pace := paces.get(at.task.model)) is not None:
            seconds = sum(amount * pace.get(what, 0.0) for what, amount in work.items())
        calls, tokens_in, tokens_out = (round(work.get(what, 0.0)) for what in (CALLS, IN, OUT))
        money = work.get(MONEY)
        if here and (seconds is not None or not second):
            money = (seconds or 0.0) * second
        elif not here and prices.input is not None:
            money = asked_for(tokens_in, tokens_out, prices)
        if trained := work.get(TRAINED):
            known = prices.training is not None and (money is not None or not calls)
            money = (money or 0.0) + trained / 1e6 * highest(prices.training) if known else None
        if work.get(UNPRICED):
            money = None
        elif money is not None:
            money += work.get(AWAY_MONEY, 0.0)
        more_in, more_out = round(work.get(AWAY_IN, 0.0)), round(work.get(AWAY_OUT, 0.0))
        return Part(kind, name, calls, tokens_in + more_in, tokens_out + more_out, seconds, money)

    timing = part("speed", "speed", speed, took if by_the_hour(model) else None)
    beside = [(spec, _speed_of(bench.on(spec))) for spec in specs_of(task)[1:] if any(rung.model == spec for rung in kept)]
    timing = _together([timing, *(part("speed", "speed", work, spec=spec) for spec, work in beside)])
    judging = _judging(bench, splits)
    plan, too_few = planned_curve(task, splits)
    said += too_few

    cheap, fewest = forecaster.forecast(kept, "kept"), forecaster.forecast(kept, "least")

    failing = {name: why for name, why in forecast.refused.items() if name in cheap.refused and name in fewest.refused}
    said += [f"{name} will fail: {why}" for name, why in failing.items()]

    def foreseen(name: str) -> bool:  # in one world: a rung fails where its dearest prompt is too long, say
        return any(name in one.parts for one in (forecast, cheap, fewest))

    def staged(forecast: Forecast, dear: float, world: World, folded: Mapping[str, Work]) -> list[Part]:
        parts = [timing]
        same = repeated(world, task)
        if judging:
            parts.append(part("judge", "the judge", judging, spec=bench.evaluator.judge))
        for rung in kept:
            spec = rung.found_on or rung.model
            if foreseen(rung.name):
                parts.append(part("climb", rung.name, forecast.parts.get(rung.name, {}), spec=spec))
            if foreseen(lost := f"forgetting {rung.name}"):
                parts.append(part("forgetting", rung.name, forecast.parts.get(lost, {}), spec=rung.model))
            if forecaster.folds and rung.name not in failing:
                parts.append(part("folds", rung.name, folded.get(f"folds of {rung.name}", {}), spec=spec))
        if not forecaster.folds:
            parts.append(_together([part("test", FINALISTS, work, spec=spec) for spec, work in forecast.finals.items()]))
        if plan is not None:
            have = len(splits.train), len(splits.dev)
            asked_by = _curve(kept, forecast, lambda one: drawn(one, forecaster.graded, plan, have, dear < 1, same), dear)
            parts.append(_together([part("curve", CURVE, work, spec=spec) for spec, work in asked_by.items()]))
        return parts

    stages = zip(
        staged(fewest, 0, "least", fewest.parts),
        staged(cheap, 0.5, "kept", cheap.parts),
        staged(forecast, 1, "most", forecast.parts),
        staged(forecast, 1, "most", forecast.apart),
        strict=True,
    )
    ends = [(_ends(least, *pair, most)[0], *_ends(*pair), _ends(least, *pair, most)[1]) for least, *pair, most in stages]
    ends = [four for four in ends if four[3].kind != "forgetting" or four[3].calls]
    choosing = set(cheap.kept) - set(forecast.twins)  # who may keep what they start from, and mostly do on few rows
    searching = {("climb", rung.name) for rung in kept if _searches(rung)}
    parts = [
        replace(low, money=high.money)
        if low.kind == "folds" and low.name in choosing
        else _middle(low, high, (low.kind, low.name) in searching)
        for _, low, high, _ in ends
    ]
    bounds = _together([least for least, *_ in ends]), _together([most for *_, most in ends])
    reserve = FOLDS_RESERVE if forecaster.folds else TEST_RESERVE
    climb = [most for *_, most in ends if most.kind in ("speed", "judge", "climb", "forgetting")]
    cut = reached(task.limits, _limited(_together(climb)), _limited(bounds[1]), reserve)
    said += [reached_text(name, limit, currency, reserve) for name, limit in cut.items()]
    if cut:
        bounds = replace(bounds[0], calls=0, tokens_in=0, tokens_out=0, seconds=bounds[0].seconds and 0.0), bounds[1]
    chained = any(len(rung.spec.steps) > 1 for rung in kept)
    sharing = [what for what, there in (("folds", forecaster.folds), ("sequences", chained)) if there]
    if (less := _between(*bounds, bool(judging), sharing)) is not None:
        said.append(less)
    said += _better(parts, [most for *_, most in ends], choosing)
    paid = paid_models(task, bench.evaluator.judge, kept, bench.model_of)
    batched = [spec for spec in specs_of(task) if in_batches(bench.model_of(spec))]
    said += [batches_text(spec, _stages(spec, task.model, kept, forecast)) for spec in batched]
    if paid and not batched and not task.exhaustive:
        said.append("who cannot be the best on dev, or has surely lost on test, stops early, which is not in the sum")
    unforeseen = [rung for rung in kept if rung.name in forecast.unforeseen]
    tested = splits.all if splits.folds else splits.test
    rows = {"train": len(splits.train), "dev": len(splits.dev), "test": len(tested)}
    return Preview(
        task.name,
        task.model,
        rows,
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


def _stages(spec: str, first: str, rungs: Sequence[Rung], forecast: Forecast) -> int:
    """In how many stages a model is asked: of rungs, and where it is a finalist's."""
    own = [rung for rung in rungs if rung.strategy.family != "control" and (rung.found_on or rung.model or first) == spec]
    known = [forecast.parts.get(f"{again}{rung.name}", {}) for rung in own for again in ("", "folds of ")]
    return sum(bool(work.get(CALLS)) for work in (*known, forecast.finals.get(spec, {})))


def _amounts(part: Part) -> dict[str, Any]:
    return {name: value for name, value in asdict(part).items() if name not in ("kind", "name")}


def _ends(one: Part, *others: Part) -> tuple[Part, Part]:
    """The least and the most of each amount of a stage; what nobody knows on one side nobody knows."""

    def at(pick: Callable[[list[Any]], Any]) -> Part:
        pairs = {name: [getattr(side, name) for side in (one, *others)] for name in _amounts(one)}
        picked: dict[str, Any] = {name: None if None in pair else pick(pair) for name, pair in pairs.items()}
        return replace(one, **picked)

    return at(min), at(max)


def _limited(part: Part) -> tuple[float | None, ...]:
    """Its amounts, as `AMOUNTS` names them."""
    minutes = None if part.seconds is None else part.seconds / 60
    return part.calls, part.tokens_in + part.tokens_out, minutes, part.money


def _searches(rung: Rung) -> bool:
    """Whether a rung tries prompts until its calls are used up."""
    steps = rung.strategy.strategies() if isinstance(rung.strategy, Then) else [rung.strategy]
    return any(hasattr(step, "calls") for step in steps)


def _middle(least: Part, most: Part, both: bool) -> Part:
    """What a stage is thought to take: of calls, tokens and seconds the geometric mean, as they are known within a factor,
    or the mean of one that asks `both` short and long prompts; of money the most, since who pays wants to know that."""

    def middle(name: str) -> float:
        low, high = getattr(least, name), getattr(most, name)
        return (low + high) / 2 if both or not low else math.sqrt(low * high)

    calls, tokens_in, tokens_out = (round(middle(name)) for name in ("calls", "tokens_in", "tokens_out"))
    seconds = None if least.seconds is None or most.seconds is None else middle("seconds")
    return replace(most, calls=calls, tokens_in=tokens_in, tokens_out=tokens_out, seconds=seconds)


def _between(least: Part, most: Part, judged: bool, sharing: Sequence[str]) -> str | None:
    """What the least and the most are, where they differ. `sharing`: what may ask the same by chance."""
    ends = [(one.calls, one.tokens_in + one.tokens_out) for one in (least, most)]
    if ends[0] == ends[1]:
        return None
    (calls, tokens), (more_calls, more_tokens) = ends
    asked = plural(calls, "call") if calls == more_calls else f"{count(calls)} to {count(more_calls)} calls"
    read = "" if tokens == more_tokens else f", {count(tokens)} to {count(more_tokens)} tokens"
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


def _better(parts: Sequence[Part], most: Sequence[Part], choosing: set[str]) -> list[str]:
    """What the folds of rungs that find something better than their start may take beside `parts`, where that is much."""
    total = _together(parts)
    return [
        f"{high.name} is thought to find nothing that is surely better than its start, and is then not made again in the"
        f" folds; else up to {plural(high.calls, 'call')} and {count(high.tokens_in + high.tokens_out)} tokens more"
        for high in most
        if high.kind == "folds" and high.name in choosing and high.calls > MUCH * total.calls
    ]


def _judging(bench: StudyBench, splits: Splits) -> Work:
    """What trying the judge takes; nothing where none judges."""
    judge = bench.evaluator.metric
    if not isinstance(judge, Judging):
        return {}
    grader = bench.model_of(bench.evaluator.judge)
    asked = check_requests(judge, splits.dev, bench.task)
    tokens = float(sum(grader.count_tokens(request.messages) for request in asked))
    return {CALLS: len(asked), IN: tokens, OUT: 2.0 * len(asked), "judge": tokens}


def _together(parts: Sequence[Part]) -> Part:
    """One stage of several; what nobody knows of one nobody knows of all."""

    def summed(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    calls, tokens_in, tokens_out = (sum(getattr(p, n) for p in parts) for n in ("calls", "tokens_in", "tokens_out"))
    seconds, money = (summed([getattr(p, n) for p in parts]) for n in ("seconds", "money"))
    return Part(parts[0].kind, parts[0].name, calls, tokens_in, tokens_out, seconds, money)


def _curve(rungs: Sequence[Rung], forecast: Forecast, taken: Callable[[Reckoned], Work], dear: float) -> dict[str, Work]:
    """What a learning curve takes, by model: of each family one rung, `dear` from 0, the cheapest, to 1, the dearest.
    `taken`: by a rung."""
    families: dict[str, list[tuple[str, Work]]] = {}
    for rung in rungs:
        climb = forecast.climbs.get(rung.name)
        one = rung.found_on or rung.model, {} if climb is None else taken(climb)
        families.setdefault(rung.strategy.family, []).append(one)
    found: dict[str, Work] = {}
    for climbed in families.values():
        ranked = sorted(climbed, key=lambda one: (one[1].get(IN, 0.0), one[1].get(CALLS, 0.0)))
        spec, work = ranked[min(int(dear * len(ranked)), len(ranked) - 1)]
        found[spec] = summed(found.get(spec, {}), work)
    return found


def _speed(bench: StudyBench) -> Work:
    """What measuring the speed takes: what it took, where that was done to foresee the rest."""
    calls, usage = bench.journal.spent()
    if calls:
        return {CALLS: calls, IN: usage.tokens_in, OUT: usage.tokens_out}
    return _speed_of(bench)


def _speed_of(bench: StudyBench) -> Work:
    if in_batches(bench.model):
        return {CALLS: 0}
    tokens = bench.model.count_tokens([Message("user", speed_text(bench.train))])
    return {CALLS: SPEED_CALLS, IN: SPEED_CALLS * tokens, OUT: SPEED_CALLS * 9.0}
