"""The contract of a model backend, as one call for an outsider's tests."""

from __future__ import annotations

import dataclasses
import math

from crossover.models.base import Model
from crossover.types import Decoding, Message, Reply, Request

LABELS = ("yes", "no", "not sure")


def check_model(model: Model) -> None:
    """Raise `AssertionError`, naming the promise that is broken. Makes about a dozen calls."""
    assert dataclasses.is_dataclass(type(model)), "a model backend is a dataclass: its typed fields are its options"
    assert isinstance(model, Model), "a model has identity, local, context_window, count_tokens and complete"
    assert model.identity, "identity is empty: replies of different versions could not be told apart"
    assert model.identity == model.identity, "identity changes from one look to the next"
    assert isinstance(model.local, bool), "local is True or False"
    assert model.context_window > 0, "context_window is a positive number of tokens"
    short, long = _ask("one"), _ask("one two three four five six seven eight nine ten " * 3)
    assert 0 <= model.count_tokens(short) <= model.count_tokens(long), "a longer prompt has no fewer tokens"
    assert model.complete([]) == [], "no request, no reply"

    free = [Request(messages, Decoding(max_tokens=8)) for messages in (short, long)]
    replies = _replies(model, free)
    assert replies == _replies(model, free), "greedy answers differ from one call to the next"
    assert _replies(model, free[::-1]) == replies[::-1], "replies are not in the order of their requests"

    choice = [Request(messages, Decoding(labels=LABELS)) for messages in (short, long)]
    for reply in model.complete(choice):
        if reply.error is None and reply.label_scores:
            assert len(reply.label_scores) == len(LABELS), "label_scores has one log-probability for each label"
            assert all(s <= 0 and math.isfinite(s) for s in reply.label_scores), "a log-probability is at most 0"
            assert reply.text in LABELS, "with label scores, the text is one of the labels"

    endless = Request(_ask("word " * (model.context_window + 10)), Decoding(max_tokens=8))
    if model.count_tokens(endless.messages) > model.context_window:
        both = model.complete([free[0], endless])
        assert both[1].error, "a prompt beyond the context window is a reply with an error, never cut in silence"
        assert both[0].error is None, "one request that cannot be answered must not fail the others"


def _ask(text: str) -> tuple[Message, ...]:
    return (Message("system", "Answer in one word."), Message("user", text))


def _replies(model: Model, requests: list[Request]) -> list[tuple[str, str | None]]:
    replies = model.complete(requests)
    assert len(replies) == len(requests), f"{len(requests)} requests gave {len(replies)} replies"
    assert all(isinstance(reply, Reply) for reply in replies), "complete gives a list of Reply"
    for reply in replies:
        usage = reply.usage
        assert min(usage.tokens_in, usage.tokens_out, usage.seconds, usage.money) >= 0, "usage is never negative"
    return [(reply.text, reply.error) for reply in replies]
