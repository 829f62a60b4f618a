"""What serving would feel like: latency of single requests, consistency of repeated answers, the machine's token speed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from crossover.engine.caller import Caller
from crossover.engine.follow import follow
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.percentile import percentile
from crossover.evaluation.run import Evaluator
from crossover.models.base import Model
from crossover.types import Candidate, Decoding, Estimate, Example, Message, Reply, Request, Score

PROBES = 20  # single requests for each candidate
REPEATS = 3  # draws of each, where decoding is sampled


@dataclass(frozen=True)
class Probe:
    """Latency of one request at a time, in milliseconds, and the share of repeated answers that agree, over examples.

    With greedy decoding the repeats are the single request and the same one answered in a batch before.
    """

    p50: float
    p95: float
    consistency: Estimate


@dataclass(frozen=True)
class Speed:
    """Seconds for a prompt token and for an answer token, one request at a time."""

    prompt: float
    answer: float


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
    evaluator: Evaluator, candidate: Candidate, examples: Sequence[Example], before: Sequence[float] = ()
) -> Probe | None:
    """Ask the first `PROBES` examples one by one; None when every call failed. `before`: seconds ahead of each call."""
    model = evaluator.model_of(candidate.model)
    renderer = evaluator.renderer(candidate.prompt)
    repeats = REPEATS if candidate.decoding.temperature else 1
    what = f"{candidate.provenance.shown} one by one"

    def ask(asked: Sequence[Request]) -> list[Reply]:
        return [evaluator.caller.ask(model, [request], what)[0] for request in asked]

    seconds: list[float] = []
    agreeing: list[Score] = []  # of each example the share of its pairs of answers that agree
    chosen = examples[: PROBES + 1]
    for position, example in enumerate(chosen):
        answers = []
        for repeat in range(repeats + 1):
            [found] = follow(candidate, renderer, [example.input], ask, repeat)
            if found.reply.error is not None:
                continue
            answers.append(found.answer)
            # repeat 0 was answered in a batch; the first example of all warms the model up
            if repeat and (position or len(chosen) == 1):
                seconds.append(found.reply.usage.seconds + (before[position] if before else 0.0))
        if len(answers) > 1:
            agreeing.append(Score(mean(a == b for a, b in itertools.combinations(answers, 2))))
        evaluator.progress(what, position + 1, len(chosen))
    if not seconds:
        return None
    return Probe(
        p50=1000 * percentile(seconds, 50),
        p95=1000 * percentile(seconds, 95),
        consistency=estimate(agreeing, "mean", repeats == 1) if agreeing else Estimate(0, 1.0, 0.0, 1.0),
    )


def measure_speed(caller: Caller, model: Model, text: str) -> Speed:
    """The time of a prompt token and of an answer token: `text` is answered with one token, then with several."""
    messages = (Message("user", text),)

    def best(max_tokens: int) -> tuple[float, int, int]:
        replies = [
            caller.ask(model, [Request(messages, Decoding(max_tokens=max_tokens), repeat=repeat)], "speed")[0]
            for repeat in range(1, 4)
        ]
        usages = [reply.usage for reply in replies[1:] if reply.error is None]  # the first one warms up
        if not usages:
            return 0.0, 0, 0
        return min(u.seconds for u in usages), usages[0].tokens_in, usages[0].tokens_out

    short, tokens_in, few = best(1)
    long, _, many = best(17)
    answer = max(long - short, 0.0) / (many - few) if many > few else short / max(tokens_in, 1)
    return Speed(prompt=short / tokens_in if tokens_in else 0.0, answer=answer)
