"""A request for free text -> the job that writes it, whoever listens to it, and the reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crossover.models.base import Listener, Token
from crossover.models.hf.chat import Chat
from crossover.models.hf.detokenizer import Detokenizer
from crossover.models.hf.generation import Draft, Job
from crossover.models.hf.grammar import Grammars
from crossover.models.hf.telling import Told
from crossover.types import Reply, Request, Usage, content_hash


def writing_job(
    request: Request,
    prompt: Sequence[int],
    window: int,
    grammars: Callable[[], Grammars],
    chat: Chat,
    listener: Listener | None = None,
) -> Job:
    """The job of a request whose prompt has these tokens, in a window of so many."""
    how = request.decoding
    return Job(
        tuple(prompt),
        max(1, min(how.max_tokens, window - len(prompt))),
        how.temperature,
        # the draw belongs to the request, not to its place in a batch
        int(content_hash([request.messages, how.seed, request.repeat])[:12], 16) if how.temperature > 0 else 0,
        (lambda: grammars().writer(how.schema)) if how.schema else None,
        _Teller(chat, listener) if listener else None,
        listener.top if listener else None,
        how.top_p,
    )


def replied(draft: Draft, chat: Chat, seconds: float) -> Reply:
    """What a finished draft says."""
    if draft.error:
        return Reply(error=draft.error)
    return Reply(chat.text(draft.answer), (), Usage(len(draft.job.prompt), len(draft.answer), seconds))


class _Teller:
    """Tells a listener of each token, and of all that is written by then."""

    def __init__(self, chat: Chat, listener: Listener) -> None:
        self._chat, self._listener = chat, listener
        self._ids: list[int] = []
        self._decode = detokenizer(chat).text

    def __call__(self, told: Told) -> bool:
        chat, ids = self._chat, self._ids
        if told.place == 0:
            ids.clear()
            self._decode = detokenizer(chat).text
        ids.append(told.token)
        if not (self._listener.every or told.last):
            return False
        ends = ids[-1] in chat.tokenizer.all_special_ids or tuple(ids[-len(chat.end) :]) == chat.end
        token = None
        if not (told.complete and ends):
            likely = tuple((chat.spelled(i), logprob) for i, logprob in told.top)
            token = Token(chat.spelled(told.token), told.logprob, likely)
        text = chat.text(_without_half_end(chat, ids), self._decode)
        return self._listener.hear(text, token, told.place, told.complete)


def detokenizer(chat: Chat) -> Detokenizer:
    """For an answer that grows."""

    def is_byte(token: int) -> bool:
        raw = str(chat.tokenizer.convert_ids_to_tokens(token))
        return len(raw) == 6 and raw.startswith("<0x") and raw.endswith(">")

    return Detokenizer(chat.decoded, is_byte)


def _without_half_end(chat: Chat, ids: list[int]) -> list[int]:
    """Without a part of the end of turn that more may follow."""
    for size in range(len(chat.end) - 1, 0, -1):
        if tuple(ids[-size:]) == chat.end[:size]:
            return ids[:-size]
    return ids


def ends(model: Any, chat: Chat) -> Callable[[Sequence[int]], bool]:
    """Whether written tokens have come to their end, by the model's settings or by its template."""
    stops = model.generation_config.eos_token_id
    stop_ids = {stops} if isinstance(stops, int) else set(stops or ())
    return lambda ids: ids[-1] in stop_ids or chat.ended(ids)
