"""What a study is asked for, before any of it: the task of a file and what is set instead; its rows, metric and models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crossover.data.finding import raise_on_errors
from crossover.data.infer import Prepared, prepare
from crossover.data.leaks import Told, untold
from crossover.data.modelspec import with_engine
from crossover.data.task import Task, load_with_settings
from crossover.errors import OptionError
from crossover.models.base import Model
from crossover.models.open import open_language_model
from crossover.study.folder import default_folder
from crossover.study.ladder import check_strategies
from crossover.study.listed import with_listed_prices
from crossover.study.paying import need_prices
from crossover.study.registered import pinned
from crossover.study.scoring import Scoring, scoring
from crossover.study.several import check_none_named, further_models, specs_of


def asked(task_path: Path, model: str | None, settings: Sequence[str]) -> tuple[Task, Path]:
    """The task of a file and what is set instead, and its usual folder: before torch is loaded, or any data is read."""
    loaded = load_with_settings(task_path, settings)
    if model is not None:
        check_none_named(loaded.task, loaded.place)
        model = _with_engine(model, settings)
    task = loaded.task if model is None else loaded.task.model_copy(update={"model": model, "models": {}})
    check_strategies(task, loaded.place)
    task = pinned(task, loaded.place)
    return task, default_folder(task, task.model != loaded.model)


def _with_engine(model: str, settings: Sequence[str]) -> str:
    """The model that a command names, with the engine that it names beside: that of the file is the file's model's."""
    named = [text.partition("=")[2].strip() for text in settings if text.partition("=")[0].strip() == "engine"]
    return with_engine(model, named[-1]) if named and named[-1] else model


def opened(
    task: Task, source: str, prepared: Prepared | None = None, told: Told = untold
) -> tuple[Prepared, Scoring, dict[str, Model]]:
    """The task with its rows and with public prices where it names none, its metric, and its models, with those that
    strategies name beside them. `prepared`: the task's rows, where they were read already, which takes its time, of
    which `told` hears."""
    prepared = prepared or prepare(task, told)
    raise_on_errors(prepared.findings)
    rule = scoring(prepared.task, source, prepared.splits.dev)
    models, priced = {spec: open_language_model(spec, task.folder) for spec in specs_of(task)}, prepared.task
    others = {spec: open_language_model(spec, task.folder) for spec in further_models(task)}  # refused now, not half way up
    away = [spec for spec, model in (models | others).items() if not model.local]
    if task.limits.data_stays_here and away:
        raise OptionError(
            f"{source}: limits.data_stays_here is true, and the model '{away[0]}' runs elsewhere;"
            " valid: a local model, or the limit false"
        )
    for spec, model in models.items():
        priced, said = with_listed_prices(priced, spec, model)
        priced = priced.model_copy(update={"assumptions": (*priced.assumptions, *said)})
        need_prices(priced, spec, model)
    return replace(prepared, task=priced), rule, models | others
