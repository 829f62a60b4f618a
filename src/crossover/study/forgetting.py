"""What the tuned candidates of a study forgot, and what replay saved: as decision.json has it, and in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.decision import numbers
from crossover.decision.terms import measure
from crossover.evaluation.forgetting import Forgetting, Lost
from crossover.evaluation.paired import Comparison, compare, holm
from crossover.study import results
from crossover.study.ladder import Climbed

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Account:
    """`by_name`: what each candidate forgot; `replay`: one entry a pair with and without."""

    by_name: Mapping[str, results.Forgetting]
    replay: Sequence[dict[str, Any]]
    warnings: Sequence[str]
    said: Sequence[str]


def account(climbed: Sequence[Climbed], seed: int) -> Account:
    """All of a study's measurements, p values adjusted over its different weights and suites (Holm)."""
    measured = [(made, made.forgetting) for made in climbed if made.forgetting]
    tests = {(f.weights, lost.suite.name): lost.change.p for _, f in measured for lost in f.suites}
    adjusted = dict(zip(tests, holm(list(tests.values())), strict=True))
    warnings = []
    for made, found in measured:
        for lost in found.suites if made.same_as is None else ():
            p = adjusted[found.weights, lost.suite.name]
            if lost.change.difference < 0 and p < SIGNIFICANT:
                warnings.append(f"{made.name} forgot: {_fall(lost)}, adjusted p {numbers.p_value(p)}).")
    pairs = [_saved(one, other, seed) for one, other in _replayed(climbed)]
    return Account(
        {made.name: _report(found, adjusted) for made, found in measured},
        [body for body, _ in pairs],
        warnings,
        [sentence for _, sentence in pairs],
    )


def told(name: str, found: Forgetting) -> list[str]:
    """What is shown as soon as it is measured: one sentence a suite, one for prose."""
    said = [f"{name}: {_fall(lost)})" for lost in found.suites]
    if found.perplexity:
        before, after = found.perplexity
        said.append(f"{name}: perplexity of general prose {before:.3g} → {after:.3g} (× {after / before:.2f})")
    return said


def _fall(lost: Lost) -> str:
    """ "general suite 62.0 → 35.0 % (−27.0 points, −34.1 to −19.2": the bracket is left to its user."""
    what = "" if lost.suite.metric_name == "accuracy" else f" {measure(lost.suite.metric_name)}"
    before, after = numbers.percent(lost.before).removesuffix(" %"), numbers.percent(lost.after)
    change = lost.change
    low, high = (numbers.points(end, unit=False) for end in (change.low, change.high))
    return f"{lost.suite.name}{what} {before} → {after} ({numbers.points(change.difference)}, {low} to {high}"


def _report(found: Forgetting, adjusted: Mapping[tuple[str, str], float]) -> results.Forgetting:
    suites = (_suite(lost, adjusted[found.weights, lost.suite.name]) for lost in found.suites)
    return results.Forgetting(tuple(suites), found.perplexity)


def _suite(lost: Lost, p_adjusted: float) -> results.Lost:
    paired = lost.change
    return results.Lost(
        lost.suite.name,
        lost.suite.metric_name,
        paired.n,
        lost.before,
        lost.after,
        results.Change(paired.difference, paired.low, paired.high, p_adjusted),
        tuple((name, n, before, after) for name, (n, before, after) in lost.kinds.items()),
        paired.p,
        paired.test,
    )


def _change(change: Comparison) -> dict[str, Any]:
    ends = {"difference": change.difference, "low": change.low, "high": change.high}
    return {**{name: round(value, 6) for name, value in ends.items()}, "p": change.p, "test": change.test, "n": change.n}


def _replayed(climbed: Sequence[Climbed]) -> list[tuple[Climbed, Climbed]]:
    """Candidates of one strategy and the same options, with replay and without."""
    found = []
    for one in climbed:
        for other in climbed:
            if one.forgetting and other.forgetting and one.forgetting.weights != other.forgetting.weights:
                (share, rest), (none, same) = _without_replay(one), _without_replay(other)
                if share > none == 0 and rest == same:
                    found.append((one, other))
    return found


def _without_replay(made: Climbed) -> tuple[float, Any]:
    """The largest share of replay in a candidate's options, and what else it is."""
    assert made.candidate is not None
    provenance = made.candidate.provenance
    shares = [0.0]

    def stripped(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        shares.append(value.get("replay", 0.0))
        return {key: stripped(inner) for key, inner in value.items() if key != "replay"}

    rest = stripped(provenance.options)
    return max(shares), (provenance.strategy, rest)


def _saved(one: Climbed, other: Climbed, seed: int) -> tuple[dict[str, Any], str]:
    assert one.forgetting is not None
    assert other.forgetting is not None
    kept, lost = one.forgetting.suites[0], other.forgetting.suites[0]
    metric = kept.suite.metric
    change = compare(kept.scores, lost.scores, metric.aggregate, metric.binary, seed=seed)
    low, high = (numbers.points(end, unit=False) for end in (change.low, change.high))
    dev = ""
    if one.dev and other.dev:
        dev = (
            f"; on dev the task itself has {numbers.percent(one.dev.estimate.value)} with it and"
            f" {numbers.percent(other.dev.estimate.value)} without"
        )
    sentence = (
        f"Replay: {one.name} has {numbers.percent(kept.after)} of the {kept.suite.name} right, {other.name}"
        f" {numbers.percent(lost.after)}, the bare model {numbers.percent(kept.before)}: a difference of"
        f" {numbers.points(change.difference)} ({low} to {high}, p {numbers.p_value(change.p)}){dev}."
    )
    assert one.candidate is not None
    assert other.candidate is not None
    return {"with": one.candidate.id, "without": other.candidate.id, **_change(change)}, sentence
