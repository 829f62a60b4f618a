"""A ladder over several models: each rung on the one that it names, or on each that can; what names a model finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.modelspec import FOUND_ON, ON, NamedModel
from crossover.data.task import StrategySpec, Task
from crossover.data.yamlfile import KeyPath
from crossover.errors import OptionError, nearest

NAMING = ("teacher", "model")  # options of strategies that name a further model
INSTEAD = "--model puts one model in the place of all; valid is --set models.{}.spec=..., which changes that one alone"


@dataclass(frozen=True)
class Placed:
    """A strategy with its own options, the model (a name of the user's) that it is climbed on, and the one that its prompt
    is found on, if that is another. `named`: the user said which."""

    spec: StrategySpec
    on: str
    found_on: str = ""
    named: bool = False


def placed(
    specs: Sequence[StrategySpec], models: Mapping[str, NamedModel], once: Callable[[StrategySpec], bool]
) -> list[Placed]:
    """Each strategy on the model that its option `runs_on` names, or on all of them, a control (`once`) on the first.

    Raises `OptionError` for a name that no model has.
    """
    found = []
    for spec in specs:
        options = dict(spec.options)
        on, found_on = (_name(spec, key, options.pop(key, None), models) for key in (ON, FOUND_ON))
        own = StrategySpec(name=spec.name, options=_resolved(options, models))
        if found_on and found_on == on:
            raise OptionError(
                f"strategy '{spec.name}': its prompt is found on '{on}' and used there; valid is another model"
            )
        names = [on] if on else list(models)[:1] if once(spec) else [name for name in models if name != found_on]
        for name in names:
            if not on and models[name].spec in named_models(own.options, ("teacher",)):
                continue  # it would teach itself
            found.append(Placed(own, name, found_on or "", bool(on)))
    return found


def check_none_named(task: Task, place: Callable[[KeyPath], str]) -> None:
    """Raise `OptionError` where a strategy, or the judge, names one of the task's models: another model for all of them
    leaves no such name."""
    for number, spec in enumerate(task.strategies):
        for key, name in _names_in(spec.options, task.models):
            where = f"{place(('strategies', number))}: strategy '{spec.name}', option '{key}'"
            raise OptionError(f"{where}: it names the model '{name}', and {INSTEAD.format(name)}")
    judge = task.metric_options.get("model")
    if judge in task.models:
        raise OptionError(f"{place(('metric',))}: the judge is the model '{judge}', and {INSTEAD.format(judge)}")


def _names_in(options: Mapping[str, Any], models: Mapping[str, NamedModel]) -> Iterator[tuple[str, str]]:
    """Options that name one of the models, and which."""
    for key, value in options.items():
        if isinstance(value, Mapping):
            yield from _names_in(value, models)
        elif key in (ON, FOUND_ON, *NAMING) and isinstance(value, str) and value in models:
            yield key, value


def specs_of(task: Task) -> list[str]:
    """The specifications of a task's models, the first one first."""
    return [one.spec for one in task.models.values()] or [task.model]


def further_models(task: Task) -> list[str]:
    """The specifications of the models that strategies name beside the task's: who teaches, or reflects."""
    named = dict.fromkeys(one for spec in task.strategies for one in named_models(_resolved(spec.options, task.models)))
    return [spec for spec in named if spec not in specs_of(task)]


def without_places(spec: StrategySpec) -> StrategySpec:
    """The strategy with its own options alone."""
    return StrategySpec(name=spec.name, options={k: v for k, v in spec.options.items() if k not in (ON, FOUND_ON)})


def _name(spec: StrategySpec, key: str, given: Any, models: Mapping[str, NamedModel]) -> str | None:
    if given is not None and given not in models:
        if not models:
            raise OptionError(
                f"strategy '{spec.name}', option '{key}': the task has one model; valid with several under models"
            )
        raise OptionError(
            f"strategy '{spec.name}', option '{key}': there is no model '{given}'; {nearest(str(given), list(models))}"
        )
    return None if given is None else str(given)


def _resolved(options: Mapping[str, Any], models: Mapping[str, NamedModel]) -> dict[str, Any]:
    """The options with a model's own specification where one is named, also inside the options of a step."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, Mapping):
            found[key] = _resolved(value, models)
        elif key in NAMING and isinstance(value, str) and value in models:
            found[key] = models[value].spec
        else:
            found[key] = value
    return found


def named_models(options: Mapping[str, Any], keys: Sequence[str] = NAMING) -> list[str]:
    """The further models that options name under some keys."""
    found: list[str] = []
    for key, value in options.items():
        if isinstance(value, Mapping):
            found += named_models(value, keys)
        elif key in keys and isinstance(value, str) and value:
            found.append(value)
    return found
