"""From the options that every tuning strategy has to a recipe."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any, Literal, Protocol, TypeVar

from crossover.errors import OptionError
from crossover.strategies._options import check
from crossover.strategies.base import Bench, Outline
from crossover.tuning.defaults import default_epochs, default_patience, default_rate
from crossover.types import Candidate, FullRecipe, LoraRecipe, SoftPromptRecipe

Made = TypeVar("Made", LoraRecipe, FullRecipe, SoftPromptRecipe)

MOST_REPLAY = 0.9  # of an epoch: nine general rows for each of the task


class Tuner(Protocol):
    """What `lora`, `full` and `soft_prompt` have in common. None is what `tuning/defaults.py` says."""

    @property
    def learning_rate(self) -> float | None: ...
    @property
    def epochs(self) -> int | None: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def patience(self) -> int | None: ...


def recipe_for(tuner: Tuner, kind: type[Made], start: Candidate, bench: Bench, **others: Any) -> Made:
    """The recipe of a kind for tuning the start's model on the training rows; `others` are fields of it, as they are."""
    epochs, rate = tuner.epochs, tuner.learning_rate
    if rate is None:
        rate = default_rate(kind.method, bench.model_of(start.model), bench.task.kind)
    if epochs is None:
        epochs = default_epochs(len(bench.train), tuner.batch_size, bench.task.kind)
    return kind(
        learning_rate=rate,
        epochs=epochs,
        batch_size=tuner.batch_size,
        patience=default_patience(epochs) if tuner.patience is None else tuner.patience,
        seed=bench.seed,
        **others,
    )


def check_tuner(name: str, tuner: Any) -> None:
    """Raise `OptionError` for the first number that no tune can have: told before a model is loaded."""
    positive, given = "1 or more", {field.name: getattr(tuner, field.name) for field in fields(tuner)}
    rules = (
        *((option, positive, 1) for option in ("rank", "alpha", "tokens", "epochs", "batch_size", "tries", "seeds")),
        *((option, "0 or more", 0) for option in ("patience", "weight_decay")),
    )
    share, rate = given.get("replay", 0.0), given["learning_rate"]
    check(
        name,
        tuner,
        *((option, valid, given[option] >= least) for option, valid, least in rules if given.get(option) is not None),
        ("learning_rate", "a number above 0", rate is None or (rate > 0 and math.isfinite(rate))),
        ("replay", f"a share from 0 to {MOST_REPLAY}", 0 <= share <= MOST_REPLAY),
    )


def tuned_outline(name: str, start: Outline, kind: Literal["soft", "adapter", "full", "hosted"]) -> Outline:
    """What tuning leaves of a start. Raises `OptionError` for one whose weights or prompt it cannot go on from."""
    if start.chained:
        raise OptionError(
            f"strategy '{name}' cannot tune a chain as a whole; valid is tuned weights in a chain, such as {name}+chain"
        )
    if start.weights == "soft" or (kind == "soft" and start.weights not in ("", "other")):
        raise OptionError(
            f"strategy '{name}' cannot go on from tuned weights where one of the two is a soft prompt; valid is one of the"
            " two"
        )
    if start.weights not in ("", "other") and (kind == "hosted") != (start.weights == "hosted"):
        raise OptionError(
            f"strategy '{name}' cannot go on from what was tuned before it: no model is tuned both here and at a service;"
            " valid is one of the two"
        )
    return replace(start, weights="full" if start.weights == "full" else kind)
