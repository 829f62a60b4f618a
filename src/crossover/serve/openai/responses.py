"""POST /v1/responses: the same answers as chat's, in the newer dialect, whole or as a stream of events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from crossover.serve.openai.catalogue import Served
from crossover.serve.openai.chat import Chats, Choice
from crossover.serve.openai.errors import ApiError, told
from crossover.serve.openai.kept import Kept
from crossover.serve.openai.response_body import ResponseBody
from crossover.serve.openai.wire import ChatBody
from crossover.types import Message, Usage

# what chat calls fields, and what they are called here
NAMES = {
    "messages": "input",
    "response_format": "text.format",
    "logprobs": "include",
    "max_completion_tokens": "max_output_tokens",
}


@dataclass(frozen=True)
class Responses:
    chats: Chats
    kept: Kept = field(default_factory=Kept)

    async def whole(self, served: Served, body: ResponseBody) -> dict[str, Any]:
        """A response. Raises `ApiError`."""
        asked = self._asked(served, body)
        try:
            [choice], usage = await self.chats.answered(served, asked.chat, asked.identity)
        except ApiError as error:
            raise _named(error) from error
        return self._done(asked, choice, usage)

    async def stream(self, served: Served, body: ResponseBody) -> AsyncGenerator[str]:
        """Server-sent events. What is wrong with the request is raised as `ApiError` before the first."""
        asked = self._asked(served, body)
        number, text, tokens = 0, "", list[Any]()
        here = {"item_id": asked.message, "output_index": 0, "content_index": 0}
        item = {"output_index": 0}

        def event(kind: str, **more: Any) -> str:
            nonlocal number
            number += 1
            data = {"type": kind, "sequence_number": number - 1, **more}
            return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"

        finish: str | None = None
        try:
            async with aclosing(self.chats.pieces(served, asked.chat, asked.identity)) as pieces:
                async for piece in pieces:
                    if not number:
                        for kind in ("created", "in_progress"):
                            yield event(f"response.{kind}", response=asked.response("in_progress"))
                        yield event("response.output_item.added", **item, item=asked.item("in_progress"))
                        yield event("response.content_part.added", **here, part=_part("", []))
                    if isinstance(piece, Usage):
                        choice = Choice(0, text, {"content": tokens}, finish)
                        done = self._done(asked, choice, piece)
                        yield event("response.output_text.done", **here, text=text, logprobs=tokens)
                        yield event("response.content_part.done", **here, part=_part(text, tokens))
                        yield event("response.output_item.done", **item, item=done["output"][0])
                        yield event(f"response.{done['status']}", response=done)
                    elif piece.finish:
                        finish = piece.finish
                    else:
                        new = _tokens(piece)
                        text += piece.text
                        tokens += new
                        yield event("response.output_text.delta", **here, delta=piece.text, logprobs=new)
        except Exception as error:
            wrong = _named(told(error))
            if not number:
                raise wrong from error
            why = {"code": "server_error", "message": wrong.message}
            yield event("response.failed", response=asked.response("failed", error=why))

    def _asked(self, served: Served, body: ResponseBody) -> _Asked:
        body.check()
        try:
            said = (*self.kept.said(body.previous_response_id), *body.said)
            return _Asked(served.name, body, said, body.chat(said))
        except ApiError as error:
            raise _named(error) from error

    def _done(self, asked: _Asked, choice: Choice, usage: Usage) -> dict[str, Any]:
        status = "incomplete" if choice.finish == "length" else "completed"
        output = [asked.item(status, _part(choice.text, _tokens(choice)))]
        body = asked.response(status, output=output, usage=_wire_usage(usage))
        if asked.stored:
            self.kept.put(body, (*asked.said, Message("assistant", choice.text)))
        return body


@dataclass(frozen=True)
class _Asked:
    """A request, and the chat that answers it."""

    model: str
    body: ResponseBody
    said: tuple[Message, ...]
    chat: ChatBody
    identity: str = field(default_factory=lambda: f"resp_{uuid.uuid4().hex}")
    message: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")
    began: int = field(default_factory=lambda: int(time.time()))

    @property
    def stored(self) -> bool:
        return self.body.store is not False

    def item(self, status: str, *parts: dict[str, Any]) -> dict[str, Any]:
        return {"id": self.message, "type": "message", "status": status, "role": "assistant", "content": list(parts)}

    def response(self, status: str, **more: Any) -> dict[str, Any]:
        body = self.body
        return {
            "id": self.identity,
            "object": "response",
            "created_at": self.began,
            "completed_at": int(time.time()) if status == "completed" else None,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "max_tool_calls": None,
            "metadata": body.metadata or {},
            "model": self.model,
            "output": [],
            "parallel_tool_calls": True,
            "previous_response_id": body.previous_response_id,
            "prompt_cache_key": None,
            "reasoning": {"effort": None, "summary": None},
            "safety_identifier": None,
            "service_tier": "default",
            "store": self.stored,
            "temperature": 1.0 if body.temperature is None else body.temperature,
            "top_p": 1.0 if body.top_p is None else body.top_p,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "text": {"format": body.format, "verbosity": "medium"},
            "tool_choice": "auto",
            "tools": [],
            "top_logprobs": body.top_logprobs or 0,
            "truncation": "disabled",
            "usage": None,
            "user": None,
            **more,
        }


def _part(text: str, tokens: list[Any]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": tokens}


def _tokens(choice: Choice) -> list[Any]:
    return list((choice.logprobs or {}).get("content") or ())


def _named(error: ApiError) -> ApiError:
    """An error of the chat underneath, with the names that the fields have here."""
    param, message = error.param, error.message
    for name, here in NAMES.items():
        message = message.replace(f"'{name}'", f"'{here}'")
        if param and param.partition("[")[0] == name:
            param = here
    return ApiError(error.status, message, param, error.code, error.wait)


def _wire_usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.tokens_in,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.tokens_in + usage.tokens_out,
    }
