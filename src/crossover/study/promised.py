"""Holds a strategy to its promise: it gives a candidate that can be measured, and leaves its bench as it was."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from crossover.errors import CrossoverError, OptionError
from crossover.evaluation.bench import StudyBench
from crossover.strategies.base import Bench, Strategy
from crossover.types import Candidate, Decoding, Prompt


def held(name: str, strategy: Strategy, start: Candidate, bench: StudyBench) -> Candidate:
    """What a strategy makes of a start, at a bench of its own: what it changes of that, no other rung has.

    Raises what the strategy raises, and `OptionError` where a promise is broken, which is a failure of the rung alone.
    """
    lent = lent_to_one(bench)
    before = {field.name: getattr(lent, field.name) for field in dataclasses.fields(lent)}
    made = strategy.adapt(start, lent)
    parts = [part for part, had in before.items() if getattr(lent, part) is not had]
    if "task" not in parts and lent.task != bench.task:
        parts.append("task")
    if parts:
        raise changed(name, parts)
    return promised(name, made, start, bench)


def changed(name: str, parts: Sequence[str]) -> OptionError:
    """Of a strategy that changed these parts of its bench."""
    return OptionError(f"{name} changed its bench ({', '.join(parts)}); valid is to leave it as it is")


def lent_to_one(bench: StudyBench) -> StudyBench:
    """A bench whose task nobody else has."""
    within = {part: deepcopy(had) for part, had in bench.task if isinstance(had, (dict, list)) and part != "tables"}
    return dataclasses.replace(bench, task=bench.task.model_copy(update=within))


def promised(name: str, made: Any, start: Candidate, bench: Bench) -> Candidate:
    """The candidate, where it is one that can be measured. Raises `OptionError`."""
    if not isinstance(made, Candidate):
        raise OptionError(f"{name} gave {type(made).__name__}; valid is a Candidate")
    for part, kind in (("prompt", Prompt), ("decoding", Decoding)):
        if not isinstance(getattr(made, part), kind):
            given = type(getattr(made, part)).__name__
            raise OptionError(f"{name} gave a candidate whose {part} is {given}; valid is a {kind.__name__}")
    bias, labels = made.decoding.label_bias, made.decoding.labels
    if bias and (len(bias) != len(labels) or not all(map(math.isfinite, bias))):
        raise OptionError(
            f"{name} gave label_bias {list(bias)} for {len(labels)} labels; valid is a number for each, or none"
        )
    weights = made.weights
    if weights is not None and weights != start.weights and weights.path and not Path(weights.path).exists():
        raise OptionError(f"{name} gave weights at '{weights.path}', where there are none; valid is what `bench` made")
    if made.model != start.model:
        try:
            bench.model_of(made.model)
        except CrossoverError as error:
            raise OptionError(f"{name} gave a candidate whose model cannot be had: {error}") from error
    return made
