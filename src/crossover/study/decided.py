"""The part of decision.json that the decision makes: what `redecide` writes anew, and the rest of it stays as measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossover.data.task import Task
from crossover.decision.contenders import Contender
from crossover.decision.costs import Bill, Prices
from crossover.decision.crossing import Crossing, Spread
from crossover.decision.deciding import Decided, Evidence
from crossover.decision.flip import Flips
from crossover.decision.learning import Learning
from crossover.decision.pairs import Pair
from crossover.decision.slices import Sliced, sliced
from crossover.evaluation.regret import Regret
from crossover.study.labels import labels_body
from crossover.study.results import CostDetail
from crossover.types import to_json

REQUESTS = ("requests", "requests_from", "requests_until", "requests_reason", "requests_planned", "currency")


def decided_json(
    decided: Decided,
    flips: Flips,
    task: Task,
    before: Sequence[str],
    after: Sequence[str],
    learning: Learning | None = None,
) -> dict[str, Any]:
    """Its keys of decision.json; `comparisons` are the verdict's. `before`, `after`: what the study itself warned of.
    `learning`: its curves, where they were measured."""
    verdict, crossing = decided.verdict, decided.crossing
    prices = Prices.of(task.limits, task.prices)
    used = next((f for f, c in decided.champions.items() if c.id in (verdict.choice, verdict.provisional)), None)
    labels = labels_body(learning, verdict, used, task.target, prices.label_cost, prices.currency)
    named = crossing is not None and crossing.value is not None
    return {
        "target": task.target,
        "margin": task.margin,
        "tolerance": task.tolerance,
        "comparisons": [pair_json(pair, "verdict") for pair in decided.comparisons.pairs],
        "requests": _found(crossing) if named else None,
        "requests_from": crossing.low if crossing and not named else None,
        "requests_until": _found(crossing.until) if crossing else None,
        "requests_reason": crossing.reason if crossing and not named else None,
        "requests_planned": prices.requests,
        "currency": prices.currency,
        "labels": labels,
        "flips": {"said": list(flips.said), "found": to_json(flips.found), "searched": list(flips.searched)},
        "verdict": {
            "choice": verdict.choice,
            "kind": verdict.kind,
            "provisional": verdict.provisional,
            "target_met": verdict.target_met,
            "needed_test_items": verdict.needed_test_items,
            "confidence": verdict.confidence,
            "regret": _regret(verdict.regret),
            "falls_short": verdict.falls_short,
            "may_be_best": verdict.may_be_best,
            "reasons": [*verdict.reasons, *labels["said"]],
            "warnings": [
                *before,
                *labels["warnings"],
                *(c.removed for c in decided.contenders if c.removed),
                *decided.doubts,
                *verdict.warnings,
                *after,
            ],
        },
    }


def slices_of(decided: Decided, evidence: Evidence, task: Task) -> Sliced | None:
    """Test results by slice, the chosen candidate beside the others; None where nothing was tested or can be cut."""
    columns = (task.output if task.kind == "classify" else None, task.group)
    chosen = decided.verdict.choice or decided.verdict.provisional
    return sliced(decided.contenders, evidence.runs, evidence.metric, evidence.metric_name, columns, chosen, evidence.seed)


def crossover_json(made: Mapping[str, Any]) -> dict[str, Any]:
    """What of `decided_json` stands under "crossover"."""
    return {
        **made["labels"],
        **{name: made[name] for name in REQUESTS},
    }


def _found(crossing: Crossing | None) -> dict[str, float | None] | None:
    return {name: getattr(crossing, name) for name in ("value", "low", "high")} if crossing else None


def status_of(contender: Contender | None, champions: Mapping[Any, Contender], tested: bool) -> str:
    """What became of a candidate."""
    if contender is None:
        return "failed"
    if contender.removed:
        return "removed"
    if any(c.id == contender.id for c in champions.values()):
        return "champion"
    return "finalist" if tested else "candidate"


def cost_detail(contender: Contender, spread: Spread | None, bill: Bill) -> CostDetail:
    """A candidate's cost beside what a row shows of it."""
    return CostDetail(
        horizon=contender.horizon_cost,
        horizon_interval=spread.horizon if spread else None,
        fixed_interval=spread.fixed if spread else None,
        per_1k_interval=spread.per_1k if spread else None,
        labels=bill.making.labels,
        calls=bill.making.calls,
        parts={name: float(value) for name, value in contender.cost.parts.items()},
    )


def pair_json(pair: Pair, family: str) -> dict[str, Any]:
    r = pair.result
    return {
        "a": pair.a,
        "b": pair.b,
        "difference": round(r.difference, 6),
        "low": round(r.low, 6),
        "high": round(r.high, 6),
        "p": r.p,
        "p_adjusted": pair.p_adjusted,
        "test": r.test,
        "n": r.n,
        "family": family,
    }


def _regret(regret: Regret | None) -> dict[str, float | None]:
    """Null where nothing was tested that could be better."""
    return {name: round(getattr(regret, name), 6) if regret else None for name in ("expected", "upper")}
