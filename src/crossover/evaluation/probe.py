"""What serving would feel like: latency of single requests, consistency of repeated answers, the machine's token speed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

from crossover.engine.caller import Caller
from crossover.engine.follow import Answered, follow
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.contention import Load
from crossover.evaluation.percentile import order_interval, percentile
from crossover.evaluation.run import Evaluator
from crossover.evaluation.unasked import Timed
from crossover.models.base import Concurrent, Model
from crossover.models.batches import in_batches
from crossover.types import Candidate, Decoding, Estimate, Example, Message, Reply, Request, Score, Usage

PROBES = 20  # single requests for each candidate
REPEATS = 3  # draws of each, where decoding is sampled
LOOKS = 5  # at the machine's speed, behind one that warms it up
SPEED_CALLS = 2 * (LOOKS + 1)  # that measuring it takes: a short answer and a long one
STEADY = 1.5  # two times of one request may differ by this factor, in the middle


@dataclass(frozen=True)
class Probe:
    """Latency of one request at a time, in milliseconds, and the share of repeated answers that agree, over examples.

    `low` to `high` is the 95 % interval of `p95` over `n` requests, `p50_low` to `p50_high` that of `p50`; an upper end
    is None where so few cannot bound it. `load`: what else the machine did meanwhile. `unsteady`: the same request took
    other times when it was asked again.
    With greedy decoding the repeats are the single request and the same one answered in a batch before; at a server, which
    answers several at a time anyway, two answers beside others. `known`: of how many requests a server had been asked the
    text before, of which it may have kept what it had read.
    """

    p50: float
    p95: float
    low: float
    high: float | None
    n: int
    consistency: Estimate
    load: Load | None = None
    unsteady: bool = False
    p50_low: float = 0.0
    p50_high: float | None = None
    known: int = 0

    @property
    def contended(self) -> bool:
        """Whether something else than the candidate may be what took the time."""
        return self.unsteady or (self.load is not None and self.load.contended)


@dataclass(frozen=True)
class Speed:
    """Seconds for a prompt token and for an answer token, one request at a time: the best of several looks, as other work
    only adds to them. `looks`: both, look by look."""

    prompt: float
    answer: float
    looks: tuple[tuple[float, float], ...] = ()

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Speed:
        """The inverse of `to_json`."""
        looks = tuple((prompt, answer) for prompt, answer in body.get("looks", ()))
        return cls(body["prompt"], body["answer"], looks)


def look_up_seconds(evaluator: Evaluator, candidate: Candidate, examples: Sequence[Example]) -> list[float]:
    """What finding the nearest demonstrations takes before a call, for each of the first examples; else nothing."""
    if candidate.prompt.selection != "nearest":
        return []
    renderer = evaluator.renderer(candidate.prompt)
    found = []
    for example in examples[: PROBES + 1]:
        started = time.perf_counter()
        renderer.messages(f"{example.input} ")  # as long, and not yet known
        found.append(time.perf_counter() - started)
    return found


def probe(
    evaluator: Evaluator,
    candidate: Candidate,
    examples: Sequence[Example],
    before: Sequence[float] = (),
    rounds: Sequence[Timed | None] = (None,),
) -> Probe | None:
    """Ask the first `PROBES` examples one by one; None when every call failed, or the model answers in batches.
    `before`: seconds ahead of each call.

    Further `rounds` ask the same again. Whatever else a machine does only adds to the time, so the quickest counts; where
    answers are drawn, another draw is another answer, and the last round counts. A server is timed by each round's own
    rows, of which the last ones count.
    """
    model = evaluator.model_of(candidate.model)
    if in_batches(model):
        return None
    asking = _Asking(evaluator, candidate, before)
    own = [one for one in rounds if one is not None]
    found = asking.server(examples[: PROBES + 1], own) if own else asking.here(examples[: PROBES + 1], len(rounds))
    if not found.seconds:
        return None
    (low, high), (middle_low, middle_high) = (order_interval(found.seconds, q) for q in (95, 50))
    greedy = not candidate.decoding.temperature
    return Probe(
        p50=1000 * percentile(found.seconds, 50),
        p95=1000 * percentile(found.seconds, 95),
        low=1000 * low,
        high=None if high is None else 1000 * high,
        n=len(found.seconds),
        consistency=estimate(found.agreeing, "mean", greedy) if found.agreeing else Estimate(0, 1.0, 0.0, 1.0),
        unsteady=bool(found.spread) and median(found.spread) > STEADY,
        p50_low=1000 * middle_low,
        p50_high=None if middle_high is None else 1000 * middle_high,
        known=found.known,
    )


@dataclass
class _Looked:
    """`spread`: how many times as long as another time of the same request each took; `agreeing`: of each example the share
    of its pairs of answers that agree; `known`: as `Probe`'s."""

    seconds: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    agreeing: list[Score] = field(default_factory=list)
    known: int = 0

    def agree(self, answers: Sequence[str]) -> None:
        if len(answers) > 1:
            self.agreeing.append(Score(mean(a == b for a, b in itertools.combinations(answers, 2))))


def at_once() -> int:
    """How many rows a look asks: one to warm up, and those that are timed."""
    return PROBES + 1


@dataclass(frozen=True)
class _Asking:
    evaluator: Evaluator
    candidate: Candidate
    before: Sequence[float]

    def here(self, chosen: Sequence[Example], rounds: int) -> _Looked:
        """A model of this machine, which keeps nothing of an earlier request."""
        drawn, repeats = bool(self.candidate.decoding.temperature), self._repeats
        found = _Looked()
        for position, example in enumerate(chosen):
            answers, times = [], []
            for repeat in range(repeats * rounds + 1):
                [one] = self._followed([example], self._alone, repeat)
                if one.reply.error is not None:
                    continue
                if repeat <= repeats:
                    answers.append(one.answer)
                # repeat 0 was answered in a batch; the first example of all warms the model up
                if repeat and (position or len(chosen) == 1):
                    times.append(self._seconds(one, position))
            if times:
                found.seconds += times[-repeats:] if drawn else [min(times)]
                found.spread += [_ratio(times[-2:])] if rounds > 1 and not drawn else []
            found.agree(answers)
            self.evaluator.progress("one by one", position + 1, len(chosen))
        return found

    def server(self, chosen: Sequence[Example], rounds: Sequence[Timed]) -> _Looked:
        found, middles = _Looked(), list[float]()
        for number, timed in enumerate(rounds, 1):
            found.seconds, found.known = [], 0
            for position, example in enumerate(timed.rows):
                unasked = position < timed.unasked
                # repeat 0 of a row that was asked before is an answer beside others
                [one] = self._followed([example], self._alone, 0 if unasked else number, unasked)
                if one.reply.error is None and (position or len(timed.rows) == 1):
                    found.seconds.append(self._seconds(one, position))
                    found.known += not unasked
                self.evaluator.progress("one by one", position + 1, len(timed.rows))
            middles += [median(found.seconds)] if found.seconds else []
        if len(rounds) > 1 and len(middles) > 1:
            found.spread = [_ratio(middles[-2:])]
        each = [self._followed(chosen, self._together, repeat) for repeat in range(self._repeats + 1)]
        for same in zip(*each, strict=True):
            found.agree([one.answer for one in same if one.reply.error is None])
        return found

    @property
    def _repeats(self) -> int:
        return REPEATS if self.candidate.decoding.temperature else 1

    def _followed(
        self, examples: Sequence[Example], ask: Callable[[Sequence[Request]], list[Reply]], repeat: int, own: bool = False
    ) -> list[Answered]:
        """`own`: of training rows, of which none is a demonstration for itself."""
        renderer = self.evaluator.renderer(self.candidate.prompt)
        return follow(self.candidate, renderer, [example.input for example in examples], ask, repeat, own)

    def _alone(self, asked: Sequence[Request]) -> list[Reply]:
        return [reply for request in asked for reply in self._together([request])]

    def _together(self, asked: Sequence[Request]) -> list[Reply]:
        model, what = self.evaluator.model_of(self.candidate.model), f"{self.candidate.provenance.shown} one by one"
        return self.evaluator.caller.ask(model, asked, what)

    def _seconds(self, one: Answered, position: int) -> float:
        return one.reply.usage.seconds + (self.before[position % len(self.before)] if self.before else 0.0)


def _ratio(two: Sequence[float]) -> float:
    return max(two) / max(min(two), 1e-9)


def measure_speed(caller: Caller, model: Model, text: str) -> Speed:
    """The time of a prompt token and of an answer token: `text` is answered with one token, then with several. Zeros of one
    that answers in batches."""
    if in_batches(model):
        return Speed(0.0, 0.0)

    def look(max_tokens: int, repeat: int) -> Request:
        own = unmet(model, text, max_tokens, repeat)
        return Request((Message("user", own),), Decoding(max_tokens=max_tokens), repeat=repeat)

    def looks(max_tokens: int) -> list[Usage]:
        replies = [caller.ask(model, [look(max_tokens, repeat)], "speed")[0] for repeat in range(1, LOOKS + 2)]
        return [reply.usage for reply in replies[1:] if reply.error is None]  # the first one warms up

    short, long = looks(1), looks(17)
    best, most = (min(found, key=lambda usage: usage.seconds, default=Usage()) for found in (short, long))
    pairs = tuple(_speed(one, other) for one, other in zip(short, long, strict=False))
    return Speed(*_speed(best, most), pairs)


def unmet(model: Model, text: str, max_tokens: int, repeat: int) -> str:
    """A text to measure a model's speed by: for a server, which keeps what it read, with a beginning of its own."""
    return f"{max_tokens}.{repeat} {text}" if isinstance(model, Concurrent) else text


def _speed(short: Usage, long: Usage) -> tuple[float, float]:
    """Seconds of a prompt token and of an answer token, from a short answer to a text and a long one."""
    more = long.tokens_out - short.tokens_out
    prompt = short.seconds / short.tokens_in if short.tokens_in else 0.0
    answer = max(long.seconds - short.seconds, 0.0) / more if more > 0 else short.seconds / max(short.tokens_in, 1)
    return prompt, answer
