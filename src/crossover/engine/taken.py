"""What making something took in all: every call, second and label behind it, each once however often it was met."""

from __future__ import annotations

from dataclasses import dataclass, field

from crossover.engine.journal import Journal
from crossover.types import Usage

# Kinds of what a piece of work needs: calls that take this machine's time, or are paid for by their tokens; other pieces of
# work; labelled rows.
HERE, ELSEWHERE, MADE, LABELS = "call", "call elsewhere", "made", "labels"


@dataclass(frozen=True)
class Taken:
    """`here`: calls to models on this machine; `elsewhere`: to others; failed and repeated ones count, as they cost too.

    `seconds`: of work that was timed as a whole (tunes, and what is remembered), with the local calls in it, which are
    then no part of `here.seconds`. `trained_tokens`: that services trained on. `labels`: the ids of rows; "train" and
    "dev" are all of a split.
    """

    calls: int = 0
    here: Usage = field(default_factory=Usage)
    elsewhere: Usage = field(default_factory=Usage)
    tuning_seconds: float = 0.0
    seconds: float = 0.0
    labels: frozenset[str] = frozenset()
    trained_tokens: int = 0


def taken(journal: Journal, whole: str) -> Taken:
    """Of a piece of work as `Caller.making` names it, with all that it needed, also where another paid for it."""
    here: dict[str, bool] = {}  # call -> whether its time is in the time of a piece of work
    elsewhere: set[str] = set()
    labels: set[str] = set()
    tuning, timed, trained = 0.0, 0.0, 0
    ahead, met = [whole], {whole}
    while ahead:
        work = ahead.pop()
        needs = journal.needs(work)
        own = [part for kind, part in needs if kind == HERE]
        kind, _, key = work.partition(" ")
        epochs = journal.epochs(key) if kind == "tune" else []
        trained += (journal.tune(key) or {}).get("trained_tokens", 0) if kind == "tune" else 0
        seconds = sum(epoch["seconds"] for epoch in epochs) if epochs else journal.work_seconds(work)
        if epochs:
            tuning += seconds
        elif seconds:  # where a killed one was gone on with, its calls tell of the time before
            timed += max(seconds, journal.usage(own)[1].seconds)
        for call in own:
            here[call] = here.get(call, True) and bool(seconds)
        elsewhere.update(part for kind, part in needs if kind == ELSEWHERE)
        labels.update(part for kind, part in needs if kind == LABELS)
        fresh = {part for kind, part in needs if kind == MADE} - met
        met |= fresh
        ahead += sorted(fresh)
    calls, usage = journal.usage([call for call, inside in here.items() if not inside])
    more, covered = journal.usage([call for call, inside in here.items() if inside])
    away, other = journal.usage(elsewhere)
    local = usage + Usage(covered.tokens_in, covered.tokens_out, 0.0, covered.money)
    return Taken(calls + more + away, local, other, tuning, timed, frozenset(labels), trained)
