"""From how many requests on tuned weights cost less than the best prompt, with an interval; and the doubt of any cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.decision import numbers
from crossover.decision.costs import Bill, Cost, Prices, break_even, cost_of, priced

DRAWS = 1000
ENDS = (2.5, 97.5)


@dataclass(frozen=True)
class Crossing:
    """Requests over the horizon. `high` is None where the interval has no upper end: some draws never cross.

    Without a crossing `value` is None and `reason` says why; `low` is then from where on there may yet be one, None where
    surely nowhere, and `until` up to how many the tuned weights cost less, where they are the cheaper to make alone.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    until: Crossing | None = None


@dataclass(frozen=True)
class Spread:
    """The 95 % interval of a candidate's `fixed` and `per_1k`, and of its cost over the `horizon`: (low, high) each."""

    fixed: tuple[float, float]
    per_1k: tuple[float, float]
    horizon: tuple[float, float]


class Doubt:
    """Draws of everything that a cost is uncertain about: items, looks at the machine's speed, prices given as ranges.

    A percentile bootstrap over items (their token counts), with a look at the speed and a price of each range drawn beside
    each resample (1,000 draws). The same draws serve all candidates, so that what they share does not tell them apart.
    """

    def __init__(self, prices: Prices, seed: int) -> None:
        import numpy

        self._prices, self._seed = prices, seed
        rng = numpy.random.default_rng([seed, 17])
        self._rates = prices.drawn(DRAWS, rng)
        self._look = rng.random(DRAWS)
        self._shares: dict[int, Any] = {}

    def cost(self, bill: Bill) -> Cost:
        """Its cost with an array of draws in the place of each number."""
        import numpy

        items = len(bill.tokens_in)
        if items not in self._shares:
            rng = numpy.random.default_rng([self._seed, 19, items])
            self._shares[items] = rng.multinomial(items, numpy.full(items, 1 / items), DRAWS) / items if items else None
        shares = self._shares[items]

        def mean(values: Any) -> Any:
            return shares @ numpy.asarray(values, dtype=float) if len(values) == items and items else 0.0

        looks = numpy.asarray(bill.speed.looks or [(bill.speed.prompt, bill.speed.answer)], dtype=float)
        seen = looks[(self._look * len(looks)).astype(int)]
        tokens_in, tokens_out, money = (mean(values) for values in (bill.tokens_in, bill.tokens_out, bill.money))
        found = priced(bill, self._prices, self._rates, tokens_in, tokens_out, money, seen[:, 0], seen[:, 1])
        ones = numpy.ones(DRAWS)
        return Cost(found.fixed * ones, found.per_1k * ones)

    def spread(self, bill: Bill) -> Spread:
        """Intervals, which hold the candidate's cost as it is shown."""
        shown, drawn, requests = cost_of(bill, self._prices), self.cost(bill), self._prices.requests
        return Spread(
            _interval(drawn.fixed, shown.fixed),
            _interval(drawn.per_1k, shown.per_1k),
            _interval(drawn.over(requests), shown.over(requests)),
        )


def crossing(tuned: tuple[Bill, Prices], prompt: tuple[Bill, Prices], seed: int) -> Crossing:
    """Where the cost of tuned weights falls below the prompt's, or why it never does; each at its model's prices.

    Where it never does at the middle of all prices, but does in some draws, the reason says so.
    """
    dear, cheap = cost_of(*tuned), cost_of(*prompt)
    value = break_even(dear, cheap)
    import numpy

    one, other = (Doubt(prices, seed).cost(bill) for bill, prices in (tuned, prompt))
    saving, ahead = other.per_1k - one.per_1k, one.fixed - other.fixed
    met = 1000 * numpy.abs(ahead) / numpy.where(saving == 0, 1.0, numpy.abs(saving))  # where both cost the same
    at_once = (ahead <= 0) & (saving >= 0) & ((ahead < 0) | (saving > 0))
    low, high = _ends(numpy.where(at_once, 0.0, numpy.where((saving > 0) & (ahead > 0), met, numpy.inf)))
    if value is None:
        back = break_even(cheap, dear)
        until = numpy.where(ahead >= 0, 0.0, numpy.where(saving < 0, met, numpy.inf))
        known = _around(back, *_ends(until)) if back else None
        return Crossing(None, low, None, _never(dear, cheap, prompt[1].currency, low, known), known)
    return _around(value, low, high)


def _around(value: float, low: float | None, high: float | None) -> Crossing:
    """A number and its interval, which holds it."""
    return Crossing(value, value if low is None else min(low, value), None if high is None else max(high, value))


def _ends(draws: Any) -> tuple[float | None, float | None]:
    """The 95 % interval of a number of requests; an end that is infinite is None."""
    import numpy

    low, high = (float(end) for end in numpy.percentile(draws, ENDS, method="nearest"))
    return None if numpy.isinf(low) else low, None if numpy.isinf(high) else high


def _never(tuned: Cost, prompt: Cost, currency: str, low: float | None, until: Crossing | None) -> str:
    """Why tuned weights never come to cost less, as a sentence; `low` and `until` as a `Crossing` has them."""
    if tuned.per_1k == prompt.per_1k == 0:
        return "Requests cost nothing at these prices, so no number of them makes fine-tuning the cheaper one."
    against = f"{numbers.money(tuned.per_1k, currency)} against {numbers.money(prompt.per_1k, currency)} per 1,000"
    doubt = ""
    if low is not None:
        start = "the first request" if low < 1 else f"about {numbers.about(low, 2)} requests"
        doubt = f"; that is not sure, by what is known of prices, lengths and speed: it may, from {start} on (95 %)"
    if until is not None and until.value is not None:
        around = numbers.around(until.value, until.low, until.high)
        return (
            f"A request costs no less with the tuned weights ({against}), which are cheaper to make: they cost less only up"
            f" to about {around} requests{doubt}."
        )
    return f"No number of requests makes fine-tuning the cheaper one: a request costs no less with it ({against}){doubt}."


def _interval(draws: Any, shown: float) -> tuple[float, float]:
    import numpy

    low, high = numpy.percentile(draws, ENDS)
    return min(float(low), float(shown)), max(float(high), float(shown))
