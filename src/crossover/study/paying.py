"""Which models a study pays for, and whether anybody knows what they ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossover.data.modelspec import prices_for
from crossover.data.task import Task
from crossover.errors import OptionError
from crossover.models.base import Concurrent, Model, Priced, by_the_hour
from crossover.strategies.then import Then
from crossover.study.ladder import Rung
from crossover.study.several import NAMING, specs_of


def paid_models(task: Task, judge: str, rungs: Sequence[Rung], model_of: Callable[[str], Model]) -> list[str]:
    """Of the models that a study asks, those whose calls cost money, or leave this machine."""
    return [one for one in asked_models(task, judge, rungs) if is_paid(task, one, model_of(one))]


def asked_models(task: Task, judge: str, rungs: Sequence[Rung]) -> list[str]:
    """The models that a study asks, the task's own first: the judge, and what rungs name, such as a teacher."""
    steps = [step for r in rungs for step in (r.strategy.strategies() if isinstance(r.strategy, Then) else [r.strategy])]
    named = [getattr(step, option, "") for step in steps for option in NAMING]
    return list(dict.fromkeys(one for one in (*specs_of(task), judge, *named) if one))


def is_paid(task: Task, spec: str, model: Model) -> bool:
    """Whether a model's calls cost money, or leave this machine: a proxy here costs what its prices say."""
    priced = isinstance(model, Concurrent) and prices_for(spec, task.models, task.prices).input is not None
    return not model.local or isinstance(model, Priced) or priced


def need_prices(task: Task, spec: str, model: Model) -> None:
    """Raise `OptionError` where a limit of money cannot be kept, as nobody knows what a call costs."""
    known = prices_for(spec, task.models, task.prices).input is not None or isinstance(model, Priced) or by_the_hour(model)
    if task.limits.money is not None and not known:
        own = spec in specs_of(task)
        name = next((name for name, one in task.models.items() if one.spec == spec), None)
        where = f"models.{name}.prices" if name else "prices"
        valid = f"give {where}.input and {where}.output, of a million tokens" if own else NAMED
        raise OptionError(f"limits.money is {task.limits.money:g}, and what '{spec}' costs is not known: {valid}")


NAMED = "name it under models, with its prices"


def others_paid(task: Task, paid: Sequence[str], model_of: Callable[[str], Model]) -> list[str]:
    """A sentence on each paid model that is none of the task's own (a judge, a teacher): what its calls count.

    Raises `OptionError` where a limit of money cannot be kept.
    """
    said = []
    for spec in paid:
        if spec in specs_of(task) or isinstance(model_of(spec), Priced):
            continue
        need_prices(task, spec, model_of(spec))
        if prices_for(spec, task.models, task.prices).input is not None:
            said.append(f"calls to '{spec}' are reckoned at the task's prices; to give it its own, {NAMED}")
        else:
            said.append(f"what calls to '{spec}' cost is only what its replies report: {NAMED}")
    return said
