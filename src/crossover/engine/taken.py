"""What making something took in all: every call, second and label behind it, each once however often it was met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crossover.engine.journal import Journal
from crossover.types import Usage

# Kinds of what a piece of work needs: calls that take this machine's time, or are paid for by their tokens (behind a colon
# at whose prices, where those are not the task's); other pieces of work; labelled rows.
HERE, ELSEWHERE, MADE, LABELS = "call", "call elsewhere", "made", "labels"
REPORTED = "reported"  # at the prices that the model itself reports


def away(payee: str) -> str:
    """The kind of a call that is paid for at the prices of `payee`."""
    return f"{ELSEWHERE}: {payee}" if payee else ELSEWHERE


@dataclass(frozen=True)
class Taken:
    """`here`: calls to models on this machine; `asked`: to others, by whose prices (`Meter.payee`); failed and repeated
    ones count, as they cost too.

    `seconds`: of work that was timed as a whole (tunes, and what is remembered), with the local calls in it, which are
    then no part of `here.seconds`. `trained_tokens`: that services trained on. `labels`: the ids of rows; "train" and
    "dev" are all of a split.
    """

    calls: int = 0
    here: Usage = field(default_factory=Usage)
    asked: Mapping[str, Usage] = field(default_factory=dict)
    tuning_seconds: float = 0.0
    seconds: float = 0.0
    labels: frozenset[str] = frozenset()
    trained_tokens: int = 0


def taken(journal: Journal, whole: str) -> Taken:
    """Of a piece of work as `Caller.making` names it, with all that it needed, also where another paid for it."""
    here: dict[str, bool] = {}  # call -> whether its time is in the time of a piece of work
    elsewhere: dict[str, set[str]] = {}  # payee -> calls
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
        for call, payee in ((part, whom) for what, part in needs if (whom := _payee(what)) is not None):
            elsewhere.setdefault(payee, set()).add(call)
        labels.update(part for kind, part in needs if kind == LABELS)
        fresh = {part for kind, part in needs if kind == MADE} - met
        met |= fresh
        ahead += sorted(fresh)
    calls, usage = journal.usage([call for call, inside in here.items() if not inside])
    more, covered = journal.usage([call for call, inside in here.items() if inside])
    asked, others = dict[str, Usage](), 0
    for payee, keys in sorted(elsewhere.items()):
        number, asked[payee] = journal.usage(keys)
        others += number
        # what services had read before stands in the replies alone
        known = sum((one.usage + one.once).cached_in for one in journal.replies(keys).values())
        asked[payee] = replace(asked[payee], cached_in=known)
    local = usage + Usage(covered.tokens_in, covered.tokens_out, 0.0, covered.money)
    return Taken(calls + more + others, local, asked, tuning, timed, frozenset(labels), trained)


def _payee(kind: str) -> str | None:
    """The inverse of `away`; None for another kind."""
    what, _, payee = kind.partition(": ")
    return payee if what == ELSEWHERE else None
