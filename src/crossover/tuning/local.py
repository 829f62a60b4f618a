"""Tuning in this process: the training loop behind the one verb."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover import tuning
from crossover.models.base import Tunable
from crossover.tuning.handover import clear
from crossover.tuning.providers import Lesson
from crossover.tuning.trainer import Events, Tuned
from crossover.types import Message, Recipe, Weights

General = Callable[[], Sequence[tuple[tuple[Message, ...], str]]]


@dataclass(frozen=True)
class LocalTrainer:
    """`general`: makes the rows that have nothing to do with the task, for a recipe with replay."""

    model: Tunable
    general: General = tuple

    def tune(
        self,
        rows: Sequence[Lesson],
        dev: Sequence[Lesson],
        recipe: Recipe,
        folder: Path,
        start: Weights | None = None,
        events: Events = Events(),  # noqa: B008  frozen
    ) -> Tuned:
        weights = tuning.fit(
            model=self.model,
            rows=[(lesson.messages, lesson.answer) for lesson in rows],
            dev_rows=[(lesson.messages, lesson.answer) for lesson in dev],
            recipe=recipe,
            folder=folder,
            start=start,
            evaluate=events.evaluate,
            on_epoch=events.on_epoch,
            on_step=events.on_step,
            general=self.general() if recipe.replay else (),
        )
        clear(folder)  # several processes may have begun it
        return Tuned(weights)
