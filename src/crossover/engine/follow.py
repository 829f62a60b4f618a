"""Candidate + inputs -> answers: step by step where the prompt is a chain, by a vote where several answers are drawn.

In measuring, in probing and in serving alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

from crossover.engine.answer import vote
from crossover.engine.render import Renderer
from crossover.types import Candidate, Decoding, Reply, Request

Ask = Callable[[Sequence[Request]], Sequence[Reply]]


@dataclass
class Answered:
    """`reply` is the last step's, with what all steps took; `steps`: their answers by name. With an error in the reply
    there is no answer."""

    text: str
    reply: Reply = field(default_factory=Reply)
    answer: str = ""
    steps: dict[str, str] = field(default_factory=dict)

    @property
    def says_nothing(self) -> bool:
        """Whether the reply holds words, and no answer: a thought without an end."""
        return self.reply.error is None and not self.answer and bool(self.reply.text.strip())


Calls = Generator[Sequence[Request], Sequence[Reply], list[Answered]]


def follow(
    candidate: Candidate,
    renderer: Renderer,
    inputs: Sequence[str],
    ask: Ask,
    repeat: int = 0,
    leave_out: bool = False,
) -> list[Answered]:
    """Answer inputs; where a step fails, nothing more is asked. `leave_out`: none is a demonstration for itself."""
    following = calls(candidate, renderer, inputs, repeat, leave_out)
    try:
        requests = next(following)
        while True:
            requests = following.send(ask(requests))
    except StopIteration as end:
        answered: list[Answered] = end.value
        return answered


def calls(
    candidate: Candidate, renderer: Renderer, inputs: Sequence[str], repeat: int = 0, leave_out: bool = False
) -> Calls:
    """The calls that answer inputs, step by step: each step's requests, which their replies are sent for."""
    found = [Answered(text) for text in inputs]

    def put(own: Renderer, decoding: Decoding) -> Generator[Sequence[Request], Sequence[Reply], list[Answered]]:
        """One prompt for all inputs that nothing failed for, at once, as often for each as it draws answers."""
        left = [one for one in found if one.reply.error is None]
        if not left:
            return left
        own.ahead([one.text for one in left])
        messages = [own.messages(one.text, one.steps, leave_out) for one in left]
        asked, draws = each_call(decoding), range(repeat * decoding.samples, (repeat + 1) * decoding.samples)
        drawn = yield [Request(m, asked, candidate.weights, draw) for m in messages for draw in draws]
        for number, one in enumerate(left):
            reply, one.answer = vote(drawn[number * decoding.samples : (number + 1) * decoding.samples], decoding)
            one.reply = replace(reply, usage=one.reply.usage + reply.usage)
        return left

    for step, own in zip(candidate.prompt.steps, renderer.steps, strict=True):
        for one in (yield from put(own, step.decoding)):
            one.steps[step.name] = one.answer
            if one.reply.error is not None:
                one.reply = replace(one.reply, error=f"step '{step.name}': {one.reply.error}")
    yield from put(renderer, candidate.decoding)
    return found


def each_call(decoding: Decoding) -> Decoding:
    """What a call is asked for, one call a sample.

    What is done with the replies is not in it: a model is not asked again for another pattern or more samples.
    """
    asked = replace(decoding, samples=1)
    if asked.pattern:  # free text, whatever its answer will be looked for in
        asked = replace(asked, labels=(), label_bias=(), verbalizer=(), pattern="")
    if asked.verbalizer:
        asked = replace(asked, labels=asked.verbalizer, verbalizer=())
    return asked


def calls_of(candidate: Candidate) -> int:
    """How many calls a candidate makes for an input."""
    return candidate.decoding.samples + sum(step.decoding.samples for step in candidate.prompt.steps)
