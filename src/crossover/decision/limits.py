"""Which candidates the limits remove before quality is compared. Each removal is one sentence for the report.

A latency removes only where its whole interval is over the limit, and nothing else than the candidate took the time.
"""

from __future__ import annotations

import math

from crossover.data.economics import Limits
from crossover.decision import numbers
from crossover.evaluation.probe import Probe
from crossover.types import Run

MOST_FAILURES = 0.02
SURE = 0.05


def removal(limits: Limits, name: str, local: bool, probe: Probe | None, *runs: Run) -> str | None:
    """Why a candidate cannot be chosen, or None. `runs`: its runs so far, for the share of failed calls."""
    if limits.data_stays_here and not local:
        return f"{name} is removed: data must stay here, and its model runs elsewhere"
    if too_slow(limits, probe) and probe is not None and not probe.contended and probe.low > _limit(limits):
        return f"{name} is removed: 95 % of its answers take up to {_p95(probe)}, and the limit is {_limit(limits):g} ms"
    for run in runs:
        if fails_too_often(run.failures, len(run.records)):
            return f"{name} cannot win: {run.failures} of {len(run.records)} calls on {run.split} failed"
    return None


def fails_too_often(failures: int, calls: int) -> bool:
    """Whether the exact one-sided 95 % lower bound of the failure rate (Clopper and Pearson 1934) is over the limit."""
    if not failures:
        return False
    from scipy.special import bdtrc

    return bool(bdtrc(failures - 1, calls, MOST_FAILURES) < SURE)


def too_slow(limits: Limits, probe: Probe | None) -> bool:
    """Whether the measured p95 is over the limit, whatever the measurement is worth."""
    return probe is not None and probe.p95 > _limit(limits)


def doubt(limits: Limits, name: str, probe: Probe | None) -> str | None:
    """What is said of a candidate whose p95 is over the limit and that is not removed for it."""
    if not too_slow(limits, probe) or probe is None:
        return None
    found = f"{name} may be too slow: 95 % of its answers took up to {_p95(probe)}, and the limit is {_limit(limits):g} ms"
    if probe.contended:
        load = probe.load
        unsteady, when = "the same request took other times when it was repeated", "on a quiet machine"
        if load is None:  # it answers elsewhere, where the same request would be answered sooner
            unsteady, when = "its server took other times for other texts", "when the server is quiet"
        why = f"{load} meanwhile" if load is not None and load.contended else unsteady
        return f"{found}; it is not removed, as {why}: run the study again {when}, and it is measured again"
    if probe.low <= _limit(limits):
        return f"{found}; it is not removed, as the limit lies inside the interval"
    return None


def _limit(limits: Limits) -> float:
    return math.inf if limits.latency_p95_ms is None else limits.latency_p95_ms


def _p95(probe: Probe) -> str:
    """ "520 ms (95 % interval 410 ms or more, over 20 requests)"."""
    upper = "or more" if probe.high is None else f"to {_ms(probe.high)}"
    return f"{_ms(probe.p95)} (95 % interval {_ms(probe.low)} {upper}, over {probe.n} requests)"


def _ms(value: float) -> str:
    """As a limit is given, beside which it stands: never in seconds."""
    return numbers.milliseconds(value) if value < 1000 else f"{value:.0f} ms"
