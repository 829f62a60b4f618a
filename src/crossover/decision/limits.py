"""Which candidates the limits remove before quality is compared. Each removal is one sentence for the report."""

from __future__ import annotations

from crossover.data.task import Limits
from crossover.evaluation.probe import Probe
from crossover.types import Run

MOST_FAILURES = 0.02
SURE = 0.05


def removal(limits: Limits, name: str, local: bool, probe: Probe | None, *runs: Run) -> str | None:
    """Why a candidate cannot be chosen, or None. `runs`: its runs so far, for the share of failed calls."""
    if limits.data_stays_here and not local:
        return f"{name} is removed: data must stay here, and its model runs elsewhere"
    if limits.latency_p95_ms is not None and probe is not None and probe.p95 > limits.latency_p95_ms:
        return (
            f"{name} is removed: 95 % of its answers take up to {probe.p95:.0f} ms,"
            f" the limit is {limits.latency_p95_ms:g} ms"
        )
    for run in runs:
        if _fails_too_often(run.failures, len(run.records)):
            return f"{name} cannot win: {run.failures} of {len(run.records)} calls on {run.split} failed"
    return None


def _fails_too_often(failures: int, calls: int) -> bool:
    """Whether the exact one-sided 95 % lower bound of the failure rate (Clopper and Pearson 1934) is over the limit."""
    if not failures:
        return False
    from scipy.special import bdtrc

    return bool(bdtrc(failures - 1, calls, MOST_FAILURES) < SURE)
