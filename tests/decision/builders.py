"""Contenders and runs made of given right/wrong patterns, for tests of the decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossover import registry
from crossover.data.task import Task
from crossover.decision.contenders import FAMILIES, Contender
from crossover.decision.costs import Bill, Cost, Making
from crossover.decision.deciding import Evidence, Measured
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.probe import Probe, Speed
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


def measured(name: str, family: Family, right: Sequence[bool], bill: Bill, probe: Probe | None = None) -> Measured:
    """A tested candidate; its dev run is its test run."""
    rung: Any = {"control": "control", "prompt": "few-shot", "weights": "tuned", "hybrid": "hybrid"}[family]
    test = run(name, right)
    dev = Run(test.candidate, "dev", "accuracy", test.records, test.estimate)
    return Measured(name, name, family, rung, FAMILIES.index(family), test.candidate, "pocket", bill, dev, test, probe)


def evidence(*candidates: Measured) -> Evidence:
    return Evidence(candidates, registry.create("metrics", "accuracy"), "accuracy", 0, None)


def wanted(**changes: Any) -> Task:
    """A task with limits, prices and demands."""
    return Task(**{"name": "t", "data": "rows.csv", "input": "a", "output": "b"} | changes)


def asked(tokens: int, tuned: bool = False, **more: Any) -> Bill:
    """Twenty requests of so many tokens in, and one out, a millisecond each; `more`: of a bill, or of its making."""
    making = {name: more.pop(name) for name in list(more) if name in Making.__annotations__}
    given: dict[str, Any] = {"speed": Speed(0.001, 0.001), "making": Making(**making), "tuned": tuned} | more
    return Bill([tokens] * 20, [1] * 20, **given)
