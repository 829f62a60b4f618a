"""The contract of a model backend, as one call for an outsider's tests."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from crossover.models.base import Model, Priced
from crossover.types import Decoding, Message, Reply, Request

LABELS = ("yes", "no", "not sure")


def check_model(model: Model) -> None:
    """Raise `AssertionError`, naming the promise that is broken. Makes about a dozen calls."""
    _check_declaration(model)
    short, long = _ask("one"), _ask("one two three four five six seven eight nine ten " * 3)
    assert 0 <= model.count_tokens(short) <= model.count_tokens(long), "a longer prompt has no fewer tokens"
    assert model.complete([]) == [], "no request, no reply"

    free = [Request(messages, Decoding(max_tokens=8)) for messages in (short, long)]
    replies = _answers(_replies(model, free))
    assert replies == _answers(_replies(model, free)), "greedy answers differ from one call to the next"
    assert _answers(_replies(model, free[::-1])) == replies[::-1], "replies are not in the order of their requests"

    choice = [Request(messages, Decoding(labels=LABELS)) for messages in (short, long)]
    for reply in _replies(model, choice):
        if reply.error is None and reply.label_scores:
            assert len(reply.label_scores) == len(LABELS), "label_scores has one log-probability for each label"
            assert all(s <= 0 and math.isfinite(s) for s in reply.label_scores), "a log-probability is at most 0"
            assert reply.text in LABELS, "with label scores, the text is one of the labels"

    endless = Request(_ask("word " * (model.context_window + 10)), Decoding(max_tokens=8))
    if model.count_tokens(endless.messages) > model.context_window:
        both = _replies(model, [free[0], endless])
        assert both[1].error, "a prompt beyond the context window is a reply with an error, never cut in silence"
        assert both[0].error is None, "one request that cannot be answered must not fail the others"


def _check_declaration(model: Any) -> None:
    assert dataclasses.is_dataclass(type(model)), "a model backend is a dataclass: its typed fields are its options"
    options = [field.name for field in dataclasses.fields(type(model))]
    assert "target" in options, "a model has the field 'target': what follows the colon of a specification"
    assert isinstance(model, Model), "a model has identity, local, context_window, count_tokens and complete"
    assert model.identity, "identity is empty: replies of different versions could not be told apart"
    assert model.identity == model.identity, "identity changes from one look to the next"
    assert isinstance(model.local, bool), "local is True or False"
    assert model.context_window > 0, "context_window is a positive number of tokens"


def _ask(text: str) -> tuple[Message, ...]:
    return (Message("system", "Answer in one word."), Message("user", text))


def _replies(model: Model, requests: list[Request]) -> list[Reply]:
    try:
        replies = model.complete(requests)
    except Exception as error:
        raise AssertionError(
            f"complete raised {type(error).__name__}: {error}; a call that fails is a Reply with an error"
        ) from error
    assert len(replies) == len(requests), f"{len(requests)} requests gave {len(replies)} replies"
    assert all(isinstance(reply, Reply) for reply in replies), "complete gives a list of Reply"
    for request, reply in zip(requests, replies, strict=True):
        usage = reply.usage + reply.once
        assert isinstance(reply.text, str), f"a reply's text is {type(reply.text).__name__}; valid is str"
        assert min(usage.tokens_in, usage.tokens_out, usage.seconds, usage.money) >= 0, "usage is never negative"
        most = model.most(request) if isinstance(model, Priced) else 0.0
        assert usage.money <= most, f"a call cost {usage.money:g}, beyond the {most:g} that it was said to cost at most"
    return replies


def _answers(replies: list[Reply]) -> list[tuple[str, str | None]]:
    return [(reply.text, reply.error) for reply in replies]
