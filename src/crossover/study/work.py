"""How much is to be done, by what it is: tokens, and what a journal counts."""

from __future__ import annotations

Work = dict[str, float]  # tokens by what is done with them (prompt, answer, alone, a method of tuning), and what is counted
CALLS, IN, OUT, MONEY = ("calls", "tokens in", "tokens out", "money")  # as the study's journal counts it
TRAINED = "trained tokens"  # at a service, at the most
COUNTED = (CALLS, IN, OUT, MONEY, TRAINED)


def add(into: Work, more: Work) -> None:
    for what, tokens in more.items():
        into[what] = into.get(what, 0.0) + tokens


def summed(*works: Work) -> Work:
    found: Work = {}
    for work in works:
        add(found, work)
    return found


def time_of(work: Work) -> float:
    """The tokens that take time."""
    return sum(tokens for what, tokens in work.items() if what not in COUNTED)


def less(work: Work, before: Work) -> Work:
    return {what: tokens - before.get(what, 0.0) for what, tokens in work.items()}
