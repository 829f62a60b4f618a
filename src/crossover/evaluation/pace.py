"""How fast this machine is with a model at what a study does most: many prompts at a time, and steps of tuning."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from crossover import tuning
from crossover.engine.caller import Caller
from crossover.errors import TuningError
from crossover.evaluation.probe import Speed
from crossover.models.base import Model, Tunable
from crossover.types import Decoding, Message, Recipe, Request

TOGETHER = 8  # prompts that are asked at once
CHARACTERS = 160  # of each of them: about forty tokens
TRIES = 2  # the best counts: whatever else the machine does only adds to the time
WRITTEN = 5  # tokens of an answer


def measure_many(caller: Caller, model: Model, inputs: Sequence[str]) -> Speed:
    """The time of a prompt token and of an answer token where prompts are answered together and share nothing.

    Raises `BudgetExceeded`.
    """
    texts = [_text(inputs, number) for number in range(TOGETHER)]

    def best(max_tokens: int) -> tuple[float, int, int]:
        found = []
        for repeat in range(1, TRIES + 1):
            requests = [Request((Message("user", t),), Decoding(max_tokens=max_tokens), repeat=repeat) for t in texts]
            usages = [reply.usage for reply in caller.ask(model, requests, "pace") if reply.error is None]
            found.append(
                (sum(u.seconds for u in usages), sum(u.tokens_in for u in usages), sum(u.tokens_out for u in usages))
            )
        return min(found)

    short, tokens_in, few = best(1)
    long, _, many = best(WRITTEN)
    answer = max(long - short, 0.0) / (many - few) if many > few else short / max(tokens_in, 1)
    return Speed(prompt=short / tokens_in if tokens_in else 0.0, answer=answer)


def measure_tuning(model: Tunable, recipe: Recipe, rows: Sequence[tuple[tuple[Message, ...], str]]) -> float:
    """Seconds of a training row of middle length in a step of tuning: the best of a few steps, which are thrown away.

    Raises `TuningError`.
    """
    wanted = recipe.batch_size * (TRIES + 1)
    ordered = sorted(rows, key=lambda row: sum(len(message.content) for message in row[0]))
    middle = max(0, (len(rows) - wanted) // 2)  # rows of like length, so that each step has as much to do
    chosen = list(itertools.islice(itertools.cycle(ordered[middle : middle + wanted]), wanted))
    moments: list[float] = []

    def stepped(step: int, steps: int, loss: float) -> None:
        moments.append(time.perf_counter())
        if step == steps:
            raise _Enough

    with tempfile.TemporaryDirectory(prefix="crossover-") as folder, suppress(_Enough):
        tuning.fit(model, chosen, chosen[:1], replace(recipe, epochs=1, replay=0.0), Path(folder), on_step=stepped)
    if len(moments) < 2:
        raise TuningError("the rows are too long to measure a step of tuning with")
    return min(later - earlier for earlier, later in itertools.pairwise(moments)) / recipe.batch_size


class _Enough(Exception):
    """Thrown once the steps are measured, so that nothing is saved."""


def _text(inputs: Sequence[str], number: int) -> str:
    """Inputs one behind the other, another first in each text."""
    begin = number * len(inputs) // TOGETHER
    text = "\n".join([f"{number + 1}.", *inputs[begin:], *inputs[:begin]])
    return text[:CHARACTERS]
