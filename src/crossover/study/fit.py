"""A default ladder that fits its time: what it does without, or does less of, where the model is slow on this machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crossover.data.task import StrategySpec
from crossover.strategies.open import open_strategy
from crossover.study.ladder import Rung

AIM = 35.0  # minutes, where the task file has no limits.minutes
ROWS = 16  # training rows on which prompts are tried first, where not all of them meet dev
FEWEST = 3  # epochs
SHOTS = 4
WORTH = 0.98  # of the time: what saves less than the rest of it is not done
SHARE = 0.8  # of limits.minutes: there the climb is stopped, so that the finalists are tested

Rungs = Sequence[Rung]


@dataclass(frozen=True)
class Reduction:
    """`of`: the ladder reduced, mildly first. `said`: what was done, for a reader."""

    said: str
    of: Callable[[Rungs], list[Rung]]


def reductions(epochs: int) -> list[list[Reduction]]:
    """What is done, in this order, until the forecast fits; of the variants of one kind the mildest that is enough.

    First what mostly costs time, last what costs an answer. `epochs`: how many LoRA takes by default.
    """
    return [
        [_without("full")],
        [_without("chain_of_thought")],
        [
            Reduction(
                f"instruction and few_shot try their prompts on {ROWS} training rows first, and the better half on twice as"
                " many, until one is left for dev",
                lambda rungs: _each(rungs, {"instruction": {"screen": ROWS}, "few_shot": {"screen": ROWS}}),
            )
        ],
        [_epochs(fewer, epochs) for fewer in range(max(epochs - 1, FEWEST), FEWEST - 1, -1)],
        [_fewer_shots("lora+few_shot")],
        [_without("instruction+lora")],
        [_fewer_shots("few_shot")],
        [
            Reduction(
                "instruction tries no other formats of the best phrasing",
                lambda rungs: _each(rungs, {"instruction": {"formats": 0}}),
            )
        ],
        [_without("lora+few_shot")],
    ]


def fitted(rungs: Rungs, minutes: Callable[[Rungs], float], most: float, epochs: int) -> tuple[list[Rung], list[str]]:
    """The ladder reduced until `minutes` of it are at most `most`, or nothing is left to reduce; a sentence for each
    reduction, and what to write to have the whole ladder."""
    whole = left = minutes(rungs)
    kept: list[Rung] = list(rungs)
    said: list[str] = []
    for variants in reductions(epochs):
        if left <= most:
            break
        for variant in variants:
            fewer = variant.of(kept)
            after = minutes(fewer)
            if after <= most:
                break
        if after < WORTH * left:
            said.append(f"{variant.said}: about {told(left - after)} less")
            kept, left = fewer, after
    if not said:
        return kept, []
    listed = ", ".join(rung.name for rung in rungs)
    aim = f"to come to {told(most)}"
    if left > most:
        aim = f"and as little as it can, which is more than the {told(most)} that it may take"
    return kept, [
        f"the default ladder would take about {told(whole)} on this machine: it does less, {aim}",
        *said,
        f"to have all of it, write `strategies: [{listed}]` into the task file, or `limits: {{minutes: {_enough(whole)}}}`",
    ]


def allowed(limit: float | None) -> float:
    """The minutes that a ladder is fitted to, where the task file has this `limits.minutes`, or none."""
    return AIM if limit is None else SHARE * limit


def _enough(minutes: float) -> int:
    return math.ceil(minutes / SHARE)


def told(minutes: float) -> str:
    """A forecast, no more exact than it is: "40 seconds", "6 minutes", "3 hours"."""
    if minutes < 1.5:
        return f"{max(10, round(6 * minutes) * 10)} seconds"
    return f"{minutes:.0f} minutes" if minutes < 100 else f"{minutes / 60:.0f} hours"


def _without(name: str) -> Reduction:
    return Reduction(f"{name} is left out", lambda rungs: [rung for rung in rungs if rung.spec.name != name])


def _fewer_shots(name: str) -> Reduction:
    return Reduction(
        f"{name} shows {SHOTS} demonstrations at most",
        lambda rungs: [_with(rung, {"few_shot": {"shots": [SHOTS]}}) if rung.spec.name == name else rung for rung in rungs],
    )


def _epochs(fewer: int, epochs: int) -> Reduction:
    return Reduction(
        f"lora takes at most {fewer} epochs instead of {epochs}, and stops when one is no better on dev",
        lambda rungs: _each(rungs, {"lora": {"epochs": fewer, "patience": 1}}),
    )


def _each(rungs: Rungs, options: Mapping[str, Mapping[str, Any]]) -> list[Rung]:
    """The rungs with further options for some strategies, alone and in sequences."""
    return [_with(rung, options) for rung in rungs]


def _with(rung: Rung, options: Mapping[str, Mapping[str, Any]]) -> Rung:
    steps, given = rung.spec.steps, rung.spec.options
    more = {step: dict(options[step]) for step in steps if step in options}
    if not more:
        return rung
    if len(steps) == 1:
        given = {**given, **more[steps[0]]}
    else:
        given = {**given, **{step: {**given.get(step, {}), **new} for step, new in more.items()}}
    spec = StrategySpec(name=rung.spec.name, options=given)
    return replace(rung, spec=spec, strategy=open_strategy(spec.name, spec.options))
