"""Rows that a server is timed by: it keeps what it has read, and answers that again more quickly than it would a user."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crossover.engine.caller import call_key
from crossover.engine.follow import calls
from crossover.engine.journal import Journal
from crossover.evaluation.run import Evaluator
from crossover.types import Candidate, Example

AT_ONCE = 64  # rows that are looked up together


@dataclass(frozen=True)
class Timed:
    """Rows by which a server is timed; the first `unasked` of them it had not been asked before."""

    rows: tuple[Example, ...]
    unasked: int


def timed_by(
    evaluator: Evaluator,
    journal: Journal,
    candidate: Candidate,
    train: Sequence[Example],
    dev: Sequence[Example],
    most: int,
    before: Collection[str] = (),
) -> Timed:
    """Up to so many training rows that the candidate's model was not asked as the candidate asks it, and dev rows in the
    place of what lacks. `before`: ids of the training rows by which it was timed before."""
    model, renderer, prompt = evaluator.model_of(candidate.model), evaluator.renderer(candidate.prompt), candidate.prompt
    shown = {one.input for one in prompt.demonstrations} if prompt.selection == "fixed" else set()
    found: dict[str, Example] = {}  # by input: of equal ones the server would know the second
    fresh = [row for row in train if row.input not in shown and row.id not in before]
    for first in range(0, len(fresh), AT_ONCE):
        some = fresh[first : first + AT_ONCE]
        keys = [call_key(model, next(calls(candidate, renderer, [row.input], leave_out=True))[0]) for row in some]
        known = journal.replies(keys)
        for row, key in zip(some, keys, strict=True):
            if key not in known:
                found.setdefault(row.input, row)
        if len(found) >= most:
            break
    unmet = list(found.values())[:most]
    return Timed((*unmet, *dev[: most - len(unmet)]), len(unmet))
