"""What a study has ahead of it: in words, and its stages with what each is thought to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossover.data.splits import Splits
from crossover.data.task import Task
from crossover.decision import numbers
from crossover.study.foreseen import Forecast
from crossover.study.ladder import Rung
from crossover.study.listener import Stage

FINALISTS = "the finalists"
TUNED = ("weights", "hybrid")


def introduced(task: Task, splits: Splits, rungs: Sequence[Rung]) -> str:
    """What will happen, for who has never seen it."""
    names = ", ".join(rung.name for rung in rungs)
    if splits.folds:
        measured = (
            f"; then each is made anew {len(splits.folds)} times without a part of the rows (a fold), which it answers, so"
            f" that the verdict rests on all {len(splits.all)}"
        )
    else:
        measured = f", and the best are measured once on {len(splits.test)} more (test), for the verdict"
    models = models_text(task.model, {name: one.spec for name, one in task.models.items()})
    return (
        f"{task.name}, with {models}: {names}. Each of these {numbers.plural(len(rungs), 'rung')} is a way to"
        f" do the task, the plain ones first; they are trained and prompted from {len(splits.train)} rows and chosen by"
        f" {len(splits.dev)} others (dev){measured}. Interrupt it, and the same command continues"
    )


def models_text(model: str, named: Mapping[str, str]) -> str:
    """The models of a study: the one, or several by their names."""
    told = [f"{name} ({spec})" for name, spec in named.items()]
    return f"the models {', '.join(told)}" if told else f"the model {model}"


def fold_stage(rung: Rung, fold: int, folds: int, position: int, rungs: int, seconds: float | None = None) -> Stage:
    """The stage of a rung in a fold (from 1), the rung being number `position` (from 0) of all. `seconds`: of its folds."""
    share = None if seconds is None else seconds / folds
    return Stage("fold", f"{rung.name}, fold {fold}", position * folds + fold, rungs * folds, share)


def planned(
    rungs: Sequence[Rung],
    remembers: bool,
    ahead: Forecast | None = None,
    pace: Mapping[str, float] | None = None,
    folds: int = 0,
) -> list[Stage]:
    """In their order. `remembers`: whether it is measured what tuned weights forgot. Without a forecast and the seconds of
    a token, nobody knows what they take, but that a control takes next to nothing. `folds`: in how many each rung is made
    again, in the place of finalists."""

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
    if not folds:
        return [*stages, Stage("test", FINALISTS, 1, 1, seconds("test"))]
    for position, rung in enumerate(rungs):
        known = 0.0 if rung.strategy.family == "control" else seconds(f"folds of {rung.name}")
        stages += [fold_stage(rung, fold, folds, position, len(rungs), known) for fold in range(1, folds + 1)]
    return stages
