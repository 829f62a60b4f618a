"""Requests as LangChain's messages, and what comes back: a message, a text, or an exception, as an attempt."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from crossover.models._http import ABSENT, Attempt
from crossover.models._service import told_line, words_of_refusal
from crossover.models._throttle import seconds
from crossover.types import LOST, Reply, Request, Usage

FIELD = "label"
SPEAKERS = {"system": "SystemMessage", "user": "HumanMessage", "assistant": "AIMessage"}
# langchain-core's standard exceptions (1.6), as the status of the answer that they stand for
STATUS = {
    "ModelRateLimitError": 429,
    "ModelAuthenticationError": 401,
    "ModelPermissionDeniedError": 403,
    "ModelNotFoundError": 404,
    "ModelInvalidRequestError": 400,
    "ContextOverflowError": 400,
    "ModelAPIError": 500,
}
# what clients raise where nothing was sent; anything else without an answer may have been paid for
UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ClientConnectorError", "ConnectionRefusedError", "gaierror"}
PASSING = (408, 409, 425, 429)  # and all from 500 on
ENDING = (401, 402, 403, 404)
WITHHELD = "the model withheld the answer"
REASONS = ("finish_reason", "stop_reason", "done_reason")
STOPPED = ("stop", "end_turn", "eos", "stop_sequence")
CUT = ("length", "max_tokens", "model_length")
FILTERED = ("content_filter", "safety", "refusal", "prohibited_content", "blocklist", "recitation")


def messages_of(request: Request) -> list[Any]:
    """A request's messages as LangChain has them."""
    kinds = importlib.import_module("langchain_core.messages")
    return [getattr(kinds, SPEAKERS[message.role])(message.content) for message in request.messages]


def form_of(request: Request) -> dict[str, Any] | None:
    """The JSON schema that an answer is to fit: one of the labels, or the request's own; None for free text."""
    how = request.decoding
    if how.labels:
        field = {"type": "string", "enum": list(how.labels)}
        about = {"title": "answer", "description": "The label.", "type": "object", "additionalProperties": False}
        return {**about, "properties": {FIELD: field}, "required": [FIELD]}
    return {"title": "answer", "description": "The answer.", **json.loads(how.schema)} if how.schema else None


def read(found: Any, labels: bool) -> Reply:
    """What came back of a call, whose answer may have been held to a form (`labels`: to one of these). What is no answer
    was paid for: where it does not tell what it took, that is not known."""
    reply = _read(found, labels)
    return replace(reply, finish=LOST) if reply.error is not None and not reply.usage.tokens_in else reply


def _read(found: Any, labels: bool) -> Reply:
    parsed = None
    if isinstance(found, Mapping) and "raw" in found and "parsed" in found:
        if type(found.get("parsing_error")).__name__ == "ModelRefusalError":
            return Reply(error=WITHHELD, usage=_usage(found["raw"]), finish="filter")
        found, parsed = found["raw"], found["parsed"]
    if isinstance(found, Mapping) and isinstance(found.get("messages"), list) and found["messages"]:
        found = found["messages"][-1]  # as agents answer
    text = found if isinstance(found, str) else getattr(found, "text", None)
    if not isinstance(text, str):
        return Reply(error=f"the model gave a {type(found).__name__}; valid is a message or a text")
    if isinstance(parsed, Mapping):
        label = parsed.get(FIELD)
        text = label if labels and isinstance(label, str) else json.dumps(parsed, ensure_ascii=False)
    about = getattr(found, "response_metadata", None) or {}
    reason = next((str(about[name]).lower() for name in REASONS if about.get(name)), "")
    finish = "stop" if reason in STOPPED else "length" if reason in CUT else "filter" if reason in FILTERED else ""
    text, named = (
        str(one).encode("utf-8", "replace").decode() for one in (text, about.get("model_name") or about.get("model") or "")
    )
    usage = _usage(found)
    if said := words_of_refusal(getattr(found, "additional_kwargs", None) or {}, getattr(found, "content", None)):
        return Reply(error=f"the model refused to answer: {told_line(said)}", usage=usage, finish="filter")
    if finish == "filter":
        return Reply(error=WITHHELD, usage=usage, finish=finish)
    if not text.strip():
        after = f", after {usage.tokens_out} tokens" if finish == "length" else ""
        return Reply(error=f"the model's answer is empty{after}", usage=usage, finish=finish)
    return Reply(text, usage=usage, model=named, finish=finish)


def refused(error: Exception) -> Attempt:
    """What an exception of a call means: it may be sent again, it failed, or no other would be answered."""
    said = told_line(f"{type(error).__name__}: {error}")
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "ModelRefusalError" in kinds:
        return Attempt(Reply(error=WITHHELD, finish=LOST))
    if any(kind.__name__ in UNSENT for one in _chain(error) for kind in type(one).__mro__):
        return Attempt(again=said, away=True)
    if isinstance(error, TimeoutError) or "ModelTimeoutError" in kinds:
        return Attempt(Reply(error=said, finish=LOST))
    status = status_of(error)
    if status in ENDING:
        return Attempt(fatal=f"the model cannot be asked: {said}")
    if status is not None and (status in PASSING or status >= 500):
        return Attempt(again=said, away=status in ABSENT, refused=status == 429, after=_after(error))
    return Attempt(Reply(error=said, finish=LOST if status is None else ""))  # without one it may have been paid for


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came of."""
    found: BaseException | None = error
    for _ in range(10):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__


def status_of(error: Exception) -> int | None:
    """The status of the answer that an exception stands for, by its class or as providers' clients have it."""
    for kind in type(error).__mro__:
        if kind.__name__ in STATUS:
            return STATUS[kind.__name__]
    response = getattr(error, "response", None)
    found = (getattr(error, "status_code", None), getattr(response, "status_code", None), getattr(error, "code", None))
    return next((one for one in found if isinstance(one, int) and 400 <= one < 600), None)


def _after(error: Exception) -> float | None:
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    return seconds(headers.get("retry-after")) if hasattr(headers, "get") else None


def _usage(message: Any) -> Usage:
    """What a message says that it took; nothing where it says nothing."""
    told = getattr(message, "usage_metadata", None)
    told = told if isinstance(told, Mapping) else {}
    details = told.get("input_token_details")
    cached = details.get("cache_read") if isinstance(details, Mapping) else 0
    tokens_in = _count(told.get("input_tokens"))
    return Usage(tokens_in, _count(told.get("output_tokens")), cached_in=min(_count(cached), tokens_in))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 10**9 else 0
