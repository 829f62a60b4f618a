"""Of a study with several models: whether a cheaper model would do as well as the one that the verdict names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossover.decision import numbers
from crossover.decision.contenders import Contender, best_on_dev
from crossover.decision.crossing import Crossing
from crossover.evaluation.paired import Comparison

CHEAPER = 1.25  # times: a request that costs less by fewer is no reason to look at another model


def cheaper_model(chosen: Contender, tested: Sequence[Contender], margin: float) -> Contender | None:
    """The dev choice among those tested whose model is another one and whose requests cost less; None without any."""
    others = [
        one
        for one in tested
        if one.model != chosen.model and one.family != "control" and CHEAPER * one.cost.per_1k < chosen.cost.per_1k
    ]
    return best_on_dev(others, margin) if others else None


def told(
    other: Contender,
    chosen: Contender,
    compare: Callable[[Contender, Contender], Comparison],
    crossing: Crossing,
    margin: float,
    currency: str,
) -> str:
    """A sentence on the cheaper one: what a request costs, from how many on it pays, and the paired difference."""
    one, another = (numbers.money(float(c.cost.per_1k), currency) for c in (other, chosen))
    free = not other.cost.per_1k
    ratio = 0.0 if free else float(chosen.cost.per_1k / other.cost.per_1k)
    times = "nothing" if free else f"{numbers.about(ratio) if ratio >= 10 else f'{ratio:.2g}'} times less"
    costs = f"a request to {other.name} costs {times} ({one} against {another} per 1,000)"
    if crossing.value:
        costs += f", and all in all it costs less {numbers.onwards(crossing.value, (crossing.low, crossing.high))}"
    found = compare(other, chosen)
    low, high = numbers.points(found.low, unit=False), numbers.points(found.high, unit=False)
    gap = f"{numbers.points(found.difference)} ({low} to {high}, this pair alone)"
    if found.low > -margin:
        return f"The cheaper model is as good within the margin: {costs}; {other.name} less {chosen.name} is {gap}."
    if found.high < 0:
        return f"The cheaper model is worse: {costs}; {other.name} less {chosen.name} is {gap}."
    return (
        f"Whether the cheaper model is as good cannot be told on {found.n} items: {costs}; {other.name} less"
        f" {chosen.name} is {gap}."
    )
