"""From how many requests on tuned weights cost less than the best prompt, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.decision.costs import Cost, Prices, break_even, local_cost
from crossover.evaluation.probe import Speed
from crossover.types import Run

DRAWS = 1000


@dataclass(frozen=True)
class Crossing:
    """Requests; `high` is None where the interval has no upper end: some resamples never cross."""

    value: float
    low: float
    high: float | None


def crossing(
    trained: tuple[Cost, Run, Speed], prompt: tuple[Cost, Run, Speed], prices: Prices, seed: int
) -> Crossing | None:
    """Where the trained candidate's total cost meets the prompt's; None when it never does.

    The interval is a percentile bootstrap over the items' token counts (1,000 draws): it holds the doubt about how
    long requests are, not about the machine's speed.
    """
    value = break_even(trained[0], prompt[0])
    if value is None:
        return None
    import numpy

    rng = numpy.random.default_rng(seed)
    tuned, prompted = (_per_request(run, speed, prices) for _, run, speed in (trained, prompt))
    n = min(len(tuned), len(prompted))
    found: list[float] = []
    for _ in range(DRAWS):
        items = rng.integers(0, n, n)
        dear = Cost(trained[0].fixed, 1000 * float(tuned[items].mean()))
        requests = break_even(dear, Cost(prompt[0].fixed, 1000 * float(prompted[items].mean())))
        found.append(float("inf") if requests is None else requests)
    low, high = numpy.percentile(found, [2.5, 97.5], method="nearest")
    return Crossing(value, min(float(low), value), None if numpy.isinf(high) else max(float(high), value))


def _per_request(run: Run, speed: Speed, prices: Prices) -> Any:
    """The cost of each request, as a numpy array."""
    import numpy

    usages = [record.reply.usage for record in run.records]
    return numpy.array([local_cost(prices, speed, u.tokens_in, u.tokens_out, 0.0, 0).per_1k / 1000 for u in usages])
