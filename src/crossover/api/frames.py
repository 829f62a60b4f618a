"""Results as pandas data frames; pandas is imported only when one is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossover.errors import MissingExtra
from crossover.report.slices import SliceRow
from crossover.study.results import CandidateReport, Results
from crossover.types import Estimate

if TYPE_CHECKING:
    import pandas

CANDIDATE = (
    *("name", "id", "family", "rung", "status", "dev", "dev_low", "dev_high", "test", "test_low", "test_high"),
    *("test_items", "stopped", "change", "change_low", "change_high", "change_p_adjusted", "relevance", "consistency"),
    *("failures", "train_gap", "test_gap", "latency_p50_ms", "latency_p50_low_ms", "latency_p50_high_ms"),
    *("latency_p95_ms", "latency_p95_low_ms", "latency_p95_high_ms", "latency_contended", "tokens_in", "tokens_out"),
    *("cost_fixed", "cost_per_1k", "cost_horizon", "currency", "note"),
)
RUN = ("series", "name", "labels", "size", "train", "dev", "seed", "value", "items", "failures", "split", "note")
PAIR = ("a", "b", "difference", "low", "high", "p", "p_adjusted", "test", "n", "family")
SLICE = (
    *("column", "value", "pooled", "candidate", "items", "metric", "low", "high"),
    *("difference", "difference_low", "difference_high", "p_adjusted", "lost"),
)


def candidates(found: Sequence[CandidateReport]) -> pandas.DataFrame:
    """A row each; what was not measured is missing. Raises `MissingExtra`."""
    return _frame([_candidate(one) for one in found], CANDIDATE)


def comparisons(results: Results) -> pandas.DataFrame:
    """A row for each pair of decision.json, with names for ids. Raises `MissingExtra`."""
    names = {candidate.id: candidate.name for candidate in results.candidates if candidate.same_as is None}
    pairs = [{**pair, "a": names[pair["a"]], "b": names[pair["b"]]} for pair in results.decision["comparisons"]]
    return _frame(pairs, PAIR)


def slices(found: Sequence[SliceRow]) -> pandas.DataFrame:
    """A row for each slice and candidate; the chosen one minus it is `difference`. Raises `MissingExtra`."""
    rows = []
    for one in found:
        beside = {rival.name: rival for rival in one.against}
        for name, value in one.estimates.items():
            rival = beside.get(name)
            rows.append(
                {
                    "column": one.column,
                    "value": one.value,
                    "pooled": one.pooled,
                    "candidate": name,
                    "items": value.n,
                    "metric": value.value,
                    "low": value.low,
                    "high": value.high,
                    "difference": rival.difference if rival else None,
                    "difference_low": rival.low if rival else None,
                    "difference_high": rival.high if rival else None,
                    "p_adjusted": rival.p_adjusted if rival else None,
                    "lost": rival.lost if rival else None,
                }
            )
    return _frame(rows, SLICE)


def curve(results: Results) -> pandas.DataFrame:
    """A row for each run of the learning curves. Raises `MissingExtra`."""
    return _frame(results.decision["crossover"].get("runs", ()), RUN)


def predictions(found: Sequence[Any], kind: type[Any]) -> pandas.DataFrame:
    """A row for each object of the dataclass `kind`. Raises `MissingExtra`."""
    return _frame([vars(one) for one in found], [field.name for field in dataclasses.fields(kind)])


def _candidate(one: CandidateReport) -> dict[str, Any]:
    same = {name: getattr(one, name) for name in CANDIDATE if hasattr(one, name)}
    low, high = one.latency_p95_interval or (None, None)
    middle = one.latency_p50_interval or (None, None)
    return {
        **same,
        **_ends("dev", one.dev),
        **_ends("test", one.test),
        "test_items": one.test.n if one.test else None,
        "stopped": one.stopped is not None,
        "change": one.change.difference if one.change else None,
        "change_low": one.change.low if one.change else None,
        "change_high": one.change.high if one.change else None,
        "change_p_adjusted": one.change.p_adjusted if one.change else None,
        "relevance": one.relevance.value if one.relevance else None,
        "consistency": one.consistency.value if one.consistency else None,
        "latency_p50_low_ms": middle[0],
        "latency_p50_high_ms": middle[1],
        "cost_horizon": one.cost.horizon if one.cost else None,
        "latency_p95_low_ms": low,
        "latency_p95_high_ms": high,
    }


def _ends(name: str, found: Estimate | None) -> dict[str, float | None]:
    value, low, high = (found.value, found.low, found.high) if found else (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pandas.DataFrame:
    try:
        import pandas
    except ImportError as problem:
        raise MissingExtra("a data frame", "pandas") from problem
    return pandas.DataFrame([[row[column] for column in columns] for row in rows], columns=list(columns))
