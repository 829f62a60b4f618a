"""Counts what models take for a study, and stops it hard at the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from crossover.data.economics import Limits, PriceList, highest
from crossover.engine.journal import Journal
from crossover.engine.purse import BATCHES as BATCHES
from crossover.engine.purse import Purse
from crossover.errors import BudgetExceeded
from crossover.models.base import Concurrent, Model, Priced, by_the_hour
from crossover.types import LOST, Message, Reply, Request, Usage

MILLION = 1e6


class Meter:
    """What models are about to take, as numbers of a `Purse`, which knows the limits. `check` raises `BudgetExceeded`.

    `prices`: of the tokens of a model at a service, which reports no money itself. `purse`: where there is one already, as
    of a study whose work is done in several processes. `payee`: whose prices a model's are, "" where they are the task's.
    """

    def __init__(
        self,
        journal: Journal,
        limits: Limits,
        prices: Callable[[Model], PriceList] = lambda model: PriceList(),
        purse: Purse | None = None,
        payee: Callable[[Model], str] = lambda model: "",
    ) -> None:
        self.purse = purse or Purse(journal, limits)
        self._limits = limits
        self._prices_of = prices
        self.payee = payee
        self._under_way: dict[str, tuple[Usage, PriceList]] = {}  # the most that each call may take, at which prices

    @property
    def reserve(self) -> float:
        """The share of the limits that is kept for the test split while the ladder is climbed."""
        return self.purse.reserve

    @reserve.setter
    def reserve(self, share: float) -> None:
        self.purse.reserve = share

    @property
    def calls(self) -> int:
        return self.purse.calls

    @property
    def usage(self) -> Usage:
        return self.purse.usage

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all sessions."""
        return self.purse.seconds

    def add(self, usage: Usage) -> None:
        self.purse.add(usage)

    def paid(self, model: Model) -> bool:
        """Whether a model's calls are paid for by their tokens: also at an address of this machine, where they have a
        price, as behind a proxy."""
        return not by_the_hour(model) or (isinstance(model, Concurrent) and self._prices_of(model).input is not None)

    def cost(self, models: Iterable[Model]) -> bool:
        """Whether calls of any of these cost money: by their tokens, or what the model itself says."""
        return any(self.paid(model) or isinstance(model, Priced) for model in models)

    def begin(self, name: str, requests: Sequence[Request], model: Model) -> None:
        """Hold the most that requests may take, until they are `done`. Raises `BudgetExceeded` where they might overrun."""
        self.purse.hold(name, self._most(requests, model), len(requests))

    def done(self, name: str, replies: Iterable[Reply] = ()) -> None:
        """Requests that were held are answered: what they took counts."""
        self.purse.drop(name)
        for reply in replies:
            self.add(reply.usage)

    def hold(self, call: str, request: Request, model: Concurrent) -> None:
        """Hold the most that a call may take, until it is `returned`. Raises `BudgetExceeded` where it might overrun."""
        prices = self._prices_of(model)
        most = _priced(model.at_most(request), prices)
        self.purse.hold(call, most, 1)
        self._under_way[call] = most, prices

    def returned(self, call: str, reply: Reply) -> Reply:
        """The reply to a call that was held, with what it took in money, which now counts. One that is lost may have been
        paid for: it counts as the most that it may have taken."""
        most, prices = self._under_way.pop(call)
        reply = _came(reply, most, prices)
        self.purse.drop(call)
        self.add(reply.usage + reply.once)
        return reply

    def dropped(self, call: str) -> None:
        """A call that was held is not waited for any more."""
        if self._under_way.pop(call, None) is not None:
            self.purse.drop(call)

    def affordable(self, calls: Sequence[tuple[str, Request]], model: Concurrent) -> tuple[list[str], Usage]:
        """The keys of as many of the first calls as the limits allow, and the most that these take together.

        Raises `BudgetExceeded` where that is none.
        """
        prices, keys, most = self._prices_of(model), list[str](), Usage()
        for key, request in calls:
            more = most + _priced(model.at_most(request), prices)
            try:
                self.purse.check(more, len(keys) + 1)
            except BudgetExceeded:
                if not keys:
                    raise
                break
            keys.append(key)
            most = more
        return keys, most

    def affords(self, calls: Sequence[tuple[str, Request]], model: Concurrent) -> bool:
        """Whether the limits allow all of these calls."""
        try:
            return len(self.affordable(calls, model)[0]) == len(calls)
        except BudgetExceeded:
            return False

    def ahead(self, batch: str, most: Usage, calls: int) -> None:
        """Hold the most that a batch takes, until it `came`. Who journals the batch journals that, too."""
        self.purse.ahead(batch, most, calls)

    def came(self, batch: str, replies: Iterable[Reply]) -> None:
        """A batch is over, with these replies, which have their prices."""
        self.purse.came(batch)
        for reply in replies:
            self.add(reply.usage + reply.once)

    def priced(self, reply: Reply, most: Usage, model: Model) -> Reply:
        """With what it took in money; one that is lost with the most that it may have taken."""
        prices = self._prices_of(model) if self.paid(model) else PriceList()
        return _came(reply, _priced(most, prices), prices)

    def commit(self, job: str, money: float) -> None:
        """Hold the most that a job at a service may cost, also over a killed process, until it is `settled`.

        Raises `BudgetExceeded` where it might overrun the money.
        """
        self.purse.commit(job, money)

    def holds(self, job: str) -> bool:
        """Whether this study began a job, which is not settled yet."""
        return self.purse.holds(job)

    def settled(self, job: str, usage: Usage | None = None) -> None:
        """A job is over: `usage` is what it took, None where that was nothing."""
        self.purse.settled(job, usage)

    def tick(self, every: float = 0.0) -> None:
        """Journal the wall-clock time of this session so far; nothing where that was done less than `every` seconds ago."""
        self.purse.tick(every)

    def check(
        self,
        requests: Sequence[Request] = (),
        model: Model | None = None,
        ahead: float = 0.0,
        tokens: int = 0,
        calls: int = 0,
    ) -> None:
        """Raise `BudgetExceeded` when a limit is reached; before these requests, or `ahead` in money with so many
        `tokens` and `calls`, might overrun calls, tokens or money."""
        most = self._most(requests, model)
        self.purse.check(most + Usage(tokens_in=tokens, money=ahead), max(len(requests), calls))

    def check_time(self) -> None:
        """Raise `BudgetExceeded` when the limit of minutes is reached."""
        self.purse.check_time()

    def _most(self, requests: Sequence[Request], model: Model | None) -> Usage:
        """What requests can take of what is limited: nothing else is counted before it is asked."""
        limits, prices = self._limits, PriceList()
        if limits.money is not None and model is not None and self.paid(model):
            prices = self._prices_of(model)
        counted = limits.tokens is not None or prices.input is not None
        money = _cost(requests, model) if limits.money is not None else 0.0
        return _priced(replace(_most(requests, model) if counted else Usage(), money=money), prices)


def _came(reply: Reply, most: Usage, prices: PriceList) -> Reply:
    if reply.finish == LOST:
        return replace(reply, usage=replace(most, seconds=reply.usage.seconds), once=Usage())
    return replace(reply, usage=_priced(reply.usage, prices), once=_priced(reply.once, prices))


def _priced(usage: Usage, prices: PriceList) -> Usage:
    """With the money that its tokens cost at the prices' upper ends, where no money is reported."""
    if usage.money or prices.input is None:
        return usage
    cached = prices.input if prices.cached_input is None else prices.cached_input
    money = (usage.tokens_in - usage.cached_in) * highest(prices.input) + usage.cached_in * highest(cached)
    return replace(usage, money=(money + usage.tokens_out * highest(prices.output)) / MILLION)


def _most(requests: Sequence[Request], model: Model | None) -> Usage:
    """The most tokens that requests can take: their prompts, and answers as long as allowed, or as the longest label."""
    if model is None:
        return Usage()
    longest = {
        labels: max((model.count_tokens([Message("assistant", label)]) for label in labels), default=0)
        for labels in {request.decoding.labels for request in requests}
    }
    return Usage(
        tokens_in=sum(model.count_tokens(request.messages) for request in requests),
        tokens_out=sum(max(request.decoding.max_tokens, longest[request.decoding.labels]) for request in requests),
    )


def _cost(requests: Sequence[Request], model: Model | None) -> float:
    """The most money that requests can cost."""
    return sum(map(model.most, requests)) if isinstance(model, Priced) else 0.0
