"""How much is to be done, by what it is: tokens, and what a journal counts."""

from __future__ import annotations

from crossover.data.economics import PriceList, highest

Work = dict[str, float]  # tokens by what is done with them (prompt, answer, alone, a method of tuning), and what is counted
CALLS, IN, OUT, MONEY = ("calls", "tokens in", "tokens out", "money")  # as the study's journal counts it
TRAINED = "trained tokens"  # at a service, at the most
# of a model elsewhere that is not the rung's own (a teacher, a judge): tokens, what it asks for them, and of no known price
AWAY = AWAY_IN, AWAY_OUT, AWAY_MONEY, UNPRICED = ("in elsewhere", "out elsewhere", "money elsewhere", "unpriced")
COUNTED = (CALLS, IN, OUT, MONEY, TRAINED, *AWAY)


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


def asked_for(tokens_in: float, tokens_out: float, prices: PriceList) -> float | None:
    """What so many tokens cost at the most; None where nobody knows."""
    if prices.input is None:
        return None
    return (tokens_in * highest(prices.input) + tokens_out * highest(prices.output)) / 1e6


def less(work: Work, before: Work) -> Work:
    return {what: tokens - before.get(what, 0.0) for what, tokens in work.items()}
