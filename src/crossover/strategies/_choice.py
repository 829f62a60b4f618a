"""Which of several that were scored on dev is kept, what is said of it, and whether there was anything to look for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossover.strategies.base import Bench
from crossover.types import Candidate, Run

SOLVED = 0.97  # of the rows right: nothing better would be seen
RARE = 0.1  # a chance this small or smaller confirms


def first_best(runs: Sequence[Run], bench: Bench) -> int:
    """The index of the best run; of equally good ones the first, which is the plainer."""
    best = 0
    for index, run in enumerate(runs):
        if bench.better(run, runs[best]):
            best = index
    return best


def confirmed(run: Run, reference: Run) -> bool:
    """Whether so many more items better than worse would be rare by chance: the one-sided exact sign test at `RARE`.

    What was picked among many for its luck on other rows is not better on these.
    """
    from scipy.stats import binomtest

    pairs = [(a.score, b.score) for a, b in zip(run.records, reference.records, strict=True)]
    changes = [a.value - b.value for a, b in pairs if a is not None and b is not None and a.value != b.value]
    if not changes:
        return False
    return float(binomtest(sum(change > 0 for change in changes), len(changes), alternative="greater").pvalue) < RARE


def noted(candidate: Candidate, note: str) -> Candidate:
    """The candidate with one sentence for the reader: what was chosen, and on what evidence."""
    return replace(candidate, provenance=replace(candidate.provenance, note=note))


def solved_already(runs: Sequence[Run]) -> str:
    """Why a prompt with these runs needs no search; empty where it may."""
    values = [record.score.value for run in runs for record in run.records if record.score]
    if not values or sum(values) < SOLVED * len(values):
        return ""
    return f"the start is right on {sum(values):g} of {len(values)} rows"
