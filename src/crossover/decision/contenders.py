"""The candidates as the decision sees them: their family, rung, dev result and cost; and who goes to the test split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from crossover.decision.costs import Cost
from crossover.engine.phrasing import speaks
from crossover.types import Candidate, Estimate, Family

Rung = Literal["control", "baseline", "engineered prompt", "few-shot", "tuned", "hybrid"]
FAMILIES: tuple[Family, ...] = ("control", "prompt", "weights", "hybrid")
# Costs over the horizon that are this close count as equal: the measured speed is not more certain than that.
SAME_COST_SHARE, SAME_COST_MONEY = 0.05, 1.0


@dataclass(frozen=True)
class Contender:
    """`cost`: what is paid whatever is asked, and what a thousand requests cost. `horizon_cost`: both together for all
    requests of the horizon, in money; it is what "cheaper" means. `order`: the place on the ladder. `removed`: why it
    cannot be chosen. `strategy`: as the task file writes it. `model`: its specification.
    """

    name: str
    id: str
    family: Family
    rung: Rung
    order: int
    dev: Estimate
    cost: Cost
    horizon_cost: float
    removed: str | None = None
    strategy: str = ""
    model: str = ""


def family_of(candidate: Candidate, control: bool) -> Family:
    """What a candidate is, whatever it was named: a prompt, tuned weights, or both, where its prompt says something beside
    the input (an instruction or other words, demonstrations, steps before it). `control`: its model is no language model.
    """
    if control:
        return "control"
    if candidate.weights is None:
        return "prompt"
    prompt = candidate.prompt
    return "hybrid" if speaks(prompt) or prompt.demonstrations or prompt.steps else "weights"


def rung(candidate: Candidate, family: Family) -> Rung:
    """Where a candidate stands in the table that people expect: baseline, engineered prompt, few-shot, tuned, hybrid."""
    if family == "control":
        return "control"
    if family == "weights":
        return "tuned"
    if family == "hybrid":
        return "hybrid"
    if candidate.prompt.demonstrations:
        return "few-shot"
    return "engineered prompt" if speaks(candidate.prompt) or candidate.prompt.steps else "baseline"


def cheapest(contenders: Sequence[Contender]) -> Contender:
    """The one that costs least over the horizon; among those that cost the same, the simplest."""
    least = min(c.horizon_cost for c in contenders)
    return min((c for c in contenders if _costs_as_much(c, least)), key=simplicity)


def cost_order(contenders: Sequence[Contender]) -> tuple[tuple[bool, bool], ...]:
    """All that `cheapest` takes from the costs of these, whichever of them it is asked about: of each pair, both ways
    round, whether one costs less, and whether the other costs as much as it or less."""
    return tuple(
        (a.horizon_cost < b.horizon_cost, _costs_as_much(b, a.horizon_cost)) for a, b in permutations(contenders, 2)
    )


def _costs_as_much(contender: Contender, least: float) -> bool:
    return contender.horizon_cost - least <= max(SAME_COST_MONEY, SAME_COST_SHARE * least)


def simplicity(contender: Contender) -> tuple[int, int]:
    return FAMILIES.index(contender.family), contender.order


def best_on_dev(contenders: Sequence[Contender], margin: float) -> Contender:
    """The cheapest of those within the margin of the highest dev estimate."""
    highest = max(c.dev.value for c in contenders)
    return cheapest([c for c in contenders if c.dev.value >= highest - margin - 1e-9])


def champions(contenders: Sequence[Contender], margin: float) -> dict[Family, Contender]:
    """The dev choice of each family, among those that the limits allow."""
    return _choose(contenders, margin, lambda c: c.family)


def finalists(contenders: Sequence[Contender], margin: float) -> list[Contender]:
    """Who is scored on test: the dev choice of each rung and of each family, and of several models of each family on each,
    in ladder order."""
    chosen = [
        *_choose(contenders, margin, lambda c: c.rung).values(),
        *champions(contenders, margin).values(),
        *_choose([c for c in contenders if c.family != "control"], margin, lambda c: f"{c.family} {c.model}").values(),
    ]
    return [c for c in contenders if c in chosen]


def standing(contenders: Sequence[Contender], margin: float, tested: Collection[str]) -> dict[Family, Contender]:
    """The champions that were tested, by id; where a family's was not, the dev choice among those of it that were."""
    left = [c for c in contenders if c.id in tested]
    found = champions(contenders, margin)
    return {family: found[family] if found[family].id in tested else c for family, c in champions(left, margin).items()}


def _choose(contenders: Sequence[Contender], margin: float, key: Callable[[Contender], str]) -> dict[Family, Contender]:
    allowed: dict[str, list[Contender]] = {}
    for contender in contenders:
        if contender.removed is None:
            allowed.setdefault(key(contender), []).append(contender)
    return {name: best_on_dev(group, margin) for name, group in allowed.items()}  # type: ignore[misc]
