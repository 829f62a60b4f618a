"""What each rung's candidate took to make and takes to ask: the evidence of the decision, before anything has a price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossover.data.task import Task
from crossover.decision.contenders import rung
from crossover.decision.costs import Asked, Bill, Making
from crossover.decision.deciding import Evidence, Measured
from crossover.engine.taken import REPORTED, taken
from crossover.errors import BudgetExceeded
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.probe import Speed, measure_speed
from crossover.models.base import by_the_hour
from crossover.study.ladder import Climbed, floor
from crossover.types import Candidate, Example, Message, Run, to_json

BEGINNINGS = 8  # inputs whose prompts are compared for what all begin with
REMEMBERED = 1024  # tokens: services charge shorter beginnings in full (OpenAI, Gemini and Anthropic: that, or more)


def speed_text(examples: Sequence[Example]) -> str:
    """What is asked to measure a model's speed."""
    return "\n".join(example.input for example in examples[:20])[:400]


@dataclass(frozen=True)
class Costing:
    """`bench`: whose rows were labelled, and whose journal keeps each model's speed and what each rung took."""

    task: Task
    bench: StudyBench

    def speed(self, spec: str) -> Speed:
        """The machine's token speed with a model, measured once in a study; zeros where a limit came before."""
        name, journal = f"speed of {spec}", self.bench.journal
        known = journal.fact(name)
        if known is None:
            model, text = self.bench.model_of(spec), speed_text(self.bench.train)
            try:
                known = to_json(measure_speed(self.bench.evaluator.caller, model, text))
            except BudgetExceeded:
                return Speed(0.0, 0.0)  # the limit came before anything was measured: there is no cost to compare
            journal.set_fact(name, known)
        return Speed.from_json(known)

    def evidence(self, climbed: Sequence[Climbed], runs: Mapping[str, Run]) -> Evidence:
        """Of those that gave a candidate of their own, in the ladder's order. `runs`: test runs by candidate."""
        found = []
        for order, made in enumerate(climbed):
            if made.candidate is None or made.dev is None or made.same_as is not None:
                continue
            candidate, twins = made.candidate, [one for one in climbed if one.same_as == made.name]
            found.append(
                Measured(
                    name=made.name,
                    strategy=made.strategy,
                    family=made.family,
                    rung=rung(candidate, made.family),
                    order=order,
                    id=candidate.id,
                    model=candidate.model,
                    bill=self._bill([made, *twins], candidate, made.dev),
                    dev=made.dev,
                    test=runs.get(candidate.id),
                    probe=made.probe,
                )
            )
        evaluator = self.bench.evaluator
        least = floor(climbed, runs, evaluator.metric, self.task.seed)
        return Evidence(found, evaluator.metric, evaluator.metric_name, self.task.seed, least)

    def _bill(self, ways: Sequence[Climbed], candidate: Candidate, dev: Run) -> Bill:
        """`ways`: the rungs that ended in the candidate, of which the plainest is what making it takes."""
        usages = dev.taken
        control = ways[0].family == "control"
        free = control and not any(usage.tokens_in or usage.tokens_out for usage in usages)  # whatever a token takes
        makings = [self._making(made, candidate) for made in ways]
        return Bill(
            tokens_in=tuple(usage.tokens_in for usage in usages),
            tokens_out=tuple(usage.tokens_out for usage in usages),
            money=tuple(usage.money for usage in usages),
            cached=0.0 if control else self._beginning(candidate, dev),
            speed=Speed(0.0, 0.0) if free else self.speed(candidate.model),
            making=min(makings, key=lambda one: (one.tuning_seconds + one.trained_tokens, one.calls, one.labels)),
            local=by_the_hour(self.bench.model_of(candidate.model)),
            control=control,
            tuned=candidate.weights is not None and not control,
        )

    def _making(self, made: Climbed, candidate: Candidate) -> Making:
        found = taken(self.bench.journal, made.work)
        asked = {payee: Asked(u.tokens_in, u.tokens_out, u.cached_in, u.money) for payee, u in found.asked.items()}
        reported = asked.pop(REPORTED, Asked()).money
        rows = {*found.labels, *self.bench.shown(candidate), *(["train"] if made.family == "control" else [])}
        counted = {"train": len(self.bench.train), "dev": len(self.bench.dev)}
        labels = sum(size for split, size in counted.items() if split in rows)
        return Making(
            labels=labels + (0 if "train" in rows else len(rows - {"dev"})),
            calls=found.calls,
            call_seconds=found.here.seconds,
            tuning_seconds=found.tuning_seconds + found.seconds,
            money=reported,
            trained_tokens=found.trained_tokens,
            asked=asked,
        )

    def _beginning(self, candidate: Candidate, dev: Run) -> float:
        """Tokens with which all of its prompts begin, over a chain's steps and the draws, where they are so many that a
        provider may cache them."""
        name = f"cached beginning of {candidate.id}"
        known = self.bench.journal.fact(name)
        if known is None:
            renderer, records = self.bench.evaluator.renderer(candidate.prompt), dev.records[:BEGINNINGS]
            decodings = [*(step.decoding for step in candidate.prompt.steps), candidate.decoding]
            count, known = self.bench.model_of(candidate.model).count_tokens, 0
            for own, decoding in zip((*renderer.steps, renderer), decodings, strict=True):
                asked = [own.messages(record.example.input, answers=record.steps) for record in records]
                shared = common(asked)
                tokens = count(shared) if shared else 0
                known += decoding.samples * tokens if tokens >= REMEMBERED else 0
            self.bench.journal.set_fact(name, known)
        return float(min(known, min((t for record in dev.records if (t := record.reply.usage.tokens_in)), default=0)))


def common(asked: Sequence[Sequence[Message]]) -> list[Message]:
    """The messages with which all conversations begin, the last one cut where they part; at least two conversations."""
    found: list[Message] = []
    for messages in zip(*asked, strict=False) if len(asked) > 1 else ():
        texts = [message.content for message in messages]
        same = _beginning(min(texts), max(texts))
        if len({message.role for message in messages}) > 1 or not same:
            break
        found.append(Message(messages[0].role, same))
        if any(text != same for text in texts):
            break
    return found


def _beginning(a: str, b: str) -> str:
    """What two texts begin with; of the first and the last in order that is what all between them do."""
    return a[: next((i for i, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))]
