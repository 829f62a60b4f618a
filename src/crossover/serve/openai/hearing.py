"""An answer while it is written: what can be sent of it already, where it stops, and its log-probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crossover.models.base import Token

HALF = "\ufffd"  # a part of a character


class Hearing:
    """Listens to one answer. `top`: of how many tokens in a place log-probabilities are wanted; None: none at all.

    `send(text, tokens)` is called by the model's thread with what is new and sure; without it, nothing is sent. `left` may
    be set by anybody: whoever asked has gone.
    """

    def __init__(
        self, top: int | None, stops: Sequence[str], send: Callable[[str, list[Token]], None] | None = None
    ) -> None:
        self.top, self.left = top, False
        self.text, self.finish = "", "length"
        self.tokens: list[Token] = []
        self._stops, self._send = stops, send
        self._sent = self._told = 0
        self.every = bool(send or stops or top is not None)

    def hear(self, text: str, token: Token | None, place: int, complete: bool) -> bool:
        if place == 0:
            self.tokens = []
        self.text = text
        if token is not None:
            self.tokens.append(token)
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.text = text[: min(found)]
        if found or complete:
            self.finish = "stop"
        self._pass(len(self.text) if found or complete else len(self.text) - self._unsure())
        return bool(found) or self.left

    def end(self) -> None:
        """Send what was held back: nothing follows."""
        self._pass(len(self.text))

    def logprobs(self, tokens: Sequence[Token]) -> dict[str, Any] | None:
        """Tokens as the wire has them; nothing where they were not asked for."""
        if self.top is None:
            return None
        return {"content": [_shown(token) for token in tokens], "refusal": None}

    def _unsure(self) -> int:
        """Characters at the end that may yet be another: the beginning of a stop, or a part of a character."""
        half = len(self.text) - len(self.text.rstrip(HALF))
        sizes = (n for stop in self._stops for n in range(1, len(stop)) if self.text.endswith(stop[:n]))
        return max(half, max(sizes, default=0))

    def _pass(self, upto: int) -> None:
        new, tokens = self.text[self._sent : upto], self.tokens[self._told :]
        if not new or not self._send:
            return
        self._sent, self._told = upto, len(self.tokens)
        self._send(new, tokens)


def _shown(token: Token) -> dict[str, Any]:
    return entry(token.text, token.logprob, [entry(text, logprob) for text, logprob in token.top])


def entry(text: bytes, logprob: float | None, top: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A token on the wire."""
    shown = {"token": text.decode(errors="replace"), "logprob": logprob, "bytes": list(text)}
    return shown if top is None else {**shown, "top_logprobs": top}
