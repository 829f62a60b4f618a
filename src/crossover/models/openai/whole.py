"""Labels by the log-probability of each whole one, as our own models choose them, where the server is llama.cpp's.

Held to a grammar it writes a label token by token, and the label whose beginning is likeliest wins over the likeliest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossover.models.openai.scoring import score_in, scorings
from crossover.types import Message, Reply, Usage

Route = Callable[[str, Mapping[str, Any] | None], Awaitable[Any]]  # a route and its body, or None to get it -> JSON
MANY = 32  # labels, each of which is a request: of more, the server is asked for one answer
WITHOUT = (404, 405, 501)  # what a server says that has no such routes
SAID_HERE, ASKED_NEXT = "crossovermark", "crossovernext"


class Lacking(Exception):
    """The server has no such routes, or does not write a label's own tokens."""


def lacking(status: int, said: str) -> bool:
    """Whether a refusal means that the server cannot score labels: it has no such routes, or an older one's grammars."""
    return status in WITHOUT or (status == 400 and ("grammar" in said or "sampler" in said))


@dataclass
class Whole:
    """Finds out once what stands around an answer, and which tokens a label is."""

    _answers: dict[str, list[int]] = field(default_factory=dict)
    _leads: tuple[str, str] | None = None  # of prompts, of answers
    _end: list[int] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def scored(self, ask: Route, messages: Sequence[Message], labels: Sequence[str]) -> Reply:
        """Raises `Lacking`, and whatever `ask` does."""
        try:
            async with self._lock:
                if self._leads is None:
                    self._leads = await self._read(ask)
                for label in labels:
                    if label not in self._answers:
                        self._answers[label] = [*await _as_tokens(ask, self._leads[1] + label), *self._end]
            prompt = await _as_tokens(ask, await _as_text(ask, messages) + self._leads[0], first=True, special=True)
            scores = [await _score_of(ask, prompt, self._answers[label]) for label in labels]
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Lacking from error
        usage = Usage(len(prompt), sum(len(self._answers[label]) for label in labels))
        return Reply(label_scores=tuple(min(0.0, score) for score in scores), usage=usage, finish="stop")

    async def _read(self, ask: Route) -> tuple[str, str]:
        asked = [Message("user", "question")]
        prompt = await _as_text(ask, asked)
        whole = await _as_text(ask, [*asked, Message("assistant", SAID_HERE), Message("user", ASKED_NEXT)])
        lead = whole[: whole.index(SAID_HERE)].removeprefix(prompt) if whole.startswith(prompt) else ""
        self._end = await _as_tokens(ask, str((await ask("/props", None))["eos_token"]), special=True)
        if len(self._end) != 1:
            raise Lacking
        return (lead, "") if lead.strip() else ("", lead)


async def _as_text(ask: Route, messages: Sequence[Message]) -> str:
    turns = [{"role": message.role, "content": message.content} for message in messages]
    return str((await ask("/apply-template", {"messages": turns}))["prompt"])


async def _as_tokens(ask: Route, text: str, first: bool = False, special: bool = False) -> list[int]:
    """`first`: with the tokenizer's first token, as of a chat; `special`: special tokens in the text are these."""
    body = {"content": text, "add_special": first, "parse_special": special}
    return [int(token) for token in (await ask("/tokenize", body))["tokens"]]


async def _score_of(ask: Route, prompt: list[int], answer: list[int]) -> float:
    for body in scorings(prompt, answer):
        score = score_in(await ask("/completion", body), answer)
        if score is not None:
            return score
    raise Lacking
