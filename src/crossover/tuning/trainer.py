"""What tuning is, wherever it happens: one verb, and what the verb tells and asks on its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from crossover.tuning.providers import Lesson
from crossover.tuning.recipe import HostedRecipe
from crossover.types import Epoch, Usage, Weights


@dataclass(frozen=True)
class Events:
    """`evaluate`: the dev score of weights, higher is better. `before(most)`: a job is about to be paid that trains on so
    many tokens at the most; raises where that is not allowed. `paid(job, trained)`: one failed, and so many are paid for.
    `on_epoch`, `on_step(step, steps, loss)`: how far it is, and that it may still go on: they raise `BudgetExceeded`."""

    evaluate: Callable[[Weights], float] = lambda weights: 0.0
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    on_step: Callable[[int, int, float], None] = lambda step, steps, loss: None
    before: Callable[[int], None] = lambda most: None
    paid: Callable[[str, int], None] = lambda job, trained: None


@dataclass(frozen=True)
class Tuned:
    """`usage`: what was trained on (tokens, over all epochs) and paid for at a service; nothing where it was here.
    `said`: sentences for the reader. `job`: the service's id of it."""

    weights: Weights
    usage: Usage = field(default_factory=Usage)
    said: tuple[str, ...] = ()
    job: str = ""


FRAME = 8  # tokens around a message, at the most


def most_tokens(rows: Sequence[Lesson], recipe: HostedRecipe) -> int:
    """The most tokens that a service can train on, whatever its tokenizer: a token of a text is at least a byte."""
    texts = [text for row in rows for text in (*(m.content for m in row.messages), row.answer, row.worse)]
    return recipe.epochs * sum(len(text.encode()) + FRAME for text in texts)


class Trainer(Protocol):
    """Tunes one model."""

    def tune(
        self,
        rows: Sequence[Lesson],
        dev: Sequence[Lesson],
        recipe: Any,
        folder: Path,
        start: Weights | None = None,
        events: Events = Events(),
    ) -> Tuned:
        """The best weights on dev, which lie in `folder` or are noted there. Called again with the same folder after it was
        interrupted, it goes on. Raises `TuningError`, `StudyError`, and what `events` raises.
        """
        ...
