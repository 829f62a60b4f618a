"""Contenders and runs made of given right/wrong patterns, for tests of the decision."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.decision.contenders import FAMILIES, Contender
from crossover.decision.costs import Cost
from crossover.evaluation.aggregate import estimate
from crossover.types import Estimate, Example, Family, Record, Reply, Run, Score


def contender(
    name: str, family: Family, dev: float = 0.5, cost: float = 0.0, rung: str | None = None, removed: str | None = None
) -> Contender:
    default = {"control": "control", "prompt": "few-shot", "weights": "tuned", "hybrid": "hybrid"}[family]
    return Contender(
        name=name,
        id=f"id-{name}",
        family=family,
        rung=rung or default,  # type: ignore[arg-type]
        order=FAMILIES.index(family),
        dev=Estimate(100, dev, max(dev - 0.1, 0), min(dev + 0.1, 1)),
        cost=Cost(0.0, cost),
        horizon_cost=cost,
        removed=removed,
        strategy=name,
    )


def run(name: str, right: Sequence[bool | None]) -> Run:
    records = tuple(
        Record(Example(str(i), f"input {i}", "gold"), Reply(), "answer", None if r is None else Score(float(r)))
        for i, r in enumerate(right)
    )
    return Run(f"id-{name}", "test", "accuracy", records, estimate([r.score for r in records], "mean", True))


def pattern(n: int, right: int, shift: int = 0) -> list[bool]:
    """`right` right answers among `n`, spread evenly, moved along by `shift` items."""
    hits = {(i * n) // right for i in range(right)} if right else set()
    return [((i + shift) % n) in hits for i in range(n)]
