"""What a study has ahead of it: in words, and its stages with what each is thought to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossover.data.splits import Splits
from crossover.data.task import Task
from crossover.decision import numbers
from crossover.study.forecast import Forecast
from crossover.study.ladder import Rung
from crossover.study.listener import Stage

FINALISTS = "the finalists"
TUNED = ("weights", "hybrid")


def introduced(task: Task, splits: Splits, rungs: Sequence[Rung]) -> str:
    """What will happen, for who has never seen it."""
    names = ", ".join(rung.name for rung in rungs)
    return (
        f"{task.name}, with the model {task.model}: {names}. Each of these {numbers.plural(len(rungs), 'rung')} is a way to"
        f" do the task, the plain ones first; they are trained and prompted from {len(splits.train)} rows and chosen by"
        f" {len(splits.dev)} others (dev), and the best are measured once on {len(splits.test)} more (test), for the"
        " verdict. Interrupt it, and the same command continues"
    )


def planned(
    rungs: Sequence[Rung], remembers: bool, ahead: Forecast | None = None, pace: Mapping[str, float] | None = None
) -> list[Stage]:
    """In their order. `remembers`: whether it is measured what tuned weights forgot. Without a forecast and the seconds of
    a token, nobody knows what they take, but that a control takes next to nothing."""

    def seconds(part: str) -> float | None:
        if ahead is None or pace is None or part not in ahead.parts:
            return None
        return sum(tokens * pace.get(what, 0.0) for what, tokens in ahead.parts[part].items())

    tuned = [rung for rung in rungs if rung.strategy.family in TUNED] if remembers else []
    stages = []
    for position, rung in enumerate(rungs, 1):
        known = seconds(rung.name) or (0.0 if rung.strategy.family == "control" else None)
        stages.append(Stage("climb", rung.name, position, len(rungs), known))
        if rung in tuned:
            known = seconds(f"forgetting {rung.name}")
            stages.append(Stage("forgetting", rung.name, tuned.index(rung) + 1, len(tuned), known))
    return [*stages, Stage("test", FINALISTS, 1, 1, seconds("test"))]
