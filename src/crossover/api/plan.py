"""What a study will take, before anything is spent, as a Python object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.api.run import settled
from crossover.data.task import Task
from crossover.decision import numbers
from crossover.report.notebook import printed_html
from crossover.report.plan import plan_text
from crossover.study.listener import Listener, check_listener
from crossover.study.part import Part
from crossover.study.preview import Preview
from crossover.study.run import preview_task


@dataclass(frozen=True)
class Plan:
    """`preview`: its stages, one by one, and what is said of them."""

    preview: Preview

    @property
    def total(self) -> Part:
        """All stages together: calls, tokens in and out, seconds and money; the last two None where nobody knows."""
        return self.preview.total

    @property
    def paid_models(self) -> tuple[str, ...]:
        """The models whose calls cost money or leave this machine."""
        return self.preview.models

    @property
    def smallest_difference(self) -> float | None:
        """The smallest difference that the test rows show with 80 % power, as a share; None where they are too few."""
        return self.preview.least

    def to_json(self) -> dict[str, Any]:
        """What `crossover run --plan --json` prints."""
        return self.preview.to_json()

    def __str__(self) -> str:
        whole = self.total
        seconds = "" if whole.seconds is None else f", {numbers.duration(whole.seconds)}"
        money = "" if whole.money is None else f", {numbers.money(whole.money, self.preview.currency)}"
        tokens = f"{numbers.count(whole.tokens_in)} tokens in and {numbers.count(whole.tokens_out)} out"
        return f"{self.preview.task}: {numbers.plural(whole.calls, 'call')}, {tokens}{seconds}{money}"

    def _repr_html_(self) -> str:
        return printed_html(plan_text(self.preview))


def plan(task: Task | Path | str | None = None, *, data: Any = None, listener: Listener | None = None, **keys: Any) -> Plan:
    """What `run_study` would take from its beginning: calls, tokens, time and money of each stage, and the smallest
    difference that test can show. Takes what `run_study` takes.

    Nothing is measured but the speed of a model that runs here, and nothing is left behind. Raises `CrossoverError`.
    """
    if listener is not None:
        check_listener(listener)
    made, source, _ = settled(task, data, keys)
    return Plan(preview_task(made, source, listener))
