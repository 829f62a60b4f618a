"""The contract suite of models says what is wrong with one that does not keep it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crossover.testing.models import check_model
from crossover.types import Message, Reply, Request, Usage


@dataclass(frozen=True)
class Good:
    """Answers with the number of words, or with a label by it."""

    target: str = ""

    identity = "good-1"
    local = True
    context_window = 100

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return [self.reply(request) for request in requests]

    def reply(self, request: Request) -> Reply:
        words = self.count_tokens(request.messages)
        if words > self.context_window:
            return Reply(error="too long")
        labels = request.decoding.labels
        if not labels:
            return Reply(str(words), usage=Usage(words, 1, 0.001))
        best = words % len(labels)
        return Reply(labels[best], tuple(-1.0 if i == best else -2.0 for i in range(len(labels))))


def broken(**changes: Any) -> Any:
    """A model that differs from `Good` in one attribute."""
    return dataclass(frozen=True)(type("Broken", (Good,), changes))()


def replying(change: Callable[[Reply], Any]) -> Any:
    """A model whose every reply is changed."""
    return broken(reply=lambda self, request: change(Good().reply(request)))


def scoring(*scores: float) -> Any:
    """A model that answers labels with these scores."""
    return replying(lambda reply: replace(reply, label_scores=scores) if reply.label_scores else reply)


def silently_cut(self: Good, request: Request) -> Reply:
    *before, last = request.messages
    cut = replace(last, content=" ".join(last.content.split()[:20]))
    return Good().reply(replace(request, messages=(*before, cut)))


def all_or_nothing(self: Good, requests: Sequence[Request]) -> list[Reply]:
    replies = [Good().reply(request) for request in requests]
    failed = any(reply.error for reply in replies)
    return [Reply(error="the batch failed") for _ in requests] if failed else replies


def fail(self: Good, request: Request) -> Reply:
    raise ConnectionError("the line is dead")


COUNTER = itertools.count()


def test_a_good_model_passes() -> None:
    check_model(Good())


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (broken(identity=""), "identity is empty"),
        (broken(identity=property(lambda self: str(next(COUNTER)))), "identity changes"),
        (broken(local="yes"), "local is True or False"),
        (broken(context_window=0), "context_window is 0; valid is a positive number"),
        (broken(count_tokens=lambda self, messages: -sum(len(m.content) for m in messages)), "no fewer tokens"),
        (
            broken(complete=lambda self, requests: Good().complete(requests) or [Reply()]),
            "to no request; valid is an empty list",
        ),
        (broken(complete=lambda self, requests: Good().complete(requests)[:1]), "gave 1 replies to 2 requests"),
        (broken(complete=lambda self, requests: ["yes" for _ in requests]), "gave a str among its replies"),
        (broken(complete=lambda self, requests: sorted(Good().complete(requests), key=repr)), "not in the order"),
        (broken(complete=all_or_nothing), "must not fail the others"),
        (broken(reply=fail), "complete raised ConnectionError: the line is dead"),
        (broken(reply=silently_cut), "never cut in silence"),
        (replying(lambda reply: replace(reply, text=f"{reply.text}-{next(COUNTER)}")), "greedy answers differ"),
        (replying(lambda reply: replace(reply, text=None)), "text is a NoneType"),
        (replying(lambda reply: replace(reply, usage=Usage(tokens_in=-1))), "usage is never negative"),
        (replying(lambda reply: replace(reply, usage=Usage(money=0.1))), "a call cost 0.1, beyond the 0 that it"),
        (scoring(-1.0, -2.0), "gave 2 label scores to 3 labels"),
        (scoring(-1.0, -2.0, 0.5), "a log-probability is at most 0"),
        (scoring(-1.0, -2.0, float("nan")), "a log-probability is at most 0"),
        (scoring("a", "b", "c"), "valid is a tuple of log-probabilities"),  # type: ignore[arg-type]
        (broken(complete=lambda self, requests: None), "gave None to no request; valid is an empty list"),
        (
            broken(complete=lambda self, requests: "xy" if requests else []),
            "gave a str; valid is a list with a Reply to each",
        ),
        (broken(context_window="4096"), "context_window is '4096'; valid is a positive number"),
        (broken(context_window=None), "context_window is None; valid is a positive number"),
        (broken(identity=3), "identity is 3; valid is text"),
        (broken(count_tokens=lambda self, messages: None), "count_tokens gave None; valid is a whole number"),
        (broken(count_tokens=lambda self, messages: 1 / 0), "count_tokens raised ZeroDivisionError"),
        (broken(reply=lambda self, request: Reply(error="down")), "no call is answered; the first failed with: down"),
        (replying(lambda reply: replace(reply, usage=None)), "a reply's usage is None; valid is a Usage"),
        (Good, "Good is a class; valid is a model that is made of it"),
        (replying(lambda reply: replace(reply, text=f"It is {reply.text}")), "the text is one of the labels"),
    ],
)
def test_the_suite_names_what_is_wrong(model: Any, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_model(model)


def test_a_model_that_says_what_its_calls_cost_at_most_may_cost_it() -> None:
    check_model(
        broken(
            most=lambda self, request: 0.1,
            reply=lambda self, request: replace(Good().reply(request), usage=Usage(1, 1, 0.1, 0.1)),
        )
    )


def test_a_model_must_be_a_dataclass_with_a_target_and_all_members() -> None:
    with pytest.raises(AssertionError, match="a model backend is a dataclass"):
        check_model(type("Plain", (), {})())
    with pytest.raises(AssertionError, match="the field 'target'"):
        check_model(dataclass(frozen=True)(type("Aimless", (), {}))())
    with pytest.raises(AssertionError, match="a model has identity, local"):
        check_model(dataclass(frozen=True)(type("Mute", (), {"__annotations__": {"target": str}, "target": ""}))())
