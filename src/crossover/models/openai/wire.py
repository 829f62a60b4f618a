"""A request as OpenAI's dialect has it, and what comes back as an attempt: a reply, a reason to send again, or the end."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossover.errors import shown
from crossover.models._http import Attempt
from crossover.models._service import text_in, told_line, words_of_refusal
from crossover.types import LOST, Reply, Request, Usage

NOTHING = Usage()
MOST_TOKENS = 10**9  # of one call: a service that tells more counts wrong
WITHHELD = "the service withheld the answer (content filter)"
# parts of a request that some models refuse: what a refusal names -> what is left out, or called otherwise
OPTIONAL = ("temperature", "seed", "logprobs", "response_format", "grammar", "structured_outputs", "reasoning_effort")
LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


@dataclass
class Quirks:
    """What a service was found to refuse. `limit`: what it calls the most tokens of an answer."""

    limit: str
    refused: set[str] = field(default_factory=set)
    _renamed: bool = False

    @property
    def way(self) -> str:
        """How requests are written now, in words."""
        return " ".join([self.limit, *sorted(self.refused)])

    def recall(self, way: str) -> None:
        """Write requests as another process learnt to."""
        limit, *refused = way.split() or [self.limit]
        if limit in LIMITS and limit != self.limit:
            self.limit, self._renamed = limit, True
        self.refused |= {name for name in refused if name in OPTIONAL}

    def left_out(self, message: str, param: str) -> bool:
        """Whether a refusal names a part that is no longer sent."""
        gone = self.refused | ({LIMITS[self.limit]} if self._renamed else set())
        return any(re.search(rf"\b{name}\b", f"{param} {message}") for name in gone)

    def learn(self, status: int, message: str, param: str, body: Mapping[str, Any]) -> bool:
        """Whether a refusal (HTTP 400 or 422) names a part that can be left out, or called otherwise, the next time."""
        if status not in (400, 422):
            return False
        told = f"{param} {message}"
        for name in LIMITS:
            if name in body and re.search(rf"\b{name}\b", told) and ("unsupported" in told.lower() or param == name):
                if name != self.limit:
                    return True  # another request has learnt it meanwhile
                if not self._renamed:
                    self.limit, self._renamed = LIMITS[name], True
                    return True
        for name in OPTIONAL:
            if name in body and re.search(rf"\b{name}\b", told):
                self.refused.add(name)
                return True
        return False


def body_of(request: Request, model: str, quirks: Quirks, extra: Mapping[str, Any], more: int) -> dict[str, Any]:
    """The request's body. `extra`: what is asked of the answer's form; `more`: tokens that it may think with."""
    how = request.decoding
    body: dict[str, Any] = {
        "model": request.weights.ref if request.weights else model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        quirks.limit: how.max_tokens + more,
        "temperature": how.temperature,
        "seed": how.seed + request.repeat,
        **({} if how.top_p == 1 else {"top_p": how.top_p}),
        **extra,
    }
    body = {name: value for name, value in body.items() if name not in quirks.refused}
    if "logprobs" not in body:
        body.pop("top_logprobs", None)
    return body


def answered(content: bytes, headers: Mapping[str, str]) -> tuple[Attempt, dict[str, float]]:
    """An answer with status 200, and the log-probabilities of its first token. It was paid for, so what is wrong with it is
    a failed call, and no reason to ask again."""

    def failed(why: str, usage: Usage = NOTHING, finish: str = "") -> tuple[Attempt, dict[str, float]]:
        reply = Reply(error=why, usage=usage, finish=finish if usage.tokens_in else LOST)  # what it took is not known
        return Attempt(reply, headers=headers), {}

    try:
        body = json.loads(content)
        choice = body["choices"][0]
        message = dict(choice["message"])
        usage = _usage(body.get("usage") or {})
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return failed(
            f"the service's answer is no chat completion: received {shown(content[:60].decode('utf-8', 'replace'))}"
        )
    finish = {"stop": "stop", "length": "length", "content_filter": "filter"}.get(str(choice.get("finish_reason")), "")
    if refused := words_of_refusal(message, message.get("content")):
        return failed(f"the model refused to answer: {told_line(refused)}", usage, "filter")
    if finish == "filter":
        return failed(WITHHELD, usage, "filter")
    text = text_in(message.get("content"))
    if not text.strip():
        why = f", after {usage.tokens_out} tokens" if finish == "length" else ""
        if finish == "length" and _thought(body.get("usage") or {}):
            why += " of thinking; the option effort (low, medium, high) leaves room for it"
        return failed(f"the service's answer is empty{why}", usage, finish)
    named = body.get("model") if isinstance(body.get("model"), str) else ""
    text, named = (one.encode("utf-8", "replace").decode() for one in (text, named))  # half a character cannot be written
    reply = Reply(text, usage=usage, model=named, finish=finish)
    # of an answer in parts the first token may be one of what was thought
    return Attempt(reply, headers=headers), _first(choice) if isinstance(message.get("content"), str) else {}


def _usage(found: Mapping[str, Any]) -> Usage:
    details = found.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    tokens_in = _count(found.get("prompt_tokens"))
    return Usage(tokens_in, _tokens_out(found, tokens_in), cached_in=min(_count(cached), tokens_in))


def _tokens_out(found: Mapping[str, Any], tokens_in: int) -> int:
    """Tokens of the answer, thoughts too: some services leave these out of the answer's, and not out of the total."""
    written, thought = _count(found.get("completion_tokens")), _thought(found)
    beside = _count(found.get("total_tokens")) - tokens_in - written
    return written + (thought if thought > written or beside >= thought > 0 else 0)


def _thought(found: Mapping[str, Any]) -> int:
    details = found.get("completion_tokens_details")
    return _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else 0


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_TOKENS else 0


def _first(choice: Mapping[str, Any]) -> dict[str, float]:
    """Token -> log-probability, of what could have been the answer's first token."""
    try:
        tops = choice["logprobs"]["content"][0]["top_logprobs"]
        found = {str(one["token"]): float(one["logprob"]) for one in tops}
        return {token: min(0.0, logprob) for token, logprob in found.items() if math.isfinite(logprob)}
    except (LookupError, TypeError, ValueError, OverflowError):
        return {}
