"""The experiment at a glance, as rows of text: what the page and the terminal both print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crossover.decision import numbers
from crossover.study.results import CandidateReport, Results
from crossover.types import Estimate

Reached = Literal["yes", "no", "unsure", ""]


@dataclass(frozen=True)
class Cell:
    """A printed value. `why`: what a reader is told about it, always there when the value is absent."""

    text: str
    why: str = ""

    @property
    def absent(self) -> bool:
        return self.text == numbers.ABSENT


@dataclass(frozen=True)
class GlanceRow:
    """One candidate. `reached`: whether its whole interval lies on one side of the target, as the verdict judges it.

    `metric` is its test estimate, or the one on dev where it was not tested; `on` says which.
    """

    candidate: CandidateReport
    chosen: bool
    provisional: bool  # undecided, and this is the one to use until then
    on: Literal["test", "dev", ""]
    metric: Cell
    dev: Cell
    relevance: Cell
    consistency: Cell
    p50: Cell
    p95: Cell
    per_1k: Cell
    fixed: Cell
    change: Cell
    forgetting: Cell
    reached: Reached
    target: Cell


def glance_rows(results: Results, *, unit: bool = True) -> list[GlanceRow]:
    """One row per candidate, in ladder order. Without `unit`, percentages lose their sign (a heading names it)."""
    return [_row(results, candidate, unit) for candidate in results.candidates]


@dataclass(frozen=True)
class CurveRow:
    """One number of labels: what each family's champion reached there, in the order of `curve_names`."""

    labels: int
    cells: tuple[Cell, ...]


def curve_names(results: Results) -> list[str]:
    """The candidates that have a learning curve, in the order of the families."""
    return list(dict.fromkeys(point["name"] for point in results.decision["crossover"]["curve"] or ()))


def curve_rows(results: Results) -> list[CurveRow]:
    """The measured points of the learning curves, the fewest labels first; empty where none was measured."""
    points: dict[int, dict[str, Cell]] = {}
    for p in results.decision["crossover"]["curve"] or ():
        drawn = f"{numbers.plural(p['seeds'], 'run')}, {numbers.count(p['items'])} answers, 95 % interval"
        value = numbers.estimate(Estimate(p["items"], p["value"], p["low"], p["high"]), unit=False)
        points.setdefault(p["labels"], {})[p["name"]] = Cell(value, drawn)
    absent = Cell(numbers.ABSENT, "it failed, or was not measured, with so many labels")
    names = curve_names(results)
    return [CurveRow(labels, tuple(points[labels].get(name, absent) for name in names)) for labels in sorted(points)]


def chosen(results: Results) -> CandidateReport | None:
    """The candidate that the verdict names, if it names one."""
    return _named(results, results.decision["verdict"]["choice"])


def provisional(results: Results) -> CandidateReport | None:
    """The candidate that an undecided verdict names for the time being, if it names one."""
    return _named(results, results.decision["verdict"].get("provisional"))


def _named(results: Results, identity: str | None) -> CandidateReport | None:
    return next((candidate for candidate in results.candidates if candidate.id == identity), None)


def tested_best_first(results: Results) -> list[CandidateReport]:
    """The candidates that have an estimate: those with one on test first, each group by value, the best first."""
    measured = [(c.test is not None, shown.value, c) for c in results.candidates if (shown := c.test or c.dev)]
    return [candidate for *_, candidate in sorted(measured, key=lambda row: row[:2], reverse=True)]


def cost_lines(results: Results) -> list[CandidateReport]:
    """Whose costs are compared over requests: the tested champion of each family that has a language model."""
    return [c for c in results.candidates if c.test and c.status == "champion" and c.family != "control"]


def _row(results: Results, candidate: CandidateReport, unit: bool) -> GlanceRow:
    shown = candidate.test or candidate.dev
    on: Literal["test", "dev", ""] = "test" if candidate.test else "dev" if candidate.dev else ""
    unmeasured = f"not measured: the candidate {_fate(candidate)}"
    untested = unmeasured if not shown else "only finalists are scored on the test split"
    if shown:
        split = f"{on} split, {numbers.plural(shown.n, 'item')}, 95 % interval{_early(results, candidate)}"
        failed = f"; {numbers.plural(candidate.failures, 'call')} failed" if candidate.failures else ""
        metric = Cell(numbers.estimate(shown, unit=unit), split + failed)
    else:
        metric = Cell(numbers.ABSENT, unmeasured)
    never_asked = "no call of this candidate was timed" if shown else unmeasured
    reached, target = _target(results, candidate, untested)
    return GlanceRow(
        candidate=candidate,
        chosen=candidate.id == results.decision["verdict"]["choice"],
        provisional=candidate.id == results.decision["verdict"].get("provisional"),
        on=on,
        metric=metric,
        dev=_optional(numbers.estimate(candidate.dev, unit=unit) if candidate.dev else None, unmeasured),
        relevance=_share(candidate.relevance, unit, "relevance was not computed" if shown else unmeasured),
        consistency=_share(
            candidate.consistency, unit, "answers were not drawn repeatedly for it" if shown else unmeasured
        ),
        p50=_latency(candidate, candidate.latency_p50_ms, candidate.latency_p50_interval, never_asked),
        p95=_latency(candidate, candidate.latency_p95_ms, candidate.latency_p95_interval, never_asked),
        per_1k=_per_1k(candidate) if shown else Cell(numbers.ABSENT, unmeasured),
        fixed=_fixed(candidate) if shown else Cell(numbers.ABSENT, unmeasured),
        change=_change(candidate, untested),
        forgetting=_forgetting(candidate),
        reached=reached,
        target=target,
    )


def _early(results: Results, candidate: CandidateReport) -> str:
    """Where a race on the test split ended for a candidate."""
    stopped = candidate.stopped
    if stopped is None:
        return ""
    winner = _named(results, stopped.lost_to)
    why = f"surely beaten by {winner.name}" if winner else "nothing was left to tell"
    return f", which holds whenever one stops: stopped after {stopped.after:,} of {stopped.of:,} rows, {why}"


def _per_1k(candidate: CandidateReport) -> Cell:
    tokens = f"{numbers.count(candidate.tokens_in)} tokens in and {numbers.count(candidate.tokens_out)} out on average"
    ends = candidate.cost.per_1k_interval if candidate.cost else None
    between = f"; 95 % interval {numbers.between(*ends, candidate.currency)}" if ends else ""
    return Cell(numbers.money(candidate.cost_per_1k, candidate.currency), f"computed from {tokens}{between}")


def _fixed(candidate: CandidateReport) -> Cell:
    """What is paid whatever is asked; `why` says for what, and what the whole horizon costs."""
    text, cost, currency = numbers.money(candidate.cost_fixed, candidate.currency), candidate.cost, candidate.currency
    if cost is None:
        return Cell(text)
    paid = [f"{name} {numbers.money(amount, currency)}" for name, amount in cost.parts.items() if amount]
    took = f"{numbers.plural(cost.labels, 'label')} and {numbers.plural(cost.calls, 'call')} to make it"
    over = f"over the horizon, requests included: {numbers.money(cost.horizon, currency)}"
    over += f" ({numbers.between(*cost.horizon_interval, currency)})" if cost.horizon_interval else ""
    return Cell(text, "; ".join([*paid, took, over]))


def _change(candidate: CandidateReport, untested: str) -> Cell:
    if candidate.change is None:
        if candidate.rung == "baseline":
            return Cell(numbers.ABSENT, "this is the baseline")
        return Cell(numbers.ABSENT, "the baseline was not scored on the test split" if candidate.test else untested)
    change = candidate.change
    text = numbers.difference(change.difference, change.low, change.high)
    p = "" if change.p_adjusted is None else f"adjusted p {numbers.p_value(change.p_adjusted)}"
    return Cell(text, p)


def _forgetting(candidate: CandidateReport) -> Cell:
    """The change of the general suite."""
    if candidate.forgetting is None:
        return Cell(numbers.ABSENT, "what was forgotten is measured of tuned weights only")
    suite = candidate.forgetting.suites[0]
    shares = f"{suite.suite}: {numbers.percent(suite.before)} before, {numbers.percent(suite.after)} after"
    change = suite.change
    return Cell(numbers.difference(change.difference, change.low, change.high), shares)


def _target(results: Results, candidate: CandidateReport, untested: str) -> tuple[Reached, Cell]:
    target = results.task["target"]
    if target is None:
        return "", Cell(numbers.ABSENT, "the task names no target")
    if candidate.test is None:
        return "", Cell(numbers.ABSENT, untested)
    wanted = f"the target is {numbers.percent(target)}"
    verdict = results.decision["verdict"]
    if candidate.id in (verdict["choice"], verdict.get("provisional")) and verdict["target_met"] is None:
        return "unsure", Cell("unsure", f"{wanted}, which lies inside the interval, widened for the choice among several")
    if candidate.test.low >= target:
        return "yes", Cell("met", wanted)
    if candidate.test.high < target:
        return "no", Cell("missed", wanted)
    return "unsure", Cell("unsure", f"{wanted}, which lies inside the interval")


def _fate(candidate: CandidateReport) -> str:
    reason = f": {candidate.note}" if candidate.note else ""
    return {"failed": "failed", "removed": "was removed by a limit"}.get(candidate.status, "was not scored") + reason


def _share(value: Estimate | None, unit: bool, why: str) -> Cell:
    if value is None:
        return Cell(numbers.ABSENT, why)
    return Cell(numbers.estimate(value, unit=unit), f"{numbers.plural(value.n, 'item')}, 95 % interval")


def _latency(candidate: CandidateReport, value: float | None, ends: tuple[float, float | None] | None, why: str) -> Cell:
    """A latency with its interval."""
    if value is None:
        return Cell(numbers.ABSENT, why)
    text = numbers.milliseconds(value)
    busy = "; other work may have slowed this machine down meanwhile" if candidate.latency_contended else ""
    if candidate.latency_known:
        busy += (
            f"; {candidate.latency_known} of the {candidate.latency_requests} texts had been asked before, which a server"
            " may answer more quickly: there were no others"
        )
    if ends is None:
        return Cell(text, busy.removeprefix("; "))
    return Cell(f"{text} ({numbers.latency_ends(*ends)})", f"95 % interval{busy}")


def _optional(text: str | None, why: str) -> Cell:
    return Cell(numbers.ABSENT, why) if text is None else Cell(text)
