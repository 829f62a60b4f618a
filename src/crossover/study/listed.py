"""The public prices of a model that runs elsewhere, by the package `genai-prices`, where the task gives none."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from crossover.data.task import Task
from crossover.models.base import Hosted, Model

LISTED = "USD"  # what the package's prices are in
SAMPLE = 1000  # tokens that are priced, so that a price that grows with the length is that of a short request
EXTRA = "pip install 'crossover[prices]' looks up public ones"


def with_listed_prices(task: Task, model: Model) -> tuple[Task, list[str]]:
    """The task with prices of tokens, and a sentence on where they are from; as it is where it needs none."""
    if model.local or task.prices.input is not None:
        return task, []
    unknown = f"what a request to {task.model} costs is only what its replies report; say prices.input and prices.output"
    if task.prices.currency not in (None, LISTED):
        return task, [f"{unknown}: public prices are in {LISTED}, and prices.currency is {task.prices.currency}"]
    if importlib.util.find_spec("genai_prices") is None:
        return task, [f"{unknown}, or {EXTRA}"]
    found = listed(model.name if isinstance(model, Hosted) else task.model.rpartition(":")[2])
    if found is None:
        return task, [f"{unknown}: genai-prices knows no such model"]
    prices = task.prices.model_copy(update=found)
    told = ", ".join(f"{name} {amount:g}" for name, amount in found.items())
    return task.model_copy(update={"prices": prices}), [
        f"prices of {task.model} are those of genai-prices, in {LISTED} for a million tokens: {told}"
    ]


def listed(name: str) -> dict[str, float] | None:
    """Prices of a million tokens (input, cached_input, output) of a model, None where it is not known."""
    genai: Any = importlib.import_module("genai_prices")

    def million(**usage: int) -> float:
        found = genai.calc_price(genai.Usage(**usage), model_ref=name.rpartition("/")[2])
        return round(float(found.total_price) * 1e6 / SAMPLE, 6)

    try:
        return {
            "input": million(input_tokens=SAMPLE),
            "cached_input": million(input_tokens=SAMPLE, cache_read_tokens=SAMPLE),
            "output": million(output_tokens=SAMPLE),
        }
    except LookupError:
        return None
