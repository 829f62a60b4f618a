"""From a request to choices, whole or piece by piece; POST /v1/chat/completions."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from crossover.data.text import is_blank
from crossover.engine.follow import Answered
from crossover.models.base import Token
from crossover.serve.openai.catalogue import Served
from crossover.serve.openai.errors import ApiError, refused, told
from crossover.serve.openai.hearing import Hearing, entry
from crossover.serve.openai.log import AnswerLog
from crossover.serve.openai.measures import Measures
from crossover.serve.openai.queue import Asking
from crossover.serve.openai.wire import ChatBody
from crossover.serve.predict import NO_ANSWER
from crossover.types import Reply, Request, Usage

Piece = tuple[int, str, list[Token]]  # of which choice, new text, and its tokens
Tell = Callable[[Piece | None], None]


@dataclass(frozen=True)
class Choice:
    """An answer, or a piece of one: which, its text, log-probabilities as the wire has them, and why it ended."""

    index: int
    text: str
    logprobs: dict[str, Any] | None = None
    finish: str | None = None


@dataclass(frozen=True)
class Chats:
    """Answers chats with the models of a catalogue. `log`: where candidates' answers are noted."""

    asking: Asking
    measures: Measures
    log: AnswerLog | None = None

    async def whole(self, served: Served, body: ChatBody) -> dict[str, Any]:
        """A chat completion. Raises `ApiError`; when it is cancelled, nothing more is written."""
        head = _head(served, "chat.completion")
        choices, usage = await self.answered(served, body, head["id"])
        return {**head, "choices": list(map(_choice, choices)), "usage": _wire_usage(usage)}

    async def answered(self, served: Served, body: ChatBody, name: str) -> tuple[list[Choice], Usage]:
        """The choices of an answer that is called `name`. As `whole`."""
        if served.candidate:
            found = await self.predicted(served, the_input(body), name)
            return [Choice(0, found.answer, _labels(served, found, body), "stop")], found.reply.usage
        writing = _Writing(self.asking, served, body)
        try:
            replies = [await asyncio.wrap_future(future) for future in writing.futures]
        except asyncio.CancelledError:
            writing.leave()
            raise
        usage = _usage(replies)
        self.measures.tokens(usage.tokens_in, usage.tokens_out)
        return [Choice(i, h.text, h.logprobs(h.tokens), h.finish) for i, h in enumerate(writing.heard)], usage

    async def predicted(self, served: Served, text: str, name: str) -> Answered:
        """A candidate's answer to an input, as it was measured, which is called `name`. Raises `ApiError` where it has
        none."""
        if is_blank(text):
            raise ApiError(400, "the input is empty; valid is a text with something to answer", "messages")
        found = await asyncio.wrap_future(self.asking.answer(served, text))
        if self.log:
            self.log.add(served, name, found)
        if found.reply.error is not None:
            raise refused(found.reply.error)
        if found.says_nothing:
            raise ApiError(500, NO_ANSWER)
        self.measures.tokens(found.reply.usage.tokens_in, found.reply.usage.tokens_out)
        return found

    async def pieces(self, served: Served, body: ChatBody, name: str) -> AsyncGenerator[Choice | Usage]:
        """The choices as they are written: pieces that have no end, the ends, and what was used. What is wrong with the
        request is raised as `ApiError` before the first."""
        if served.candidate:
            [choice], usage = await self.answered(served, body, name)
            yield replace(choice, finish=None)
            yield Choice(0, "", None, choice.finish)
            yield usage
            return
        loop, pieces = asyncio.get_running_loop(), asyncio.Queue[Piece | None]()

        def tell(piece: Piece | None) -> None:
            with suppress(RuntimeError):  # the server ended before the answer did
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        writing = _Writing(self.asking, served, body, tell)
        try:
            while (piece := await pieces.get()) is not None:
                i, text, tokens = piece
                yield Choice(i, text, writing.heard[i].logprobs(tokens))
            usage = _usage(writing.replies())
            for i, heard in enumerate(writing.heard):
                yield Choice(i, "", None, heard.finish)
            self.measures.tokens(usage.tokens_in, usage.tokens_out)
        finally:
            writing.leave()  # whoever reads has gone, or has it all
        yield usage

    async def stream(self, served: Served, body: ChatBody) -> AsyncGenerator[str]:
        """Server-sent events. What is wrong with the request is raised as `ApiError` before the first."""
        head, began = _head(served, "chat.completion.chunk"), False
        wants = bool(body.stream_options and body.stream_options.include_usage)

        def event(choices: list[dict[str, Any]], usage: Usage | None = None) -> str:
            more = {"usage": _wire_usage(usage) if usage else None} if wants else {}
            return f"data: {json.dumps({**head, 'choices': choices, **more}, ensure_ascii=False)}\n\n"

        def delta(i: int, what: dict[str, Any], finish: str | None = None, logprobs: Any = None) -> dict[str, Any]:
            return {"index": i, "delta": what, "finish_reason": finish, "logprobs": logprobs}

        try:
            async with aclosing(self.pieces(served, body, head["id"])) as pieces:
                async for piece in pieces:
                    if not began:
                        for i in range(1 if served.candidate else body.n or 1):
                            yield event([delta(i, {"role": "assistant", "content": ""})])
                    began = True
                    if isinstance(piece, Usage):
                        if wants:
                            yield event([], piece)
                    elif piece.finish:
                        yield event([delta(piece.index, {}, piece.finish)])
                    else:
                        yield event([delta(piece.index, {"content": piece.text}, None, piece.logprobs)])
        except Exception as error:
            if not began:
                raise
            yield f"data: {json.dumps(told(error).body)}\n\n"  # the status is sent, so it is said here
            return
        yield "data: [DONE]\n\n"


def _head(served: Served, kind: str) -> dict[str, Any]:
    mark = served.candidate.id if served.candidate else served.model.identity
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": served.name,
        "system_fingerprint": f"fp_{mark}",
    }


class _Writing:
    """The answers to one request, while they are written. `tell`: of each new piece, and of the end (None)."""

    def __init__(self, asking: Asking, served: Served, body: ChatBody, tell: Tell | None = None) -> None:
        top = (body.top_logprobs or 0) if body.logprobs else None
        messages, decoding, every = body.conversation, body.decoding, range(body.n or 1)
        self.heard = [Hearing(top, body.stops, partial(_piece, tell, i) if tell else None) for i in every]
        self._left = len(self.heard)
        requests = [Request(messages, decoding, served.weights, draw) for draw in every]
        self.futures: list[Future[Reply]] = asking.write(served, requests, self.heard)
        for heard, future in zip(self.heard, self.futures, strict=True):
            future.add_done_callback(partial(self._done, heard, tell))

    def replies(self) -> list[Reply]:
        """All replies, once they are there. Raises `ApiError` for a failed one."""
        found = [future.result() for future in self.futures]
        _usage(found)
        return found

    def leave(self) -> None:
        for heard, future in zip(self.heard, self.futures, strict=True):
            heard.left = True
            future.cancel()

    def _done(self, heard: Hearing, tell: Tell | None, _: Future[Reply]) -> None:
        heard.end()
        self._left -= 1
        if not self._left and tell:
            tell(None)


def _piece(tell: Tell, choice: int, text: str, tokens: list[Token]) -> None:
    tell((choice, text, tokens))


def the_input(body: ChatBody) -> str:
    """What a candidate is asked: its prompt is its own, so a request has the input alone. Raises `ApiError`."""
    messages = body.conversation
    if len(messages) != 1 or messages[0].role != "user":
        raise ApiError(
            400,
            "this model is a candidate with the prompt that it was measured with; valid is one message of role 'user', the"
            " input (its base model takes whole conversations)",
            "messages",
        )
    for name, asked in (("n", (body.n or 1) > 1), ("stop", body.stops), ("response_format", body.decoding.schema)):
        if asked:
            raise ApiError(400, f"a candidate answers as it was measured: '{name}' cannot be asked for", name)
    return messages[0].content


def _labels(served: Served, found: Answered, body: ChatBody) -> dict[str, Any] | None:
    """Each label as one token with its log-probability, the likeliest first."""
    if not body.logprobs or served.candidate is None:
        return None
    how = served.candidate.decoding
    if not found.reply.label_scores or how.pattern:
        raise ApiError(400, "this candidate writes text, whose log-probabilities are not kept", "logprobs")
    scores = dict(zip(how.labels, found.reply.label_scores, strict=True))
    likely = sorted(scores.items(), key=lambda item: -item[1])[: body.top_logprobs or 0]
    top = [entry(label.encode(), score) for label, score in likely]
    return {"content": [entry(found.answer.encode(), scores[found.answer], top)], "refusal": None}


def _choice(choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []}
    return {"index": choice.index, "message": message, "finish_reason": choice.finish, "logprobs": choice.logprobs}


def _usage(replies: list[Reply]) -> Usage:
    """Of all choices, whose prompt is read once. Raises `ApiError` where one failed."""
    for reply in replies:
        if reply.error is not None:
            raise refused(reply.error)
    return Usage(replies[0].usage.tokens_in, sum(reply.usage.tokens_out for reply in replies))


def _wire_usage(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
    }
