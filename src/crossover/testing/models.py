"""The contract of a model backend, as one call for an outsider's tests."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from crossover.errors import ModelError
from crossover.models.base import Model, Priced, replies_to_each
from crossover.types import Decoding, Message, Reply, Request, Usage

LABELS = ("yes", "no", "not sure")


def check_model(model: Model) -> None:
    """Raise `AssertionError`, naming the promise that is broken. Makes about a dozen calls."""
    _check_declaration(model)
    short, long = _ask("one"), _ask("one two three four five six seven eight nine ten " * 3)
    for messages in (short, long):
        tokens = _of(model.count_tokens, messages, "count_tokens")
        assert _whole(tokens), f"count_tokens gave {tokens!r}; valid is a whole number"
    assert 0 <= model.count_tokens(short) <= model.count_tokens(long), "a longer prompt has no fewer tokens"
    none = _of(model.complete, [], "complete")
    assert none == [], f"complete gave {none!r} to no request; valid is an empty list"

    free = [Request(messages, Decoding(max_tokens=8)) for messages in (short, long)]
    replies = _answers(_replies(model, free))
    failed = [error for _, error in replies if error is not None]
    assert len(failed) < len(free), f"no call is answered; the first failed with: {failed[0]}"
    assert replies == _answers(_replies(model, free)), "greedy answers differ from one call to the next"
    assert _answers(_replies(model, free[::-1])) == replies[::-1], "replies are not in the order of their requests"

    choice = [Request(messages, Decoding(labels=LABELS)) for messages in (short, long)]
    for reply in _replies(model, choice):
        if reply.error is None and reply.label_scores:
            assert all(s <= 0 and math.isfinite(s) for s in reply.label_scores), "a log-probability is at most 0"
            assert reply.text in LABELS, "with label scores, the text is one of the labels"

    endless = Request(_ask("word " * (model.context_window + 10)), Decoding(max_tokens=8))
    if model.count_tokens(endless.messages) > model.context_window:
        both = _replies(model, [free[0], endless])
        assert both[1].error, "a prompt beyond the context window is a reply with an error, never cut in silence"
        assert both[0].error is None, "one request that cannot be answered must not fail the others"


def _check_declaration(model: Any) -> None:
    assert not isinstance(model, type), f"{model.__name__} is a class; valid is a model that is made of it, as in MyModel()"
    assert dataclasses.is_dataclass(type(model)), "a model backend is a dataclass: its typed fields are its options"
    options = [field.name for field in dataclasses.fields(type(model))]
    assert "target" in options, "a model has the field 'target': what follows the colon of a specification"
    assert isinstance(model, Model), "a model has identity, local, context_window, count_tokens and complete"
    assert isinstance(model.identity, str), f"identity is {model.identity!r}; valid is text"
    assert model.identity, "identity is empty: replies of different versions could not be told apart"
    assert model.identity == model.identity, "identity changes from one look to the next"
    assert isinstance(model.local, bool), "local is True or False"
    window: Any = model.context_window
    assert _whole(window) and window > 0, f"context_window is {window!r}; valid is a positive number of tokens"  # noqa: PT018


def _ask(text: str) -> tuple[Message, ...]:
    return (Message("system", "Answer in one word."), Message("user", text))


def _replies(model: Model, requests: list[Request]) -> list[Reply]:
    found: Any = _of(model.complete, requests, "complete")
    assert isinstance(found, list), f"complete gave a {type(found).__name__}; valid is a list with a Reply to each request"
    for reply in found:
        scores: Any = getattr(reply, "label_scores", ())
        assert not any(score != score for score in scores), f"label_scores is {scores!r}; a log-probability is at most 0"
        usage: Any = getattr(reply, "usage", None)
        assert not isinstance(reply, Reply) or isinstance(usage, Usage), f"a reply's usage is {usage!r}; valid is a Usage"
    try:
        replies = replies_to_each(found, requests, model)
    except ModelError as error:
        raise AssertionError(str(error)) from error
    for request, reply in zip(requests, replies, strict=True):
        usage = reply.usage + reply.once
        assert min(usage.tokens_in, usage.tokens_out, usage.seconds, usage.money) >= 0, "usage is never negative"
        most = model.most(request) if isinstance(model, Priced) else 0.0
        assert usage.money <= most, f"a call cost {usage.money:g}, beyond the {most:g} that it was said to cost at most"
    return replies


def _of(method: Callable[[Any], object], given: Any, name: str) -> Any:
    """What a method gives; `AssertionError` where it raises, whatever that is."""
    try:
        return method(given)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = "; a call that fails is a Reply with an error" if name == "complete" else ""
        raise AssertionError(f"{name} raised {type(error).__name__}: {error}{told}") from error


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _answers(replies: list[Reply]) -> list[tuple[str, str | None]]:
    return [(reply.text, reply.error) for reply in replies]
