"""A candidate's figures under the names that a service keeps them by: numbers, each with its interval, and what it is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from crossover.study.results import CandidateReport
from crossover.types import Candidate

SPLITS = ("test", "dev")
ODD = re.compile(r"[^\w.\- :]")  # what services take in no name


def figures(report: CandidateReport) -> dict[str, float]:
    """Name -> number, without those that were not measured. Shares are in [0, 1], latencies in milliseconds, costs in the
    study's currency; `.low` and `.high` are the ends of the 95 % interval, `.n` the items that a number is of."""
    row = report.to_json()
    found: dict[str, Any] = {}
    metric = ODD.sub("_", PurePath(row["metric"] or "metric").name)  # of a file its name
    for split in SPLITS:
        found |= _estimate(f"{split}.{metric}", row[split])
    for name in ("relevance", "consistency"):
        found |= _estimate(name, row[f"{name}_interval"])
    latency = row["latency_ms"] or {}
    for name in ("p50", "p95"):
        found[f"latency_ms.{name}"] = latency.get(name)
        found |= {f"latency_ms.{name}.{end}": latency.get(f"{name}_{end}") for end in ("low", "high")}
    cost = row["cost"] or {}
    for name, interval in (("fixed", "fixed"), ("per_1k_requests", "per_1k"), ("horizon", "horizon")):
        found[f"cost.{name}"] = cost.get(name)
        ends = cost.get(f"{interval}_interval") or (None, None)
        found |= {f"cost.{name}.{end}": value for end, value in zip(("low", "high"), ends, strict=True)}
    forgotten = row["forgetting"] or {}
    found |= {f"forgetting.{name}": forgotten.get(name) for name in ("difference", "low", "high")}
    found |= {name: row[name] for name in ("failures", "train_gap", "test_gap", "tokens_in", "tokens_out")}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def params(report: CandidateReport, candidate: Candidate | None) -> dict[str, Any]:
    """What a candidate is, in words: nothing of it changes while its id stays."""
    found: dict[str, Any] = {
        "strategy": report.strategy,
        "family": report.family,
        "candidate": report.id,
    }
    if candidate is None:  # it failed
        return found
    how, prompt = candidate.decoding, candidate.prompt
    found |= {
        "model": report.model,
        "weights": candidate.weights.kind if candidate.weights else "none",
        "options": json.dumps(dict(candidate.provenance.options), ensure_ascii=False, sort_keys=True, default=str),
        "seed": candidate.provenance.seed,
        "prompt.examples": len(prompt.demonstrations),
        "prompt.steps": len(prompt.steps),
        "decoding.labels": len(how.labels),
        "decoding.calibrated": bool(how.label_bias),
        "decoding.temperature": how.temperature,
        "decoding.max_tokens": how.max_tokens,
        "decoding.samples": how.samples,
    }
    return found


def _estimate(name: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    if body is None:
        return {}
    return {name: body["value"], **{f"{name}.{end}": body[end] for end in ("low", "high", "n")}}
