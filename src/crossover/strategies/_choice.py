"""Which of several that were scored on dev is kept, what is said of it, and whether there was anything to look for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossover.strategies.base import Bench
from crossover.types import Candidate, Run

SOLVED = 0.97  # of the rows right: nothing better would be seen


def first_best(runs: Sequence[Run], bench: Bench) -> int:
    """The index of the best run; of equally good ones the first, which is the plainer."""
    best = 0
    for index, run in enumerate(runs):
        if bench.better(run, runs[best]):
            best = index
    return best


def dev_values(runs: Sequence[Run]) -> str:
    """The dev values of what was tried, for a note: "61.2, 70.4, 33.1 (stopped after 32 rows)"."""
    stops = [f" (stopped after {len(run.records)} rows)" if run.stopped else "" for run in runs]
    return ", ".join(f"{100 * run.estimate.value:.1f}{stop}" for run, stop in zip(runs, stops, strict=True))


def noted(candidate: Candidate, note: str) -> Candidate:
    """The candidate with one sentence for the reader: what was chosen, and on what evidence."""
    return replace(candidate, provenance=replace(candidate.provenance, note=note))


def solved_already(runs: Sequence[Run]) -> str:
    """Why a prompt with these runs needs no search; empty where it may."""
    values = [record.score.value for run in runs for record in run.records if record.score]
    if not values or sum(values) < SOLVED * len(values):
        return ""
    return f"the start is right on {sum(values):g} of {len(values)} rows"
