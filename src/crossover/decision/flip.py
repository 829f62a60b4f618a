"""What would flip the verdict: the nearest value of each price, volume or demand at which the decision is another one.

Computed, not guessed: the pure decision is made again at every step of a range (1/100 to 100 times today's value; for
shares every half point), and the first change in either direction is narrowed down by bisection. Between two steps a
change that is undone again would be missed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from crossover.data.economics import PriceList
from crossover.data.modelspec import prices_for
from crossover.data.task import Task
from crossover.decision import numbers
from crossover.decision.costs import CURRENCY, HORIZON_MONTHS, MACHINE_COST_PER_HOUR, REQUESTS_PER_MONTH, Way, middle, way
from crossover.decision.deciding import Evidence, Taken, prices_of

FAR = 100.0  # times today's value
STEPS = 48  # of equal ratio, from today's value to FAR times it
HALF_POINT = 0.005
NARROW = 1e-3  # of the way to a change, the width to which it is narrowed down
MOST = 3  # flips that are said
VERDICTS = {
    "prompt": "prompting",
    "weights": "fine-tuning",
    "hybrid": "prompt and tuned weights",
    "neither": "no language model",
}
LEAST = 0.01  # of a price that is zero today: the least that is tried


@dataclass(frozen=True)
class Flip:
    """With `key` of the task at `value` instead of `now` the verdict is `kind` with the candidate `name`.

    `distance`: how far away that is: the log of the ratio, where there is one, and for shares a fifth of each point. `said`
    says "or more", "or less" where the verdict stays that to the end of what was tried.
    """

    key: str
    now: float | None
    value: float
    kind: str
    name: str
    distance: float
    said: str


@dataclass(frozen=True)
class Flips:
    """The nearest ones first. `searched`: the keys that were tried."""

    found: tuple[Flip, ...] = ()
    searched: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Writing:
    """How a value is written, and the last digit that is written of it."""

    text: Callable[[float], str]
    digit: Callable[[float], float]


@dataclass(frozen=True)
class _Dial:
    """Something to turn: `at(value)` is the task with it; `steps` up and down from `now`; `written`: how a value is."""

    key: str
    what: str
    now: float | None
    steps: Sequence[Sequence[float]]
    at: Callable[[float], Task]
    written: _Writing
    share: bool = False


def flips(evidence: Evidence, task: Task) -> Flips:
    """Of a decided study. Empty where nothing was tested."""
    base = evidence.taken(task)
    if base is None:
        return Flips()
    dials = list(_dials(evidence, task))
    found = []
    for dial in dials:
        near = [flip for steps in dial.steps if (flip := _first(evidence, dial, steps, base)) is not None]
        found += sorted(near, key=lambda flip: flip.distance)[:1]
    found.sort(key=lambda flip: flip.distance)
    return Flips(tuple(found), tuple(dial.key for dial in dials), tuple(_told(found, dials)))


def _first(evidence: Evidence, dial: _Dial, steps: Sequence[float], base: Taken) -> Flip | None:
    """The nearest value along `steps` with another outcome."""
    before = dial.now
    for number, value in enumerate(steps):
        if evidence.taken(dial.at(value)) != base:
            edge = value if before is None else _narrowed(evidence, dial, before, value, base)
            outcome = evidence.taken(dial.at(edge))
            said = _as_said(edge, dial.written.digit(edge), steps[-1] > steps[0])
            if (said > 0 or dial.share) and evidence.taken(dial.at(said)) == outcome:
                edge = said  # who sets the figure that is said gets what is said of it
            stays = all(evidence.taken(dial.at(further)) == outcome for further in steps[number:])
            beyond = "" if not stays else " or more" if steps[-1] > steps[0] else " or less"
            return _flip(dial, edge, beyond, outcome, base)
        before = value
    return None


def _narrowed(evidence: Evidence, dial: _Dial, same: float, other: float, base: Taken) -> float:
    """The value nearest to `same` at which the outcome is still another one, to a thousandth of the way there."""
    way_there = abs(other - (dial.now or 0.0))
    while abs(other - same) > NARROW * way_there:
        middle_value = (same + other) / 2
        if evidence.taken(dial.at(middle_value)) == base:
            same = middle_value
        else:
            other = middle_value
    return other


def _as_said(edge: float, digit: float, up: bool) -> float:
    """`edge` as it is written, to a digit, on the side away from today's value."""
    digits = round(edge / digit, 6)
    return round((math.ceil(digits) if up else math.floor(digits)) * digit, 9)


def _flip(dial: _Dial, value: float, beyond: str, outcome: Taken | None, base: Taken) -> Flip:
    now = outcome or Taken("undecided", "nothing", False, None)
    kind, name = now.kind, now.name
    if dial.share:
        distance = 20 * abs(value - (dial.now or 0.0))
    else:
        distance = abs(math.log(value / dial.now)) if dial.now and value else math.log(FAR)
    today = "" if dial.now is None else f" (now {dial.written.text(dial.now)})"
    if outcome is None:
        change = "no model that was tested is left to choose"
    elif replace(now, met=base.met) == base:
        change = {True: "the target is reached", False: "the target is not reached", None: "the target is in doubt"}[
            now.met
        ]
    elif now.short != base.short:
        change = "none of these does the task" if now.short else f"{name} does the task well enough to be named"
    elif now.short:
        change = f"none of these does the task still, and the one to use if any is {name}"
    elif kind == "undecided":
        change = f"the verdict is {'still ' if base.kind == kind else ''}open ({name} for now)"
    elif name == base.name:
        change = f"the verdict is settled: {name}" if base.kind == "undecided" else f"{name} is the verdict"
    else:
        change = f"{name} ({VERDICTS[kind]}) is the verdict"
    said = f"With {dial.what} of {dial.written.text(value)}{beyond}{today}, {change}."
    return Flip(dial.key, dial.now, value, kind, name, distance, said)


def _told(found: Sequence[Flip], dials: Sequence[_Dial]) -> Iterator[str]:
    """The nearest flips in words, and what of the rest none was found."""
    for flip in found[:MOST]:
        yield flip.said
    keys = {flip.key for flip in found}
    others = [dial for dial in dials if dial.key not in keys]
    scaled = [dial.what.removeprefix("a ") for dial in others if dial.now and not dial.share]
    if scaled:
        yield f"Nothing within {FAR:g} times of today's {_or(scaled)} flips the verdict."
    for dial in others:
        if dial.now == 0 and not dial.share:  # no number of times of nothing is anything
            yield f"No {dial.what.removeprefix('a ')} up to {dial.written.text(FAR)} flips it (now {dial.written.text(0)})."
    rest = [dial.what.removeprefix("a ") for dial in others if dial.now is None or dial.share]
    if rest:
        yield f"No {_or(rest)} flips it."


def _or(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _dials(evidence: Evidence, task: Task) -> Iterator[_Dial]:
    """What can be turned in this task: prices that somebody pays, and what the user asked for."""
    limits, currency = task.limits, task.prices.currency or CURRENCY

    money = _Writing(lambda v: numbers.money(v, currency), numbers.money_step)
    milliseconds = _Writing(numbers.milliseconds, numbers.milliseconds_step)

    def limit(key: str, what: str, now: float, written: _Writing) -> _Dial:
        return _Dial(f"limits.{key}", what, now, _scaled(now), lambda v: _with(task, "limits", {key: v}), written)

    ways = {(one.model, way(one.bill, prices_of(task, one.model))) for one in evidence.measured if not one.bill.control}
    paid = {how for _, how in ways}
    makes = any(one.bill.making.call_seconds or one.bill.making.tuning_seconds for one in evidence.measured)
    hour = middle(limits.machine_cost_per_hour) if limits.machine_cost_per_hour is not None else MACHINE_COST_PER_HOUR
    if "machine" in paid or makes:
        yield limit("machine_cost_per_hour", "a machine hour", hour, money)
    for name in task.models or ("",):
        yield from _prices(evidence, task, name, ways, money)
    volume = REQUESTS_PER_MONTH if limits.requests_per_month is None else limits.requests_per_month
    months = HORIZON_MONTHS if limits.horizon_months is None else limits.horizon_months
    if volume and months:
        yield limit(
            "requests_per_month", "a volume", volume, _Writing(lambda v: f"{_plain(v)} requests a month", _plain_step)
        )
        yield limit("horizon_months", "a horizon", months, _Writing(lambda v: f"{_plain(v)} months", _plain_step))
    label = middle(limits.label_cost)
    if label or any(one.bill.making.labels for one in evidence.measured):
        yield limit("label_cost", "a label price", label, money)
    slowest = max((one.probe.p95 for one in evidence.measured if one.probe), default=0.0)
    if limits.latency_p95_ms:
        yield limit("latency_p95_ms", "a latency limit", limits.latency_p95_ms, milliseconds)
    elif slowest and limits.latency_p95_ms is None:
        down = [1.05 * slowest * FAR ** (-i / STEPS) for i in range(STEPS + 1)]
        yield _Dial(
            "limits.latency_p95_ms", "a latency limit", None, [down],
            lambda v: _with(task, "limits", {"latency_p95_ms": v}), milliseconds,
        )  # fmt: skip
    for key in ("margin", "tolerance", "target"):
        now = getattr(task, key)
        if now is not None:
            share = _Writing(numbers.percent if key == "target" else numbers.span, lambda _: 0.001)
            yield _Dial(key, f"a {key}", now, _shares(now), partial(_demanding, task, key), share, share=True)


def _prices(evidence: Evidence, task: Task, name: str, ways: Set[tuple[str, Way]], money: _Writing) -> Iterator[_Dial]:
    """What a model's service asks, of several models one by `name`."""
    spec = task.models[name].spec if name else task.model
    prices, before, of = prices_for(spec, task.models, task.prices), f"models.{name}.prices" if name else "prices", ""
    if name:
        of = f" of {name}"
    made = any((spec if name else "") in one.bill.making.asked for one in evidence.measured)  # as by a teacher
    if ((spec, "tokens") in ways or made) and middle(prices.input) + middle(prices.output) > 0:
        yield _tokens(task, name, prices, f"{before}.", of)
    trained = any(one.bill.making.trained_tokens for one in evidence.measured if one.model == spec)
    for key, what, counts in (
        ("hosting_per_hour", "a hosting hour", (spec, "hosted") in ways),
        ("training", "a training price", trained),
    ):
        if counts and getattr(prices, key) is not None:
            now = middle(getattr(prices, key))
            yield _Dial(f"{before}.{key}", f"{what}{of}", now, _scaled(now), partial(_priced, task, name, key), money)


def _tokens(task: Task, name: str, prices: PriceList, before: str, of: str) -> _Dial:
    """All prices of tokens together, by the price of a million input tokens (or output, where that is free)."""
    lead = "input" if middle(prices.input) else "output"
    now = middle(getattr(prices, lead))
    fields = ("input", "cached_input", "output")

    def at(value: float) -> Task:
        changed = {key: middle(p) * value / now for key in fields if (p := getattr(prices, key)) is not None}
        return _with_prices(task, name, changed)

    def shown(value: float) -> str:
        return f"{numbers.money(value, task.prices.currency or CURRENCY)} for a million {lead} tokens (the others in step)"

    return _Dial(f"{before}{lead}", f"a token price{of}", now, _scaled(now), at, _Writing(shown, numbers.money_step))


def _priced(task: Task, name: str, key: str, value: float) -> Task:
    return _with_prices(task, name, {key: value})


def _with_prices(task: Task, name: str, changed: dict[str, Any]) -> Task:
    if not name:
        return _with(task, "prices", changed)
    one = task.models[name]
    own = one.model_copy(update={"prices": one.prices.model_copy(update=changed)})
    return task.model_copy(update={"models": {**task.models, name: own}})


def _demanding(task: Task, key: str, value: float) -> Task:
    return task.model_copy(update={key: value})


def _with(task: Task, part: str, changed: dict[str, Any]) -> Task:
    old: PriceList | Any = getattr(task, part)
    return task.model_copy(update={part: old.model_copy(update=changed)})


def _scaled(now: float) -> list[list[float]]:
    """Up to FAR times `now`, and down to a FAR-th of it; of a price that is zero from LEAST up to FAR."""
    if not now:
        return [[LEAST * (FAR / LEAST) ** (i / STEPS / 2) for i in range(2 * STEPS + 1)]]
    ratios = [FAR ** (i / STEPS) for i in range(1, STEPS + 1)]
    return [[now * ratio for ratio in ratios], [now / ratio for ratio in ratios]]


def _shares(now: float) -> list[list[float]]:
    """Up to 1 and down to 0, in half points."""
    up = [now + HALF_POINT * i for i in range(1, int((1 - now) / HALF_POINT) + 1)]
    down = [max(0.0, now - HALF_POINT * i) for i in range(1, -int(-now / HALF_POINT // 1) + 1)]
    return [up, down]


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _plain_step(value: float) -> float:
    return 1.0 if value >= 100 else numbers.significant_step(value, 3)
