"""A candidate's latency, and a second look at one that a limit would remove: by then the machine may be quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crossover.decision.limits import too_slow
from crossover.errors import BudgetExceeded
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.contention import Load, Watch, settled
from crossover.evaluation.probe import Probe, at_once, look_up_seconds, probe
from crossover.evaluation.unasked import Timed, timed_by
from crossover.models.base import Concurrent
from crossover.types import Candidate, to_json


def timed(bench: StudyBench, candidate: Candidate) -> Probe | None:
    """The latency as it is known so far, measured where it is not. What else the machine did is journaled beside it."""
    known = len(bench.journal.fact(_looks(candidate), []))
    return _look(bench, candidate, max(known, 1))


def judged(
    bench: StudyBench,
    candidate: Candidate | None,
    measured: Probe | None,
    say: Callable[[str], None],
    wait: Callable[[], bool] = settled,
) -> Probe | None:
    """The latency that the limit is held against: one over it is measured once more, once the machine is quiet.

    A measurement that nothing disturbed twice stands; a disturbed one is repeated by each further run of the study.
    """
    limit = bench.task.limits
    if candidate is None or measured is None or not too_slow(limit, measured):
        return measured
    looks = len(bench.journal.fact(_looks(candidate), []))
    if looks > 1 and not measured.contended:
        return measured
    say(f"{candidate.provenance.shown} is over the limit of {limit.latency_p95_ms:g} ms: it is measured again")
    if bench.evaluator.model_of(candidate.model).local:
        wait()
    try:
        return _look(bench, candidate, looks + 1)
    except BudgetExceeded:
        return measured


def _look(bench: StudyBench, candidate: Candidate, rounds: int) -> Probe | None:
    before = bench.remember(f"look-up {candidate.id}", lambda: look_up_seconds(bench.evaluator, candidate, bench.dev))
    watch = Watch()
    found = probe(bench.evaluator, candidate, bench.dev, before, _rows(bench, candidate, rounds))
    if found is None:
        return None
    looks = bench.journal.fact(_looks(candidate), [])
    if len(looks) < rounds:
        looks.append(to_json(watch.load()))
        bench.journal.set_fact(_looks(candidate), looks)
    load = (
        Load(**looks[rounds - 1]) if bench.evaluator.model_of(candidate.model).local else None
    )  # elsewhere it is not felt
    return replace(found, load=load)


def _rows(bench: StudyBench, candidate: Candidate, rounds: int) -> list[Timed | None]:
    """By which a server is timed in each round. They are journaled, as a row is asked for the first time only once."""
    if not isinstance(bench.model_of(candidate.model), Concurrent):
        return [None] * rounds
    fact = f"rows one by one {candidate.id}"
    known = bench.journal.fact(fact, [])
    while len(known) < rounds:  # a study of an earlier version may lack several
        before = {id for one in known for id in one["rows"][: one["unasked"]]}
        found = timed_by(bench.evaluator, bench.journal, candidate, bench.train, bench.dev, at_once(), before)
        known.append({"rows": [row.id for row in found.rows], "unasked": found.unasked})
        bench.journal.set_fact(fact, known)
    # first those of train, then those of dev: where both are files of their own, their ids may be the same
    train, dev = ({row.id: row for row in rows} for rows in (bench.train, bench.dev))
    return [
        Timed(tuple((train if n < one["unasked"] else dev)[id] for n, id in enumerate(one["rows"])), one["unasked"])
        for one in known[:rounds]
    ]


def _looks(candidate: Candidate) -> str:
    return f"latency of {candidate.id}"
